"""Counts people for the roll-out page: one person at a time into cells, and whoever changed once more.

Triggers note who changed (`privacy.noting`). `count_due` takes some of them, tells from the raw tables where each
belongs now, takes back what was counted of them, and removes their notes, in one transaction: it can be killed
anywhere, and counting someone twice changes nothing. Whoever counts locks the one row of `RolloutState`; no act does.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from accounts import clock
from accounts.models import User
from privacy.models import (
    ConsentRecord,
    ConsentState,
    PolicyUpdate,
    RolloutCell,
    RolloutCount,
    RolloutDue,
    RolloutPlace,
    RolloutState,
)
from privacy.placing import OWN, CountKey, Placing, counts_of, placings_of

BATCH = 500


def count_due(limit: int = BATCH) -> int:
    """Count at most `limit` notes of people again, and return how many there were.

    If somebody else is counting just now, the notes are left to them, and none is reported.
    """
    if not RolloutDue.objects.exists() and not _unknown(RolloutState.objects.filter(pk=1).first()):
        return 0
    with transaction.atomic():
        state = _locked(wait=False)
        if state is None:
            return 0
        _note_who_joined_after(state)
        due = dict(RolloutDue.objects.order_by("pk").values_list("pk", "principal")[:limit])
        # Read after their notes: a change that comes later leaves another note.
        _count(list(User.objects.filter(principal__in=set(due.values()))))
        notes = RolloutDue.objects.filter(pk__in=due)
        notes._raw_delete(notes.db)
        state.counted_at = clock.now()
        state.save()
    return len(due)


def count_all(*, anew: bool = False) -> Iterable[int]:
    """Count everyone, in batches; yield how many each has counted.

    A count that was interrupted goes on, unless it is to begin anew: then everything counted is thrown away first.
    People can act meanwhile, and what is due is counted as ever.
    """
    with transaction.atomic():
        state = _locked()
        assert state is not None
        if anew or state.counted_up_to is None:
            for model in (RolloutPlace, RolloutCell, RolloutCount):
                _forget(model)
            state.counted_up_to = 0
            state.known = [update.version for update in _updates()]
            state.save()
    while counted := _count_on():
        yield counted


@transaction.atomic
def forget_place(user: User) -> None:
    """Count someone out whose account is deleted, now rather than when their note is taken up."""
    _locked()
    _count([User.objects.get(pk=user.pk)])


def _count_on() -> int:
    """Count the next people of a count from the beginning, and return how many; it ends with none."""
    with transaction.atomic():
        state = _locked()
        assert state is not None
        if state.counted_up_to is None:
            # Somebody else was counting, too, and has come to the end.
            return 0
        people = list(User.objects.filter(pk__gt=state.counted_up_to).order_by("pk")[:BATCH])
        _count(people)
        state.counted_up_to = people[-1].pk if people else None
        state.counted_at = clock.now()
        state.save()
    return len(people)


def _forget(model: type[Model]) -> None:
    rows = model._default_manager.all()
    rows._raw_delete(rows.db)


def _locked(*, wait: bool = True) -> RolloutState | None:
    """Return the state of the count, locked until the transaction ends; None if it is, and is not waited for."""
    RolloutState.objects.bulk_create([RolloutState(pk=1)], ignore_conflicts=True)
    can_skip = connection.features.has_select_for_update_skip_locked
    return RolloutState.objects.select_for_update(skip_locked=not wait and can_skip).filter(pk=1).first()


def _updates() -> list[PolicyUpdate]:
    """Return the published material updates, the earliest announced first."""
    return list(PolicyUpdate.objects.filter(published_at__isnull=False).material().reverse())


def _unknown(state: RolloutState | None) -> list[PolicyUpdate]:
    known = state.known if state is not None else []
    return [update for update in _updates() if update.version not in known]


def _note_who_joined_after(state: RolloutState) -> None:
    """Note whoever has joined after an update that was not known yet: as a rule nobody, it is published ahead."""
    for update in _unknown(state):
        joined = User.objects.filter(joined_at__gte=update.announced_at)
        RolloutDue.objects.bulk_create(
            (RolloutDue(principal=principal) for principal in joined.values_list("principal", flat=True)),
            batch_size=BATCH,
        )
        state.known = [*state.known, update.version]


def _count(people: list[User]) -> None:
    """Bring what is counted of some people in line with the raw tables."""
    updates = _updates()
    records: dict[Any, list[ConsentRecord]] = defaultdict(list)
    found = ConsentRecord.objects.filter(principal__in=[user.principal for user in people])
    columns = ("principal", "sequence", "kind", "update", "surface", "new_value", "occurred_at")
    for record in found.order_by("principal", "sequence").only(*columns):
        records[record.principal].append(record)
    states = ConsentState.objects.in_bulk([user.pk for user in people])
    wanted = {
        (user.pk, version): placing
        for user in people
        for version, placing in placings_of(user, records[user.principal], states.get(user.pk), updates).items()
    }
    there = RolloutPlace.objects.filter(user__in=people).select_related("cell")
    _replace({(place.user_id, place.version): place for place in there}, wanted)


def _replace(there: dict[tuple[int, str], RolloutPlace], wanted: dict[tuple[int, str], Placing]) -> None:
    """Take back what was counted of some people, and count what is wanted instead."""
    cells = _cells({placing.key: placing for placing in wanted.values()})
    made = {
        (user, version): RolloutPlace(user_id=user, version=version, cell=cells[placing.key], **(OWN | placing.place))
        for (user, version), placing in wanted.items()
    }
    moved = {key for key in made.keys() | there.keys() if not _is_same(there.get(key), made.get(key))}
    people: Counter[int] = Counter()
    counts: Counter[CountKey] = Counter()
    for key in moved:
        for places, sign in ((there, -1), (made, 1)):
            if place := places.get(key):
                people[place.cell_id] += sign
                counts.update({name: sign * number for name, number in counts_of(place).items()})
    gone = RolloutPlace.objects.filter(pk__in=[there[key].pk for key in moved & there.keys()])
    gone._raw_delete(gone.db)
    RolloutPlace.objects.bulk_create([made[key] for key in sorted(moved & made.keys())], batch_size=BATCH)
    _add_people(people)
    _add_counts(counts)


def _is_same(place: RolloutPlace | None, other: RolloutPlace | None) -> bool:
    if place is None or other is None:
        return place is other
    return place.cell_id == other.cell_id and all(getattr(place, name) == getattr(other, name) for name in OWN)


def _cells(placings: Mapping[str, Placing]) -> dict[str, RolloutCell]:
    """Return the cells of some placings by their keys; those that nobody was in before are made."""
    cells = {cell.key: cell for cell in RolloutCell.objects.filter(key__in=placings)}
    missing = [RolloutCell(key=key, **placings[key].cell) for key in sorted(placings.keys() - cells.keys())]
    cells.update({cell.key: cell for cell in RolloutCell.objects.bulk_create(missing)})
    return cells


def _add_people(deltas: Mapping[int, int]) -> None:
    cells = list(RolloutCell.objects.filter(pk__in=[pk for pk, delta in deltas.items() if delta]))
    for cell in cells:
        cell.people += deltas[cell.pk]
    RolloutCell.objects.bulk_update(cells, ["people"], batch_size=BATCH)


def _add_counts(deltas: Mapping[CountKey, int]) -> None:
    deltas = {key: delta for key, delta in deltas.items() if delta}
    found = RolloutCount.objects.filter(version__in={version for version, _figure, _key in deltas})
    found = found.filter(key__in={key for _version, _figure, key in deltas})
    counts = {(count.version, count.figure, count.key): count for count in found}
    changed = [_moved(counts.get(key) or RolloutCount(**_named(key)), delta) for key, delta in deltas.items()]
    RolloutCount.objects.bulk_update(
        [count for count in changed if count.pk and count.number], ["number"], batch_size=BATCH
    )
    RolloutCount.objects.bulk_create([count for count in changed if not count.pk])
    RolloutCount.objects.filter(pk__in=[count.pk for count in changed if not count.number]).delete()


def _named(key: CountKey) -> dict[str, str]:
    return dict(zip(("version", "figure", "key"), key, strict=True))


def _moved(count: RolloutCount, delta: int) -> RolloutCount:
    count.number += delta
    return count
