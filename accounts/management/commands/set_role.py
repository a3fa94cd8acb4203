"""Makes someone a member of staff with one of the roles, or no member of staff any more."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.actions import lock_user
from accounts.models import User
from accounts.roles import ROLES

NONE = "none"


class Command(BaseCommand):
    """`manage.py set_role`."""

    help = (
        "Give a member of staff one of the roles, in place of the one they had; “none” takes it, and the admin, away."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take who, and which role."""
        parser.add_argument("email", help="the address of their account")
        parser.add_argument("role", choices=[*ROLES, NONE], help="what they may do (`accounts.roles`)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set it. Groups that are no roles stay as they are."""
        email, role = options["email"].lower(), options["role"]
        person = User.objects.filter(email=email, closed_at=None).first()
        if person is None:
            raise CommandError(f"There is no account of {email}. Its person signs up first.")
        if person.is_superuser:
            raise CommandError(f"{email} is a superuser, who may do everything: a role would say less than is true.")
        with transaction.atomic():
            person = lock_user(person)
            person.is_staff = role != NONE
            person.save(update_fields=["is_staff"])
            person.groups.remove(*Group.objects.filter(name__in=ROLES))
            person.groups.add(*Group.objects.filter(name=role))
        self.stdout.write(f"{email}: {role}.")
