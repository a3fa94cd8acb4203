"""What allauth writes of a person, while another device deletes the account or staff change it."""

from collections.abc import Callable

import pytest
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.usersessions.models import UserSession
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.actions import change_plan
from accounts.leaving import close_account, erase
from accounts.models import Plan, User
from privacy.models import PolicyUpdate
from tests.factories import MEANWHILE, PASSWORD, make_staff, make_user

NEW_PASSWORD = "another-fine-horse"

Act = Callable[[HttpRequest, User], object]
ACTS: dict[str, Act] = {
    "password": lambda _request, user: get_adapter().set_password(user, NEW_PASSWORD),
    "address": lambda request, user: get_adapter().confirm_email(request, EmailAddress(user=user, email="a@b.example")),
    "signing in": lambda request, user: get_adapter().login(request, user),
}

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_account_that_was_deleted_meanwhile_stays_as_it_is(update: PolicyUpdate, alice: User, act: Act) -> None:
    request = RequestFactory().post("/")
    request.session, request.user = Client().session, User.objects.get(pk=alice.pk)
    close_account(alice, at=MEANWHILE)
    erase(alice.principal)
    erased = User.objects.values().get()

    with pytest.raises(ImmediateHttpResponse) as refused:
        act(request, request.user)

    assert refused.value.response["Location"] == reverse("account_inactive")
    assert User.objects.values().get() == erased
    assert not EmailAddress.objects.exists()
    assert not UserSession.objects.exists()


def test_address_of_a_sign_up_nobody_has_confirmed_is_not_taken_over(client: Client, alice: User) -> None:
    """It was a 500, whatever code was typed."""
    make_user("new@example.com")
    request = RequestFactory().post("/")
    request.session, request.user = client.session, alice
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]  # as the middleware does
    address = EmailAddress(user=alice, email="new@example.com")

    assert get_adapter().confirm_email(request, address) is False

    assert "new@example.com" in str(next(iter(get_messages(request))))
    alice.refresh_from_db()
    assert alice.email == "alice@example.com"


@pytest.mark.parametrize("email", ["{}@erased.invalid", "Someone@ERASED.invalid"])
def test_nobody_gets_the_address_of_an_erased_account(client: Client, alice: User, email: str) -> None:
    email = email.format(alice.principal)
    typed = {"email": email, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert "That address can’t be used." in client.post(reverse("account_signup"), typed).content.decode()
    assert not User.objects.filter(email__iexact=email).exists()


def test_password_of_staff_is_changed_where_everyones_is(client: Client) -> None:
    client.force_login(make_staff())
    response = client.post("/admin/password_change/", {"old_password": PASSWORD})
    assert response["Location"] == reverse("account_change_password")


def test_new_password_is_all_that_is_saved_with_it(update: PolicyUpdate, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    read_before = User.objects.get(pk=alice.pk)
    change_plan(alice, Plan.TEAM, at=MEANWHILE)
    User.objects.filter(pk=alice.pk).update(is_staff=False)

    get_adapter().set_password(read_before, NEW_PASSWORD)

    alice.refresh_from_db()
    assert (alice.plan, alice.is_staff) == (Plan.TEAM, False)
    assert alice.check_password(NEW_PASSWORD)
