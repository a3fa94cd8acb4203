"""The download of all that is held about a person: the job, its file, and what can go wrong (rule D5)."""

import json
import signal
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts import exports, personal_data
from accounts.leaving import close_account
from accounts.models import DataExport, User
from conversations.actions import write_message
from privacy.models import PolicyUpdate, Training
from tests.accounts.signing_in import prove_again, sign_in
from tests.conftest import MoveClock
from tests.factories import AFTERWARDS, MEANWHILE, PASSWORD, answer_as, make_conversation, make_user
from tests.pages import page
from tests.processes import start

PAGE = reverse("accounts:data_export")
START = reverse("accounts:start_export")
DOWNLOAD = f"{PAGE}?download"
DAY = timedelta(days=1)


@pytest.fixture
def alices(update: PolicyUpdate, alice: User, moved_to: MoveClock) -> Client:
    """Return a gated person's browser: all of this works from inside the gate."""
    moved_to(AFTERWARDS)
    client = Client()
    sign_in(client, alice)
    return client


def exported(user: User) -> dict[str, Any]:
    """Have someone's data written, and return what the file holds."""
    export = exports.request_export(user, at=MEANWHILE)
    exports.write_export(export.pk)
    data: dict[str, Any] = json.loads(exports.path_of(export).read_text(encoding="utf-8"))
    return data


def files() -> list[Path]:
    return sorted(Path(settings.EXPORTS_DIR).glob("*"))


def test_file_holds_what_is_held_each_item_once(update: PolicyUpdate, alice: User, mallory: User) -> None:
    receipt = answer_as(alice, Training.ALLOW)
    conversation = make_conversation(alice, "Plan a 徒步 with “me”")
    write_message(alice, conversation, "Second", at=MEANWHILE)
    make_conversation(mallory, "Mallory's own")

    data = exported(alice)

    assert set(data) == {"format", "product", "made_at"} | {holding.name for holding in personal_data.HOLDINGS}
    assert data["account"][0]["email"] == "alice@example.com"
    (told,) = data["conversations"]
    assert [message["text"] for message in told["messages"]] == ["Plan a 徒步 with “me”", "Second"]
    assert told["training"] == "May be used for training"
    assert {record["receipt"] for record in data["consent_records"]} == {None, str(receipt)}
    assert "Mallory" not in json.dumps(data)
    assert "password" not in json.dumps(data).lower()


def test_file_is_its_readers_alone_and_progress_ends_whole(alice: User) -> None:
    exported(alice)

    export = DataExport.objects.get()
    assert stat.S_IMODE(exports.path_of(export).stat().st_mode) == 0o600
    assert export.done == export.total > 0
    assert export.finished_at
    assert export.expires_at == export.finished_at + 7 * DAY
    assert files() == [exports.path_of(export)]


def test_one_export_is_written_at_a_time_unless_it_was_interrupted(alice: User) -> None:
    first = exports.request_export(alice, at=MEANWHILE)
    assert exports.request_export(alice, at=MEANWHILE + timedelta(minutes=14)) == first

    second = exports.request_export(alice, at=MEANWHILE + timedelta(minutes=15))

    assert second != first
    first.refresh_from_db()
    assert first.failed_at is not None


def test_disk_that_is_full_leaves_no_file_and_is_said(alices: Client, alice: User, settings: Any) -> None:
    settings.EXPORTS_DIR.parent.mkdir(parents=True, exist_ok=True)
    settings.EXPORTS_DIR.write_text("in the way")

    alices.post(START)

    assert DataExport.objects.get().failed_at is not None
    shown = page(alices.get(PAGE))
    assert "Your file could not be written" in shown.text
    assert shown.all("form", action=START)


def test_export_of_an_account_that_was_deleted_meanwhile_comes_to_nothing(alice: User) -> None:
    export = exports.request_export(alice, at=MEANWHILE)
    close_account(alice, at=MEANWHILE)

    exports.write_export(export.pk)

    assert files() == []
    assert DataExport.objects.get().finished_at is None


def test_new_file_takes_the_place_of_the_one_before(alice: User) -> None:
    exported(alice)
    exported(alice)

    assert files() == [exports.path_of(DataExport.objects.get())]


def test_of_two_tasks_on_one_export_the_first_to_end_stands(alice: User) -> None:
    export = exports.request_export(alice, at=MEANWHILE)
    stale = DataExport.objects.select_related("user").get(pk=export.pk)
    exports.write_export(export.pk)
    written = exports.path_of(export).read_text()

    half = exports.path_of(export).with_suffix(".other.part")
    half.write_text("{")
    with pytest.raises(exports.Overtaken):
        exports._publish(stale, half, exports.path_of(export))

    assert exports.path_of(export).read_text() == written
    assert DataExport.objects.get().failed_at is None


def test_what_a_killed_task_left_is_gone_after_a_while(alice: User, moved_to: MoveClock) -> None:
    export = exports.request_export(alice, at=MEANWHILE)
    half = exports.path_of(export).with_suffix(".dead.part")
    half.parent.mkdir(parents=True)
    half.write_text("{")
    moved_to(MEANWHILE + timedelta(minutes=14))
    exports.purge_strays()
    assert half.exists()

    moved_to(MEANWHILE + timedelta(minutes=15))
    exports.purge_strays()

    assert not half.exists()
    assert exports.expired(MEANWHILE + 7 * DAY).get() == export
    assert not exports.expired(MEANWHILE + 7 * DAY - timedelta(seconds=1)).exists()


@pytest.mark.django_db(transaction=True)
def test_export_goes_on_while_others_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """An open query would keep SQLite from noting progress, once anyone else had written."""
    alice = make_user("alice@example.com")
    monkeypatch.setattr(exports, "STEP", 1)
    for number in range(120):
        make_conversation(alice, f"Number {number}")
    note = exports._note

    def noting(export: DataExport, done: int) -> None:
        manage_once(done)
        note(export, done)

    def manage_once(done: int) -> None:
        if done == 60:
            process = start("-c", WRITE_ELSEWHERE)
            said, _err = process.communicate(timeout=60)
            assert process.returncode == 0, said

    monkeypatch.setattr(exports, "_note", noting)

    assert len(exported(alice)["conversations"]) == 120
    assert DataExport.objects.get().failed_at is None


WRITE_ELSEWHERE = """
import django
django.setup()
from tests.factories import make_user
make_user("someone-else@example.com")
"""


def test_erasing_removes_the_file(alice: User) -> None:
    exported(alice)

    exports.remove(DataExport.objects.filter(user=alice))

    assert files() == []
    assert not DataExport.objects.exists()


def test_strays_go_and_what_is_someones_stays(alice: User) -> None:
    exported(alice)
    (own,) = files()
    stray = own.with_name("00000000-0000-4000-8000-000000000000.json")
    stray.write_text("{}")
    half = own.with_suffix(".abc.part")
    half.write_text("{")

    exports.purge_strays()

    assert files() == [own]


# The page


def test_page_offers_the_file_from_inside_the_gate_and_asks_for_the_password(alices: Client, alice: User) -> None:
    assert "There is no file at the moment" in page(alices.get(PAGE)).text

    assert alices.post(START)["Location"] == PAGE

    shown = page(alices.get(PAGE))
    assert "Your file is ready" in shown.text
    address = reverse("accounts:export_file", args=[DataExport.objects.get().pk])
    assert alices.get(address)["Location"].startswith(reverse("account_reauthenticate"))
    assert DOWNLOAD in [link["href"] for link in shown.one("main").all("a")]
    asked = alices.get(DOWNLOAD)
    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    proved = alices.post(asked["Location"], {"password": PASSWORD}, follow=True)
    # Back on the page, which fetches the file: a browser would not have left the page of the password for a file.
    assert proved.redirect_chain[-1][0] == DOWNLOAD
    assert "The download begins by itself." in page(proved).text
    assert f'content="0; url={address}"' in proved.content.decode()
    assert address not in alices.get(PAGE).content.decode()
    response = alices.get(address)
    assert response["Content-Disposition"] == 'attachment; filename="marlow-data-2025-10-06.json"'
    assert "no-store" in response["Cache-Control"]
    data = json.loads(b"".join(response.streaming_content))  # type: ignore[attr-defined]  # a file's is
    assert data["account"][0]["email"] == "alice@example.com"


def test_page_shows_progress_and_looks_again(alices: Client, alice: User) -> None:
    DataExport.objects.create(user=alice, requested_at=AFTERWARDS, moved_at=AFTERWARDS, done=3, total=12)

    shown = page(alices.get(PAGE))

    assert "3 of 12 items" in shown.text
    assert (shown.one("progress")["value"], shown.one("progress")["max"]) == ("3", "12")
    assert shown.one("section", id="export-state")["hx-get"] == PAGE
    fragment = alices.get(PAGE, headers={"hx-request": "true"}).content.decode()
    assert fragment.strip().startswith("<section")


@pytest.mark.parametrize("offset", [timedelta(), DAY])
def test_file_that_is_past_its_date_is_not_given(
    alices: Client, alice: User, moved_to: MoveClock, offset: timedelta
) -> None:
    exported(alice)
    DataExport.objects.update(expires_at=AFTERWARDS)
    prove_again(alices)
    moved_to(AFTERWARDS + offset)

    gone = alices.get(reverse("accounts:export_file", args=[DataExport.objects.get().pk]), follow=True)
    assert "That file is no longer there." in page(gone).text
    assert "There is no file at the moment" in page(gone).text


def test_file_of_someone_else_is_not_there(alices: Client, mallory: User) -> None:
    exported(mallory)
    prove_again(alices)

    assert alices.get(reverse("accounts:export_file", args=[DataExport.objects.get().pk])).status_code == 404


# Killed


@pytest.mark.django_db(transaction=True)
def test_job_that_was_killed_in_the_middle_starts_over_and_ends_whole() -> None:
    alice = make_user("alice@example.com")
    for number in range(60):
        make_conversation(alice, f"Number {number}")
    export = exports.request_export(alice, at=MEANWHILE)

    for number in (1, 20, 55):
        process = start("-c", WRITE, str(export.pk), str(number))
        assert process.stdout is not None
        assert process.stdout.readline() == "in the middle\n"
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert not exports.path_of(export).exists()
    halves = files()
    assert [half.stat().st_size > 0 for half in halves] == [True] * 3

    exports.write_export(export.pk)

    data = json.loads(exports.path_of(export).read_text())
    assert len(data["conversations"]) == 60
    exports.purge_strays()
    assert files() == [exports.path_of(export)]


# A process that stops in the middle of its file, to be killed there.
WRITE = """
import sys, time, django
django.setup()
from accounts import exports
real = exports._json
seen = 0
def stopping(value):
    global seen
    seen += isinstance(value, dict) and "messages" in value
    if seen == int(sys.argv[2]):
        stopping.file.flush()
        print("in the middle", flush=True)
        time.sleep(60)
    return real(value)
write = exports._write
def noting(export, file):
    stopping.file = file
    write(export, file)
exports._json, exports._write = stopping, noting
exports.write_export(sys.argv[1])
"""
