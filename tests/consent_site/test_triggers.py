"""What one database refuses or notes, the other does too."""

import pytest

from accounts.triggers import PostgresqlTrigger, SqliteTrigger, Triggers
from conversations.triggers import TRIGGERS as OF_CONVERSATIONS
from privacy.noting import NOTES
from privacy.triggers import TRIGGERS as OF_PRIVACY
from training.triggers import TRIGGERS as OF_TRAINING

REFUSING = {"conversations": OF_CONVERSATIONS, "privacy": OF_PRIVACY, "training": OF_TRAINING}


def acts(triggers: list[SqliteTrigger] | list[PostgresqlTrigger], *events: str) -> set[tuple[str, str]]:
    return {(trigger.table, trigger.event) for trigger in triggers if trigger.event in events}


@pytest.mark.parametrize("app", REFUSING)
def test_both_databases_refuse_to_change_and_to_delete_the_same(app: str) -> None:
    sqlite, postgresql = [*REFUSING[app].sqlite()], [*REFUSING[app].postgresql()]
    assert acts(sqlite, "UPDATE", "DELETE") == acts(postgresql, "UPDATE", "DELETE") != set()


@pytest.mark.parametrize("app", REFUSING)
def test_what_postgresql_refuses_to_delete_it_refuses_to_truncate(app: str) -> None:
    made = [*REFUSING[app].postgresql()]
    deleted = {table for table, _event in acts(made, "DELETE")}
    assert deleted == {table for table, _event in acts(made, "TRUNCATE")}


def test_both_databases_note_the_same() -> None:
    sqlite, postgresql = [*NOTES.sqlite()], [*NOTES.postgresql()]
    assert acts(sqlite, "INSERT", "UPDATE") == acts(postgresql, "INSERT", "UPDATE") != set()


@pytest.mark.parametrize("triggers", [*REFUSING.values(), NOTES], ids=[*REFUSING, "notes"])
def test_each_trigger_has_a_name_of_its_own_and_makes_itself(triggers: Triggers) -> None:
    for made in ([*triggers.sqlite()], [*triggers.postgresql()]):
        assert len({trigger.name for trigger in made}) == len(made)
        for trigger in made:
            assert trigger.statements[-1].startswith(f"CREATE TRIGGER {trigger.name} ")
            assert f" ON {trigger.table} " in trigger.definition
