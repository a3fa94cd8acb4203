"""What each role of staff may open: every page of the admin, walked as each, against a written table."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import ListDownload, Plan, User
from accounts.roles import AUDITOR, ROLES, ROLLOUT_MANAGER, TRAINING_MANAGER, VIEWER, make_roles
from conversations.models import FeedbackCopy, FeedbackReading, Purge, Thumb
from privacy.models import ConsentRecord, Letter, Notice, PolicyUpdate, Training
from tests.conftest import MoveClock
from tests.factories import AFTERWARDS, ANNOUNCED, MEANWHILE, VERSION, answer_as, make_staff, make_update, make_user
from tests.routes import walk
from training.actions import create_run
from training.models import Purpose

pytestmark = pytest.mark.django_db

SUPERUSER, PLAIN = "superuser", "staff without a role"
NOT_STAFF, SIGNED_OUT = "not staff", "signed out"
EVERY_ROLE = {VIEWER, AUDITOR, ROLLOUT_MANAGER, TRAINING_MANAGER}
ALL_STAFF = EVERY_ROLE | {PLAIN, SUPERUSER}
SEES = EVERY_ROLE | {SUPERUSER}
ACTS = {ROLLOUT_MANAGER, SUPERUSER}
SUPERUSERS = {SUPERUSER}
AUDITS, MOVES = {AUDITOR, SUPERUSER}, {TRAINING_MANAGER, SUPERUSER}
NOBODY: set[str] = set()
VISITORS = (VIEWER, AUDITOR, ROLLOUT_MANAGER, TRAINING_MANAGER, SUPERUSER, PLAIN, NOT_STAFF, SIGNED_OUT)


@dataclass(frozen=True, slots=True)
class Entry:
    """One page: who may open it, and what its address takes besides what is made up for every page."""

    who: set[str]
    parameters: dict[str, str]


def page_for(who: set[str], **parameters: str) -> Entry:
    return Entry(who, parameters)


def list_pages(model: str, who: set[str], csv: set[str] | None = None) -> dict[str, Entry]:
    """Return the pages of a list that is only looked at: what there is of one thing, and nothing that changes it."""
    return {
        f"{model}_changelist": page_for(who),
        f"{model}_change": page_for(who, object_id=model),
        f"{model}_history": page_for(who, object_id=model),
        f"{model}_csv": page_for(who & AUDITS if csv is None else csv),
        f"{model}_add": page_for(NOBODY),
        f"{model}_delete": page_for(NOBODY, object_id=model),
    }


RUN = "training_trainingrun"
PREVIEW = {"version": "draft", "language": "en", "theme": "light"}
# Every page of the admin by the name of its route, without the namespace. A page that is not here fails the walk.
PAGES: dict[str, Entry] = {
    "index": page_for(ALL_STAFF),
    "login": page_for(ALL_STAFF),
    # It leads out of the admin, to where everyone changes theirs.
    "password_change": page_for(NOBODY),
    "password_change_done": page_for(ALL_STAFF),
    "autocomplete": page_for(set()),
    "jsi18n": page_for(ALL_STAFF),
    "view_on_site": page_for(set(), content_type_id="0", object_id="0"),
    "app_list": page_for(SEES, app_label="privacy"),
    # Groups are what roles are made of: who could edit them could give themselves any.
    "auth_group_changelist": page_for(SUPERUSERS),
    "auth_group_add": page_for(SUPERUSERS),
    "auth_group_history": page_for(SUPERUSERS, object_id="group"),
    "auth_group_delete": page_for(SUPERUSERS, object_id="group"),
    "auth_group_change": page_for(SUPERUSERS, object_id="group"),
    "privacy_policyupdate_changelist": page_for(SEES),
    "privacy_policyupdate_add": page_for(ACTS),
    "privacy_policyupdate_change": page_for(SEES, object_id="draft"),
    "privacy_policyupdate_history": page_for(SEES, object_id="draft"),
    "privacy_policyupdate_delete": page_for(ACTS, object_id="draft"),
    "privacy_policyupdate_previews": page_for(SEES, version="draft"),
    "privacy_policyupdate_preview": page_for(SEES, **PREVIEW, place="gate"),
    "privacy_policyupdate_preview_document": page_for(SEES, **PREVIEW, kind="faq"),
    "privacy_policyupdate_publish": page_for(ACTS, version="draft"),
    "privacy_policyupdate_roll_out": page_for(ACTS, version=VERSION),
    "privacy_policyupdate_last_day": page_for(ACTS, version=VERSION),
    "privacy_rolloutcell_changelist": page_for(SEES),
    "privacy_rolloutplace_changelist": page_for(SEES),
    "privacy_rolloutplace_csv": page_for(AUDITS),
    **list_pages("accounts_user", SEES),
    **list_pages("conversations_purge", SEES),
    **list_pages("conversations_feedbackcopy", SEES),
    # By POST alone: reading is put on record.
    "conversations_feedbackcopy_read": page_for(NOBODY, copy="conversations_feedbackcopy"),
    **list_pages("conversations_feedbackreading", AUDITS),
    **list_pages("accounts_listdownload", AUDITS),
    **list_pages("privacy_consentrecord", AUDITS),
    **list_pages("privacy_letter", AUDITS),
    **list_pages("privacy_notice", AUDITS, csv=NOBODY),
    f"{RUN}_changelist": page_for(SEES),
    f"{RUN}_change": page_for(SEES, object_id=RUN),
    f"{RUN}_csv": page_for(AUDITS),
    f"{RUN}_add": page_for(MOVES),
    **{
        f"{RUN}_{act}": page_for(MOVES, pk=RUN)
        for act in ("cancel", "count", "finish", "prepare", "start", "verify", "write")
    },
}
# Pages that come by POST alone.
POSTED = {"conversations_feedbackcopy_read": AUDITS}
# Leads elsewhere whoever comes: signing out is posted, and what matches nothing is not there.
NOT_WALKED = {"logout", "django.contrib.admin.sites.catch_all_view", "django.views.generic.base.RedirectView"}


def names() -> set[str]:
    """Return the names of the routes of the admin, the model pages' own old addresses left out."""
    return {route.name.removeprefix("admin:") for route in walk() if "admin" in route.namespaces}


def test_every_page_of_the_admin_is_in_the_table() -> None:
    found = {name for name in names() if "." not in name} - NOT_WALKED
    assert found == set(PAGES)


def test_what_has_no_name_is_what_the_stock_admin_has() -> None:
    assert {name for name in names() if "." in name} <= {
        "django.contrib.admin.sites.AdminSite.catch_all_view",
        "django.views.generic.base.RedirectView",
    }


@pytest.fixture
def objects(moved_to: MoveClock) -> dict[str, str]:
    """Make one of each thing that a page is about, and return their keys."""
    update = make_update()
    make_update(
        "draft",
        announced_at=ANNOUNCED.replace(year=2026),
        last_day=MEANWHILE.date().replace(year=2027),
        published=False,
    )
    moved_to(MEANWHILE)
    person = make_user("person@example.com", plan=Plan.PRO)
    answer_as(person, Training.ALLOW)
    copy = FeedbackCopy.objects.create(thumb=Thumb.UP, given_on=MEANWHILE.date(), expires_at=AFTERWARDS)
    run = create_run(make_staff("mover@example.com"), Purpose.MODEL_IMPROVEMENT, at=MEANWHILE)
    made: dict[str, Any] = {
        "group": Group.objects.get(name=VIEWER).pk,
        "accounts_user": person.pk,
        "accounts_listdownload": ListDownload.objects.create(actor=person.principal, list="people", at=MEANWHILE).pk,
        "conversations_feedbackcopy": copy.pk,
        "conversations_feedbackreading": FeedbackReading.objects.create(
            copy=copy.pk, actor=person.principal, at=MEANWHILE
        ).pk,
        "conversations_purge": Purge.objects.create(at=MEANWHILE, started_at=MEANWHILE).pk,
        "privacy_consentrecord": ConsentRecord.objects.first().pk,  # type: ignore[union-attr]  # the answer above
        "privacy_letter": Letter.objects.create(
            user=person, update=update, days=14, language="en", begun_at=MEANWHILE
        ).pk,
        "privacy_notice": Notice.objects.first().pk,  # type: ignore[union-attr]  # as above
        RUN: run.pk,
    }
    return {name: str(key) for name, key in made.items()}


def visitor(name: str) -> Client:
    """Return the browser of someone of a role, or of none."""
    client = Client()
    if name == SUPERUSER:
        client.force_login(make_staff())
    elif name != SIGNED_OUT:
        user = make_user("someone@example.com", is_staff=name != NOT_STAFF)
        user.groups.set(Group.objects.filter(name=name))
        client.force_login(user)
    return client


def address_of(name: str, objects: dict[str, str]) -> str:
    known = {key: objects.get(value, value) for key, value in PAGES[name].parameters.items()}
    return reverse(f"admin:{name}", kwargs=known)


def is_open(response: Any) -> bool:
    """Return whether someone got a page, or was led on inside the admin, but not to its sign-in page."""
    where = response.headers.get("Location", "")
    return response.status_code == HTTPStatus.OK or (
        where.startswith("/admin/") and not where.startswith("/admin/login/")
    )


@pytest.mark.parametrize("who", VISITORS)
def test_pages_open_to_whom_the_table_says_and_to_nobody_else(objects: dict[str, str], who: str) -> None:
    client = visitor(who)
    opened = {name for name in PAGES if is_open(client.get(address_of(name, objects)))}
    assert opened == {name for name, entry in PAGES.items() if who in entry.who}


@pytest.mark.parametrize("who", VISITORS)
def test_what_is_not_open_by_get_is_not_open_by_post(objects: dict[str, str], who: str) -> None:
    client = visitor(who)
    before = PolicyUpdate.objects.count()
    for name, entry in PAGES.items():
        if who not in entry.who:
            response = client.post(address_of(name, objects), {"post": "yes"})
            assert is_open(response) == (who in POSTED.get(name, NOBODY)), name
    assert PolicyUpdate.objects.count() == before


@pytest.mark.parametrize("who", sorted(SEES))
def test_page_of_a_person_shows_evidence_to_whom_its_list_is_open(objects: dict[str, str], who: str) -> None:
    shown = visitor(who).get(address_of("accounts_user_change", objects)).content.decode()

    assert "Answered." in shown
    receipts = {str(record.receipt) for record in ConsentRecord.objects.exclude(receipt=None)}
    assert receipts
    assert any(receipt in shown for receipt in receipts) == (who in PAGES["privacy_consentrecord_changelist"].who)


# The roles themselves


def test_every_permission_of_a_role_exists_and_is_given() -> None:
    for name, wanted in ROLES.items():
        given = Group.objects.get(name=name).permissions.values_list("content_type__app_label", "codename")
        assert {f"{app}.{codename}" for app, codename in given} == set(wanted), name


def test_each_role_can_do_what_its_name_says_and_what_a_viewer_can() -> None:
    assert all(set(ROLES[VIEWER]) <= set(permissions) for permissions in ROLES.values())
    assert {"privacy.view_consentrecord", "conversations.read_feedback"} <= set(ROLES[AUDITOR])
    assert "privacy.act_on_policyupdate" in ROLES[ROLLOUT_MANAGER]
    assert "training.move_trainingrun" in ROLES[TRAINING_MANAGER]


def test_no_role_can_change_a_person_or_their_choice() -> None:
    changing = ("add_", "change_", "delete_")
    for name, permissions in ROLES.items():
        for permission in permissions:
            app, _dot, codename = permission.partition(".")
            if codename.startswith(changing):
                assert (app, codename.partition("_")[2]) == ("privacy", "policyupdate"), (name, permission)


def test_migrate_mends_a_role_and_leaves_other_groups_alone() -> None:
    viewer = Group.objects.get(name=VIEWER)
    viewer.permissions.add(Permission.objects.get(codename="delete_user"))
    viewer.permissions.remove(Permission.objects.get(codename="view_policyupdate"))
    Group.objects.get(name=AUDITOR).delete()
    own = Group.objects.create(name="Interns")
    own.permissions.add(Permission.objects.get(codename="view_group"))
    someone = make_user("someone@example.com", is_staff=True)
    someone.groups.add(viewer)

    call_command("migrate", verbosity=0)

    assert User.objects.get(pk=someone.pk).get_group_permissions() == set(ROLES[VIEWER])
    assert Group.objects.filter(name=AUDITOR).exists()
    assert own.permissions.count() == 1


def test_making_roles_again_writes_nothing() -> None:
    for _time in range(2):
        with CaptureQueriesContext(connection) as queries:
            make_roles(connection.alias)
        assert [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "DELETE", "UPDATE"))] == []


# Giving them


def test_role_is_given_in_place_of_another_and_taken_away(client: Client) -> None:
    someone = make_user("someone@example.com")
    own = Group.objects.create(name="Interns")
    someone.groups.add(own)
    client.force_login(someone)

    call_command("set_role", "Someone@example.com", AUDITOR)
    call_command("set_role", "someone@example.com", ROLLOUT_MANAGER)
    assert set(someone.groups.values_list("name", flat=True)) == {"Interns", ROLLOUT_MANAGER}
    assert client.get("/admin/privacy/policyupdate/add/").status_code == HTTPStatus.OK

    call_command("set_role", "someone@example.com", "none")
    assert set(someone.groups.values_list("name", flat=True)) == {"Interns"}
    assert not is_open(client.get("/admin/"))


def test_role_is_given_to_nobody_who_is_not_there_or_may_do_everything() -> None:
    make_staff("root@example.com")
    for email, message in (("nobody@example.com", "no account"), ("root@example.com", "a superuser")):
        with pytest.raises(CommandError, match=message):
            call_command("set_role", email, VIEWER)
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("set_role", "root@example.com", "King")
