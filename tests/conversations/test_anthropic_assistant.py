"""The assistant that talks to a model, against a server that speaks its protocol."""

from collections.abc import Generator, Iterator
from typing import Any, cast

import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts.models import PlanClass, User
from conversations import anthropic_assistant
from conversations.anthropic_assistant import AnthropicAssistant, turns
from conversations.assistant import Declined, NoReply, connected_assistant
from conversations.checks import check_assistant
from conversations.models import Conversation, Format, Message, Role
from tests.conversations.messages_api import Act, MessagesApi, breaks_off, fails, falls_silent, goes_on, says, serving
from tests.factories import make_conversation

KEY = "key-of-the-tests"


@pytest.fixture
def api(request: pytest.FixtureRequest, settings: Any) -> Iterator[MessagesApi]:
    """Serve the acts a test is parametrised with, to an assistant that is connected to them."""
    acts: tuple[Act, ...] = request.param
    with serving(*acts) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}"
        settings.ASSISTANT = "conversations.anthropic_assistant.AnthropicAssistant"
        settings.ANTHROPIC = {"api_key": KEY, "base_url": address, "model": "a-model", "seconds": 0.5}
        anthropic_assistant.connected.cache_clear()
        yield server
        anthropic_assistant.connected().close()
        anthropic_assistant.connected.cache_clear()


def serves(*acts: Act) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("api", [acts], indirect=True, ids=["api"])


@pytest.fixture
def messages(alice: User) -> list[Message]:
    return list(make_conversation(alice, "Plan a hike").messages.all())


def ask(messages: list[Message]) -> str:
    return "".join(connected_assistant().reply(messages))


@serves(says("Take ", "water", "。"))
def test_reply_comes_piece_by_piece(api: MessagesApi, messages: list[Message]) -> None:
    assert list(connected_assistant().reply(messages)) == ["Take ", "water", "。"]

    (asked,) = api.asked
    assert asked["path"] == "/v1/messages"
    assert asked["key"] == KEY
    assert (asked["model"], asked["stream"]) == ("a-model", True)
    assert asked["messages"] == [{"role": "user", "content": "Plan a hike"}]


@serves(says(stop_reason="refusal"))
def test_refusal_is_told_apart(api: MessagesApi, messages: list[Message]) -> None:
    with pytest.raises(Declined):
        ask(messages)


@serves(says("As long as it may", stop_reason="max_tokens"))
def test_reply_that_is_cut_off_is_kept(api: MessagesApi, messages: list[Message]) -> None:
    assert ask(messages) == "As long as it may"


@serves(fails(529, "overloaded_error"), says("Here I am"))
def test_busy_api_is_asked_again(api: MessagesApi, messages: list[Message]) -> None:
    assert ask(messages) == "Here I am"
    assert len(api.asked) == 2


@pytest.mark.parametrize(
    "api",
    [(fails(401, "authentication_error"),), (fails(529, "overloaded_error"),), (breaks_off,), (falls_silent,)],
    indirect=True,
    ids=["401", "529", "breaks off", "falls silent"],
)
def test_what_goes_wrong_is_no_reply_and_tells_nothing_of_the_conversation(
    api: MessagesApi, messages: list[Message], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(NoReply) as raised:
        ask(messages)

    assert not isinstance(raised.value, Declined)
    assert "Only between us" not in caplog.text
    assert "Plan a hike" not in caplog.text


@serves(goes_on)
def test_who_leaves_hangs_up(api: MessagesApi, messages: list[Message]) -> None:
    pieces = cast("Generator[str]", connected_assistant().reply(messages))
    next(pieces)

    pieces.close()

    assert api.was_left.wait(5)


def test_turns_are_of_one_side_and_then_the_other() -> None:
    def said(role: Role, text: str, format_: Format = Format.TEXT) -> Message:
        return Message(conversation=Conversation(), role=role, text=text, format=format_, plan_class=PlanClass.CONSUMER)

    history = [
        said(Role.ASSISTANT, "left over"),
        said(Role.OWNER, "one"),
        said(Role.OWNER, "- two", Format.DIFF),
        said(Role.ASSISTANT, "three"),
        said(Role.OWNER, "four()", Format.CODE),
    ]

    assert turns(history) == [
        {"role": "user", "content": "one\n\n```diff\n- two\n```"},
        {"role": "assistant", "content": "three"},
        {"role": "user", "content": "```\nfour()\n```"},
    ]


@pytest.mark.parametrize("missing", ["api_key", "model"])
def test_missing_key_or_model_is_said_before_the_site_starts(settings: Any, missing: str) -> None:
    settings.ASSISTANT = "conversations.anthropic_assistant.AnthropicAssistant"
    settings.ANTHROPIC = {"api_key": KEY, "model": "m", "base_url": None, "seconds": 1.0} | {missing: ""}

    with pytest.raises(ImproperlyConfigured, match=f"ANTHROPIC_{missing.upper()}"):
        AnthropicAssistant()
    assert [error.id for error in check_assistant()] == ["conversations.E001"]


def test_assistant_that_is_not_there_is_said_before_the_site_starts(settings: Any) -> None:
    settings.ASSISTANT = "conversations.nowhere.Nobody"

    assert [error.id for error in check_assistant()] == ["conversations.E001"]
