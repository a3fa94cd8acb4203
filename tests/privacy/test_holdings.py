"""What someone who takes their data along gets of what this app holds: all of it, in full, and nobody else's."""

from datetime import timedelta
from typing import Any

import pytest

from accounts import personal_data
from accounts.models import Plan, User
from privacy.counting import count_due
from privacy.drafts import keep_draft
from privacy.models import (
    ConsentRecord,
    ConsentState,
    Draft,
    Letter,
    Notice,
    PolicyUpdate,
    ReminderStop,
    Surface,
    Training,
    TrainingRefusal,
)
from privacy.reminders import send_letters, stop_reminders
from tests.factories import DEADLINE, MEANWHILE, VERSION, answer_as, defer_as, shown_token

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
KEPT = ("consent_records", "consent_state", "notices", "training_refusals")
ERASED = ("kept_texts", "letters_about_updates", "stop_of_reminders")
NAMES = (*KEPT, *ERASED, "counted_as")


def holding(name: str) -> personal_data.Holding:
    (found,) = [each for each in personal_data.HOLDINGS if each.name == name]
    return found


def exported(name: str, user: User) -> list[dict[str, Any]]:
    found = list(holding(name).export(user))
    assert holding(name).count(user) == len(found)
    return found


@pytest.fixture
def two(alice: User, mallory: User, update: PolicyUpdate) -> tuple[User, User]:
    """Have two people do one of everything."""
    User.objects.filter(pk=mallory.pk).update(plan=Plan.PRO, language="zh-hans")
    send_letters(now=lambda: DEADLINE - 14 * DAY)
    for number, user in enumerate((alice, mallory)):
        defer_as(user)
        answer_as(user, Training.ALLOW, language=["en", "zh-hans"][number])
        answer_as(user, Training.REFUSE, at=MEANWHILE + (1 + number) * DAY, language=["en", "zh-hans"][number])
        stop_reminders(user, at=MEANWHILE + number * DAY)
        keep_draft(user, "/chats/", f"Of {user.email}", at=MEANWHILE + number * DAY)
    while count_due():
        pass
    return alice, mallory


def test_records_are_exported_with_all_that_their_hash_is_made_of(two: tuple[User, User]) -> None:
    alice, _mallory = two
    found = exported("consent_records", alice)
    columns = [field.attname for field in ConsentRecord._meta.concrete_fields]
    assert [set(row) for row in found] == [set(columns)] * len(found)
    assert found == list(ConsentRecord.objects.filter(principal=alice.principal).order_by("sequence").values(*columns))
    assert [row["sequence"] for row in found] == list(range(1, len(found) + 1))


def test_state_is_exported(two: tuple[User, User]) -> None:
    alice, mallory = two
    state = ConsentState.objects.get(user=alice)
    assert exported("consent_state", alice) == [
        {
            "training": "refuse",
            "allowed_since": None,
            "answered_update_id": VERSION,
            "terms_update_id": VERSION,
            "deferral_update_id": VERSION,
            "deferrals": state.deferrals,
            "deferred_until": state.deferred_until,
        }
    ]
    assert len(exported("consent_state", mallory)) == 1


def test_each_text_someone_was_shown_is_exported_once(two: tuple[User, User]) -> None:
    alice, mallory = two
    shown_token(alice, at=MEANWHILE + 3 * DAY, surface=Surface.SETTINGS)
    shown = Notice.objects.filter(records__principal=alice.principal).distinct()
    assert 1 < shown.count() < Notice.objects.count()
    found = exported("notices", alice)
    assert sorted(found, key=lambda row: row["sha256"]) == list(
        shown.order_by("sha256").values("sha256", "language", "surface", "text")
    )
    hers = Notice.objects.filter(records__principal=mallory.principal)
    assert {row["sha256"] for row in exported("notices", mallory)} == set(hers.values_list("pk", flat=True))


def test_refusals_letters_texts_and_the_stop_are_exported(two: tuple[User, User]) -> None:
    alice, mallory = two
    letter, refusal = Letter.objects.get(user=alice), TrainingRefusal.objects.get(user=alice)
    assert exported("training_refusals", alice) == [{"at": MEANWHILE + DAY, "kept_until": refusal.kept_until}]
    assert exported("kept_texts", alice) == [
        {"page": "/chats/", "text": "Of alice@example.com", "to_be_private": False, "kept": MEANWHILE}
    ]
    assert exported("letters_about_updates", alice) == [
        {
            "policy_update": VERSION,
            "days_before_the_deadline": 14,
            "language": "en",
            "begun": letter.begun_at,
            "sent": letter.sent_at,
        }
    ]
    assert exported("stop_of_reminders", mallory) == [{"since": MEANWHILE + DAY}]


def test_what_someone_is_counted_as_is_exported_and_goes_at_once(two: tuple[User, User]) -> None:
    alice, mallory = two
    assert exported("counted_as", mallory) == [
        {"update": "", "plan": "pro", "language": "zh-hans"},
        {"update": VERSION, "plan": "pro", "language": "zh-hans"},
    ]
    assert [row["plan"] for row in exported("counted_as", alice)] == ["free", "free"]


def test_erasing_takes_what_is_no_evidence_of_that_person_alone(two: tuple[User, User]) -> None:
    alice, mallory = two
    before = {name: exported(name, alice) for name in KEPT}
    for name in NAMES:
        holding(name).erase(alice)
    assert {name: exported(name, alice) for name in KEPT} == before
    assert all(before.values())
    for name in ERASED:
        assert exported(name, alice) == [], name
        assert len(exported(name, mallory)) == 1, name
    assert Draft.objects.get().user == Letter.objects.get().user == ReminderStop.objects.get().user == mallory


def test_who_did_nothing_is_held_in_nothing(alice: User, update: PolicyUpdate) -> None:
    assert {name: exported(name, alice) for name in NAMES} == {name: [] for name in NAMES}
