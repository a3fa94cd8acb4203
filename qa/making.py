"""Makes the accounts of personas, and resets them."""

import uuid
from datetime import datetime

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.db import transaction

from accounts import clock
from accounts.actions import lock_account
from accounts.leaving import close_account, erase
from accounts.models import User
from conversations.demo import PASSWORD
from conversations.feedback import delete_feedback
from conversations.models import Feedback
from privacy.models import PolicyUpdate
from qa.lives import Life
from qa.personas import MARK, Persona, asked_update


class AddressTaken(Exception):
    """The address of a persona is that of an ordinary account, which nothing here may touch."""

    def __init__(self, persona: Persona) -> None:
        super().__init__(f"{persona.email} is the address of an ordinary account.")
        self.persona = persona


@transaction.atomic
def make(persona: Persona) -> User:
    """Return the account of a persona; where it has none, make one and let it live up to its instant.

    Raises NothingAsked, and AddressTaken.
    """
    update = _one_at_a_time()
    return persona.account() or _made(persona, update)


def _one_at_a_time() -> PolicyUpdate:
    """Return the update, locked until the transaction ends, so that of two seeds or resets one waits."""
    return PolicyUpdate.objects.select_for_update(no_key=True).get(pk=asked_update().pk)


def _made(persona: Persona, update: PolicyUpdate) -> User:
    if _is_taken(persona.email):
        raise AddressTaken(persona)
    user = User.objects.create_user(
        persona.email,
        PASSWORD,
        principal=_principal(persona, update),
        plan=persona.plan,
        created_at=persona.joined(update),
        language=persona.language,
        is_persona=True,
        is_staff=bool(persona.role),
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if persona.role:
        user.groups.add(Group.objects.get(name=persona.role))
    persona.live(Life(user, update), persona.at(update))
    return user


def _is_taken(email: str) -> bool:
    return User.objects.filter(email=email).exists() or EmailAddress.objects.filter(email=email).exists()


def _principal(persona: Persona, update: PolicyUpdate) -> uuid.UUID:
    """Return a fresh principal that the update has been rolled out to, if it has been to anyone."""
    while True:
        principal = uuid.UUID(bytes=uuid.uuid4().bytes[:-MARK] + persona.mark)
        if not update.rollout_percentage or update.includes(principal):
            return principal


@transaction.atomic
def reset(persona: Persona) -> User:
    """Give a persona a fresh account in its first state, under a fresh principal (rule H2).

    The one it had is deleted as anyone's is (rule D3): it is signed out everywhere, what it held is erased, and its
    evidence stays, with the row that the evidence points to. Raises NothingAsked, and AddressTaken.
    """
    before = persona.account()
    update = _one_at_a_time()
    present = persona.account()
    if present is not None and present != before:
        return present  # Somebody else has reset it while this waited.
    for account in persona.stored():
        _leave(lock_account(account), at=clock.now())
    return _made(persona, update)


def _leave(account: User, *, at: datetime) -> None:
    """Delete the account of a persona, or finish where it has deleted it itself, and erase what it held."""
    # Copies that have lost their link lead to nobody, a persona neither, and would count as anyone's.
    for feedback in Feedback.objects.filter(user=account):
        delete_feedback(feedback, at=at)
    close_account(account, at=at)
    erase(account.principal)
