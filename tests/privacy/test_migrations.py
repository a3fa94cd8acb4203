"""Steps of the migrations that carry data over, on a database that has some, there and back."""

import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor

from privacy.models import PolicyUpdate, UpdateAct
from privacy.noting import NOTES
from privacy.publication import move_last_day, publish, raise_rollout
from privacy.triggers import TRIGGERS
from tests.factories import ANNOUNCED, LAST_DAY, MEANWHILE, make_staff, make_update, make_user

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
BEFORE_ACTS = "0003_records_read_from_the_journal"


def migrate_to(name: str) -> Any:
    """Bring this app's tables to a migration, and return the models as they were then."""
    call_command("migrate", "privacy", name, verbosity=0)
    return MigrationExecutor(connection).loader.project_state([("privacy", name)]).apps


@pytest.fixture
def _latest_afterwards() -> Iterator[None]:
    """Bring the database back to where every other test expects it, whatever has happened."""
    yield
    call_command("migrate", verbosity=0)
    assert [*TRIGGERS.missing(connection), *NOTES.missing(connection)] == []


@pytest.mark.usefixtures("_latest_afterwards")
def test_moves_of_the_last_day_become_acts() -> None:
    old = migrate_to(BEFORE_ACTS)
    updates, moves = (old.get_model("privacy", name).objects for name in ("PolicyUpdate", "LastDayMove"))
    common = {"announced_at": ANNOUNCED, "last_day": LAST_DAY + 9 * DAY}
    moved = updates.create(version="moved", published_at=ANNOUNCED - DAY, rollout_percentage=40, **common)
    updates.create(version="unmoved", published_at=ANNOUNCED, rollout_percentage=100, **common)
    updates.create(version="draft", **common)
    by = uuid.uuid4()
    days = [LAST_DAY, LAST_DAY + 3 * DAY, LAST_DAY + 9 * DAY]
    for number, (before, after) in enumerate(pairwise(days)):
        moves.create(
            update=moved,
            previous_last_day=before,
            last_day=after,
            reason=f"Reason {number}",
            moved_by=by,
            at=MEANWHILE + number * DAY,
        )

    call_command("migrate", verbosity=0)

    columns = ("kind", "last_day", "rollout_percentage", "reason", "actor", "at", "tells_people")
    assert list(UpdateAct.objects.filter(update="moved").values_list(*columns)) == [
        ("published", days[0], 40, "", None, ANNOUNCED - DAY, False),
        ("last_day_moved", days[1], 40, "Reason 0", by, MEANWHILE, False),
        ("last_day_moved", days[2], 40, "Reason 1", by, MEANWHILE + DAY, False),
    ]
    assert list(UpdateAct.objects.filter(update="unmoved").values_list(*columns)) == [
        ("published", days[2], 100, "", None, ANNOUNCED, False)
    ]
    assert not UpdateAct.objects.filter(update="draft").exists()


@pytest.mark.usefixtures("_latest_afterwards")
def test_what_was_carried_over_goes_on_and_stays_as_it_is() -> None:
    old = migrate_to(BEFORE_ACTS)
    old.get_model("privacy", "PolicyUpdate").objects.create(
        version="old", announced_at=ANNOUNCED, last_day=LAST_DAY, published_at=ANNOUNCED, rollout_percentage=40
    )
    call_command("migrate", verbosity=0)

    update = PolicyUpdate.objects.get()
    with pytest.raises(IntegrityError):
        PolicyUpdate.objects.update(last_day=LAST_DAY + DAY)
    raise_rollout(update, 50, by=None, at=MEANWHILE)
    move_last_day(update, LAST_DAY + DAY, reason="More time.", by=make_staff(), at=MEANWHILE)

    update.refresh_from_db()
    assert (update.rollout_percentage, update.last_day) == (50, LAST_DAY + DAY)
    assert [act.kind for act in update.acts.all()] == ["published", "rolled_out", "last_day_moved"]


@pytest.mark.usefixtures("_latest_afterwards")
def test_acts_become_moves_on_the_way_back() -> None:
    staff = make_staff()
    update = publish(make_update(rollout_percentage=10, published=False), by=staff, at=ANNOUNCED)
    first, second = LAST_DAY + DAY, date(2025, 10, 8)
    move_last_day(update, first, reason="More time.", by=staff, at=MEANWHILE)
    raise_rollout(update, 50, by=staff, at=MEANWHILE)
    move_last_day(update, second, reason="Still more.", by=None, at=MEANWHILE + DAY)

    old = migrate_to(BEFORE_ACTS)

    columns = ("update_id", "previous_last_day", "last_day", "reason", "moved_by", "at")
    assert list(old.get_model("privacy", "LastDayMove").objects.order_by("pk").values_list(*columns)) == [
        (update.version, LAST_DAY, first, "More time.", staff.principal, MEANWHILE),
        (update.version, first, second, "Still more.", uuid.UUID(int=0), MEANWHILE + DAY),
    ]
    assert old.get_model("privacy", "PolicyUpdate").objects.get().last_day == second
    make_user("newcomer@example.com")
