"""The signed token in every form of the question (rule B7)."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.signing import BadSignature, Signer

from accounts.models import User
from privacy.models import Method, Surface

# How a form offers the terms, beside the two answers.
TERMS = "terms"
SIGNER_SALT = "privacy.answer"


class InvalidToken(Exception):
    """The token is not one we signed, or it was signed for someone else."""


@dataclass(frozen=True, slots=True)
class FormToken:
    """What a form knew when it was rendered.

    `notice` is the hash of the text shown, `last_receipt` the last answer then known ("" for none), `receipt`
    the id under which this form's answer will be saved: sent twice, it is found again. `offers` is what the form
    asked: nothing else can be saved with it. It does not expire.
    """

    principal: str
    notice: str
    surface: str
    last_receipt: str
    receipt: str
    method: str
    offers: tuple[str, ...]

    @classmethod
    def issue(
        cls,
        user: User,
        *,
        notice: str,
        surface: Surface,
        last_receipt: uuid.UUID | None,
        offers: Iterable[str],
        method: Method = Method.BUTTON,
    ) -> "FormToken":
        """Return a fresh token for one rendering of a form."""
        return cls(
            principal=str(user.principal),
            notice=notice,
            surface=surface.value,
            last_receipt=str(last_receipt or ""),
            receipt=str(uuid.uuid4()),
            method=method.value,
            offers=tuple(offers),
        )

    def sign(self) -> str:
        """Return the token as text for a hidden field."""
        return Signer(salt=SIGNER_SALT).sign_object(
            [self.principal, self.notice, self.surface, self.last_receipt, self.receipt, self.method, self.offers]
        )

    @classmethod
    def read(cls, text: str, user: User) -> "FormToken":
        """Return the token a form sent. Raises InvalidToken if it is forged, or someone else's."""
        try:
            principal, notice, surface, last_receipt, receipt, method, offers = Signer(salt=SIGNER_SALT).unsign_object(
                text
            )
            token = cls(principal, notice, surface, last_receipt, receipt, method, tuple(offers))
        except (BadSignature, ValueError, TypeError) as error:
            raise InvalidToken from error
        if token.principal != str(user.principal):
            raise InvalidToken
        return token
