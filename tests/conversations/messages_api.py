"""A small server that speaks the Messages API, over a real socket: what it does next is told by the test."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Act = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers each request with the next act of its server."""

    server: "MessagesApi"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(
            {"path": self.path, "key": self.headers["Authorization"].removeprefix("Bearer "), **json.loads(body)}
        )
        act = self.server.acts[min(len(self.server.asked), len(self.server.acts)) - 1]
        try:
            act(self)
        except (BrokenPipeError, ConnectionResetError):
            self.server.was_left.set()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of its parent
        """Say nothing."""

    def event(self, kind: str, **values: Any) -> None:
        self.wfile.write(f"event: {kind}\ndata: {json.dumps({'type': kind, **values})}\n\n".encode())
        self.wfile.flush()

    def begin(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        message: dict[str, Any] = {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [],
            "stop_reason": None,
        }
        usage = {"input_tokens": 1, "output_tokens": 1}
        self.event("message_start", message={**message, "stop_sequence": None, "usage": usage})
        self.event("content_block_start", index=0, content_block={"type": "text", "text": ""})

    def piece(self, text: str) -> None:
        self.event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})

    def end(self, stop_reason: str) -> None:
        self.event("content_block_stop", index=0)
        delta = {"stop_reason": stop_reason, "stop_sequence": None}
        self.event("message_delta", delta=delta, usage={"output_tokens": 2})
        self.event("message_stop")


class MessagesApi(ThreadingHTTPServer):
    """The server. `asked` holds what came in, `acts` what is answered; the last one is repeated."""

    daemon_threads = True

    def __init__(self, *acts: Act) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.acts = acts
        self.asked: list[dict[str, Any]] = []
        self.was_left = threading.Event()


@contextmanager
def serving(*acts: Act) -> Iterator[MessagesApi]:
    """Serve while a test runs."""
    with MessagesApi(*acts) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def says(*pieces: str, stop_reason: str = "end_turn") -> Act:
    """Answer in pieces."""

    def act(handler: Handler) -> None:
        handler.begin()
        for text in pieces:
            handler.piece(text)
        handler.end(stop_reason)

    return act


def fails(status: int, kind: str) -> Act:
    """Answer with an error of the API."""

    def act(handler: Handler) -> None:
        body = json.dumps({"type": "error", "error": {"type": kind, "message": "Only between us"}}).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("Retry-After", "0")
        handler.end_headers()
        handler.wfile.write(body)

    return act


def breaks_off(handler: Handler) -> None:
    """Begin, and hang up."""
    handler.begin()
    handler.piece("It is")
    handler.close_connection = True


def falls_silent(handler: Handler) -> None:
    """Begin, and say nothing more for longer than anyone waits."""
    handler.begin()
    handler.piece("It is")
    time.sleep(3)


def goes_on(handler: Handler) -> None:
    """Talk until nobody listens."""
    handler.begin()
    for _time in range(500):
        handler.piece("on and on " * 100)
        time.sleep(0.01)
