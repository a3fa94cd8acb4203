"""A mail server of our own that takes letters, hangs up or says nothing, as it is told to."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Session(socketserver.StreamRequestHandler):
    server: "MailServer"

    def handle(self) -> None:
        if self.server.is_silent:
            self.rfile.readline()
            return
        self.answer("220 ready")
        while line := self.rfile.readline().decode().strip():
            if not self.obey(line):
                return

    def obey(self, line: str) -> bool:
        """Answer a command, and return whether there may be another."""
        command = line[:4].upper()
        if command == "RCPT":
            self.address = line.partition("<")[2].rstrip(">")
        if command == self.server.hangs_up_at and self.address in self.server.hangs_up_on:
            self.answer("421 too many letters")
            return False
        if command == "DATA":
            self.answer("354 go on")
            while self.rfile.readline() != b".\r\n":
                pass
            self.server.taken.append(self.address)
        self.answer("221 bye" if command == "QUIT" else "250 taken")
        return command != "QUIT"

    def answer(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class MailServer(socketserver.ThreadingTCPServer):
    """Where letters went is in `taken`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.taken: list[str] = []
        self.hangs_up_on: set[str] = set()
        self.hangs_up_at = "RCPT"
        self.is_silent = False

    @property
    def port(self) -> int:
        """Return where it listens."""
        assert isinstance(self.socket, socket.socket)
        port: int = self.socket.getsockname()[1]
        return port


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Serve letters while the block lasts."""
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
