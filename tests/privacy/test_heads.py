import hashlib
import json
import resource
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from privacy.heads import HeadsError, write_heads, write_losses
from privacy.models import ConsentState, PolicyUpdate, Training
from privacy.verification import Rank, verify
from tests.factories import MEANWHILE, answer_as, make_user

pytestmark = pytest.mark.django_db

TODAY = date(2025, 9, 10)
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def heads_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.LEDGER_HEADS_DIR = tmp_path / "var" / "heads"
    return tmp_path / "var" / "heads"


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def head_of(user: User) -> dict[str, object]:
    state = ConsentState.objects.get(user=user)
    return {"principal": str(user.principal), "length": state.chain_length, "hash": state.chain_head}


def test_file_holds_the_head_of_each_chain(heads_dir: Path, alice: User, mallory: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.ALLOW)
    answer_as(mallory, Training.REFUSE, terms=False)
    assert write_heads(TODAY) == 2
    link, *heads = lines_of(heads_dir / "2025-09-10.jsonl")
    assert link == {"previous": "", "sha256": ""}
    assert sorted(heads, key=str) == sorted([head_of(alice), head_of(mallory)], key=str)


def test_file_says_nothing_that_leads_to_a_person(heads_dir: Path, alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.ALLOW)
    write_heads(TODAY)
    text = (heads_dir / "2025-09-10.jsonl").read_text()
    assert "alice" not in text
    assert "allow" not in text


def test_order_of_a_file_does_not_tell_who_was_there_first(heads_dir: Path, update: PolicyUpdate) -> None:
    for number in (3, 1, 2):
        answer_as(make_user(f"{number}@example.com", principal=uuid.UUID(int=number)), Training.ALLOW)
    write_heads(TODAY)
    _link, *heads = lines_of(heads_dir / "2025-09-10.jsonl")
    assert [head["principal"] for head in heads] == [str(uuid.UUID(int=number)) for number in (1, 2, 3)]


def test_later_file_holds_what_has_moved_and_names_the_one_before(
    heads_dir: Path, alice: User, mallory: User, update: PolicyUpdate
) -> None:
    answer_as(alice, Training.ALLOW)
    write_heads(TODAY)
    answer_as(mallory, Training.ALLOW)
    assert write_heads(TOMORROW) == 1
    before = (heads_dir / "2025-09-10.jsonl").read_bytes()
    assert lines_of(heads_dir / "2025-09-11.jsonl") == [
        {"previous": "2025-09-10.jsonl", "sha256": hashlib.sha256(before).hexdigest()},
        head_of(mallory),
    ]
    assert verify().first is None


def test_file_is_written_though_nothing_has_moved(heads_dir: Path, update: PolicyUpdate) -> None:
    assert write_heads(TODAY) == write_heads(TOMORROW) == 0
    assert [path.name for path in sorted(heads_dir.glob("*"))] == ["2025-09-10.jsonl", "2025-09-11.jsonl"]


def test_second_run_of_a_day_changes_nothing(heads_dir: Path, alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.ALLOW)
    write_heads(TODAY)
    before = (heads_dir / "2025-09-10.jsonl").read_bytes()
    assert write_heads(TODAY) == 0
    assert (heads_dir / "2025-09-10.jsonl").read_bytes() == before


def test_second_run_of_a_day_keeps_every_line_and_adds_what_has_moved(
    heads_dir: Path, alice: User, mallory: User, update: PolicyUpdate
) -> None:
    write_heads(TODAY - timedelta(days=1))
    answer_as(alice, Training.ALLOW)
    write_heads(TODAY)
    before = (heads_dir / "2025-09-10.jsonl").read_bytes()
    answer_as(alice, Training.REFUSE, terms=False)
    answer_as(mallory, Training.REFUSE, terms=False)
    assert write_heads(TODAY) == 2
    assert (heads_dir / "2025-09-10.jsonl").read_bytes().startswith(before)
    assert write_heads(TOMORROW) == 0
    assert verify().first is None


def test_run_that_was_killed_leaves_the_file_there_was(heads_dir: Path, alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.ALLOW)
    write_heads(TODAY)
    (heads_dir / ".unfinished").write_text('{"previous":"","sha2')
    assert verify().first is None
    assert write_heads(TODAY) == 0
    assert verify().heads == 1
    assert not (heads_dir / ".unfinished").exists()


@contextmanager
def no_room() -> Iterator[None]:
    """Let no file of this process grow beyond a few bytes, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_full_disk_leaves_the_file_there_was(heads_dir: Path, alice: User, update: PolicyUpdate) -> None:
    write_heads(TODAY)
    before = (heads_dir / "2025-09-10.jsonl").read_bytes()
    answer_as(alice, Training.ALLOW)
    for day in (TODAY, TOMORROW):
        with pytest.raises(OSError, match="too large"), no_room():
            write_heads(day)
    assert [path.name for path in heads_dir.glob("*")] == ["2025-09-10.jsonl"]
    assert (heads_dir / "2025-09-10.jsonl").read_bytes() == before
    assert write_heads(TOMORROW) == 1


def test_clock_that_went_back_is_refused(heads_dir: Path, update: PolicyUpdate) -> None:
    write_heads(TOMORROW)
    with pytest.raises(HeadsError, match=r"2025-09-11\.jsonl is of a later day than today, 2025-09-10"):
        write_heads(TODAY)


def test_command_writes_the_file_of_the_real_day(
    heads_dir: Path, alice: User, update: PolicyUpdate, capsys: pytest.CaptureFixture[str]
) -> None:
    answer_as(alice, Training.ALLOW)
    call_command("write_ledger_heads")
    assert "Chains that have moved: 1," in capsys.readouterr().out
    assert (heads_dir / f"{timezone.now().astimezone(UTC):%Y-%m-%d}.jsonl").exists()


def test_command_says_that_nothing_was_written(heads_dir: Path, update: PolicyUpdate) -> None:
    heads_dir.mkdir(parents=True)
    (heads_dir / "2999-01-01.jsonl").write_text('{"previous":"","sha256":""}\n')
    with pytest.raises(CommandError, match=r"Not written: 2999-01-01\.jsonl"):
        call_command("write_ledger_heads")


# Files that were changed


@pytest.fixture
def three_days(heads_dir: Path, alice: User, mallory: User, update: PolicyUpdate) -> Path:
    for number, user in enumerate((alice, mallory)):
        answer_as(user, Training.ALLOW, at=MEANWHILE)
        write_heads(TODAY + timedelta(days=number))
    write_heads(TODAY + timedelta(days=2))
    assert verify().first is None
    return heads_dir


def found() -> tuple[Rank, str, str]:
    first = verify().first
    assert first is not None
    return first.rank, first.row, first.problem


def test_file_that_was_taken_away_is_found(three_days: Path) -> None:
    (three_days / "2025-09-11.jsonl").unlink()
    rank, name, problem = found()
    assert (rank, name) == (Rank.HEADS, "heads file 2025-09-12.jsonl")
    assert problem.startswith("it follows 2025-09-11.jsonl (")


def test_first_file_that_was_taken_away_is_found(three_days: Path) -> None:
    (three_days / "2025-09-10.jsonl").unlink()
    rank, name, problem = found()
    assert (rank, name) == (Rank.HEADS, "heads file 2025-09-11.jsonl")
    assert problem.endswith("before it there is no file")


def test_line_that_was_taken_out_is_found(three_days: Path) -> None:
    path = three_days / "2025-09-10.jsonl"
    path.write_text(path.read_text().splitlines(keepends=True)[0])
    assert found()[1] == "heads file 2025-09-11.jsonl"


def test_line_that_was_changed_is_found(three_days: Path, alice: User) -> None:
    path = three_days / "2025-09-10.jsonl"
    path.write_text(path.read_text().replace('"length":3', '"length":2'))
    assert found() == (
        Rank.HEADS,
        f"consent record number 2 of {alice.principal}",
        "it is another one than 2025-09-10.jsonl names",
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "2025-09-10.jsonl is empty"),
        ('{"previous":"","sha256":""}', "2025-09-10.jsonl, line 1 is not as it was written"),
        ("[]\n", "2025-09-10.jsonl, line 1 is not as it was written"),
        ('{"previous":"","sha256":""}\n{"princip', "2025-09-10.jsonl, line 2 is not as it was written"),
        (
            '{"previous":"","sha256":""}\n{"principal":"alice","length":1,"hash":""}\n',
            "2025-09-10.jsonl, line 2 is not as it was written",
        ),
    ],
)
def test_file_that_is_none_is_found_and_not_written_to(text: str, problem: str, three_days: Path) -> None:
    (three_days / "2025-09-10.jsonl").write_text(text)
    assert found() == (Rank.HEADS, "heads file 2025-09-10.jsonl", problem)
    with pytest.raises(HeadsError, match=problem):
        write_heads(TODAY + timedelta(days=3))


@contextmanager
def what_a_restore_undoes() -> Iterator[None]:
    """Do something to the database that is undone at the end, as by a restore from a backup made before."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def restored(alice: User, mallory: User, update: PolicyUpdate) -> None:
    """A database restored from before mallory's answer, which the heads know."""
    answer_as(alice, Training.ALLOW)
    write_heads(TODAY)
    with what_a_restore_undoes():
        answer_as(mallory, Training.REFUSE, terms=False)
        write_heads(TOMORROW)


def test_records_that_a_restore_lost_are_found_until_it_is_written_down_that_they_are(
    restored: None, heads_dir: Path, mallory: User
) -> None:
    assert verify().findings == 1

    assert write_losses(TOMORROW, "恢复自备份, ticket 12") == 1

    report = verify()
    assert (report.findings, report.heads, report.lost) == (0, 2, 1)
    *_before, line = lines_of(heads_dir / "2025-09-11.jsonl")
    assert (line["principal"], line["lost"]) == (str(mallory.principal), "恢复自备份, ticket 12")
    assert write_losses(TOMORROW, "again") == 0


def test_record_that_goes_after_a_loss_was_written_down_is_found(restored: None, alice: User) -> None:
    write_losses(TOMORROW, "restored")
    with what_a_restore_undoes():
        answer_as(alice, Training.REFUSE, terms=False)
        write_heads(TOMORROW)

    report = verify()

    assert (report.findings, report.lost) == (1, 1)
    assert report.first is not None
    assert str(alice.principal) in report.first.row


def test_chain_that_goes_on_after_a_loss_has_its_heads_as_before(restored: None, mallory: User) -> None:
    write_losses(TOMORROW, "restored")
    with what_a_restore_undoes():
        answer_as(mallory, Training.ALLOW)
        assert write_heads(TOMORROW + timedelta(days=1)) == 1
        assert verify().findings == 0

    assert verify().findings == 1


def test_loss_whose_line_was_taken_out_is_found(restored: None, heads_dir: Path) -> None:
    write_losses(TOMORROW, "restored")
    write_heads(TOMORROW + timedelta(days=1))
    path = heads_dir / "2025-09-11.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))

    assert verify().findings == 2  # the record, and the file that is not as the next one says


def test_commands_write_losses_down_and_say_that_there_are_some(
    restored: None, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("write_ledger_heads", "--lost", "restored from the backup of 10 September")
    call_command("verify_ledger")

    out = capsys.readouterr().out
    assert "Heads of records that are lost, which now say so: 1." in out
    assert "Heads of records known to be lost, as LEDGER_HEADS_DIR says: 1." in out
