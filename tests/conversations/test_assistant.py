"""Who answers."""

import pytest
from django.test import override_settings
from django.utils import translation

from accounts.models import User
from conversations.assistant import OfflineAssistant, connected_assistant
from tests.factories import make_conversation


def test_connected_assistant_is_the_one_the_settings_name() -> None:
    assert isinstance(connected_assistant(), OfflineAssistant)
    with override_settings(ASSISTANT="tests.conversations.assistants.Echo"):
        assert type(connected_assistant()).__name__ == "Echo"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_offline_assistant_says_plainly_that_nobody_is_there(alice: User, language: str) -> None:
    messages = list(make_conversation(alice).messages.all())

    with translation.override("en"):
        english = "".join(OfflineAssistant().reply(messages))
    with translation.override(language):
        reply = "".join(OfflineAssistant().reply(messages))

    assert english == "No model is connected here, so there is no reply. Your message is saved."
    assert (reply == english) is (language == "en")
