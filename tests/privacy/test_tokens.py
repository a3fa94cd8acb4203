import uuid

import pytest
from django.core.signing import Signer
from django.test import override_settings

from accounts.models import User
from privacy.models import Method, Surface
from privacy.tokens import SIGNER_SALT, FormToken, InvalidToken

pytestmark = pytest.mark.django_db


def issue(user: User) -> FormToken:
    return FormToken.issue(user, notice="a" * 64, surface=Surface.GATE, last_receipt=None, offers=["allow", "refuse"])


def test_token_is_read_as_it_was_issued(alice: User) -> None:
    receipt = uuid.uuid4()
    token = FormToken.issue(
        alice, notice="a" * 64, surface=Surface.SETTINGS, last_receipt=receipt, offers=["refuse"], method=Method.UNDO
    )
    read = FormToken.read(token.sign(), alice)
    assert read == token
    assert (read.principal, read.notice, read.last_receipt) == (str(alice.principal), "a" * 64, str(receipt))
    assert (read.surface, read.method) == ("settings", "undo")


def test_each_rendering_has_a_receipt_of_its_own(alice: User) -> None:
    assert issue(alice).receipt != issue(alice).receipt


def test_token_of_someone_else_is_refused(alice: User, mallory: User) -> None:
    with pytest.raises(InvalidToken):
        FormToken.read(issue(alice).sign(), mallory)


def test_token_names_nobody(alice: User) -> None:
    assert "alice" not in Signer(salt=SIGNER_SALT).unsign_object(issue(alice).sign())


@pytest.mark.parametrize("text", ["", "x", ":", "e30:x", "\x00", "é:é", "." * 5000])
def test_text_that_is_no_token_is_refused(text: str, alice: User) -> None:
    with pytest.raises(InvalidToken):
        FormToken.read(text, alice)


@pytest.mark.parametrize("place", [0, 20, -30, -1])
def test_token_with_another_letter_is_refused(place: int, alice: User) -> None:
    text = issue(alice).sign()
    other = "A" if text[place] != "A" else "B"
    # The last letter of a signature has bits that say nothing; one further on is safe to change.
    changed = text[:place] + other + (text[place + 1 :] if place != -1 else "C")
    with pytest.raises(InvalidToken):
        FormToken.read(changed, alice)


@pytest.mark.parametrize("payload", [[], ["x"], {}, "alice", None, 7, ["x"] * 7])
def test_signed_text_of_another_shape_is_refused(payload: object, alice: User) -> None:
    with pytest.raises(InvalidToken):
        FormToken.read(Signer(salt=SIGNER_SALT).sign_object(payload), alice)


def test_token_signed_for_another_purpose_is_refused(alice: User) -> None:
    token = issue(alice)
    text = Signer(salt="something.else").sign_object([getattr(token, name) for name in FormToken.__slots__])
    with pytest.raises(InvalidToken):
        FormToken.read(text, alice)


def test_token_outlives_a_change_of_the_secret_that_keeps_the_old_one(alice: User) -> None:
    with override_settings(SECRET_KEY="the old one"):
        text = issue(alice).sign()
    with override_settings(SECRET_KEY="the new one", SECRET_KEY_FALLBACKS=["the old one"]):
        FormToken.read(text, alice)
    with override_settings(SECRET_KEY="the new one"), pytest.raises(InvalidToken):
        FormToken.read(text, alice)
