"""What staff do not get to see of people's accounts, whatever their permissions."""

from http import HTTPStatus

import pytest
from django.contrib import admin
from django.test import Client

from tests.factories import make_staff

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["account/emailaddress", "mfa/authenticator", "usersessions/usersession"])
def test_admin_has_no_page_for_what_signs_people_in(client: Client, address: str) -> None:
    client.force_login(make_staff())

    assert client.get(f"/admin/{address}/").status_code == HTTPStatus.NOT_FOUND


def test_admin_registers_nothing_of_allauth() -> None:
    assert [model for model in admin.site._registry if model.__module__.startswith("allauth.")] == []
