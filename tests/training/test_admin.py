"""Training runs in the admin: every act through its page, who may not, and what keeps it from being done."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from celery import Task
from django.contrib.auth.models import Permission
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from kombu.exceptions import OperationalError
from pytest_django import Settings

from accounts import journal
from accounts.leaving import close_account, erase
from accounts.models import User
from conversations import actions as conversation_actions
from privacy.models import Training
from tests.conftest import MoveClock
from tests.factories import MEANWHILE, SECOND, answer_as, make_conversation, make_staff, make_user
from tests.pages import Element, page
from tests.training.runs import LATER, exported, files, make_run, start
from training import actions, problems, steps, store, tasks
from training.acts import ACTS
from training.models import Doing, ManifestRow, Purpose, RunMove, Shard, State, Step, TrainingRun

pytestmark = pytest.mark.django_db
LIST = "/admin/training/trainingrun/"
HTMX = {"hx-request": "true"}
SECRET = "The plan nobody else may read"
# From which state each act can be done.
BEFORE = {
    "count": State.DRAFT,
    "prepare": State.DRAFT,
    "write": State.PREPARED,
    "start": State.PREPARED,
    "finish": State.STARTED,
    "cancel": State.DRAFT,
    "verify": State.PREPARED,
}
Queries = Callable[..., AbstractContextManager[Any]]


@pytest.fixture(autouse=True)
def _later(moved_to: MoveClock) -> None:
    moved_to(LATER)


@pytest.fixture
def mover(db: None) -> User:
    """Return someone who may move runs and do nothing else in the admin."""
    return with_permission("mover@example.com", "move_trainingrun")


@pytest.fixture
def site(client: Client, mover: User) -> Client:
    """Return the browser of who may move runs."""
    client.force_login(mover)
    return client


def with_permission(email: str, codename: str = "", *, is_staff: bool = True) -> User:
    user = make_user(email, is_staff=is_staff)
    if codename:
        user.user_permissions.add(Permission.objects.get(codename=codename))
    return user


def address(run: TrainingRun, act: str = "change") -> str:
    return reverse(f"admin:training_trainingrun_{act}", args=[run.pk])


def opened(site: Client, run: TrainingRun, act: str) -> dict[str, str]:
    """Open the page of an act, and return the form that it shows."""
    response = site.get(address(run, act))
    assert response.status_code == HTTPStatus.OK, said_on(site, run)
    return {"seen": page(response).one("input", name="seen")["value"]}


def press(site: Client, run: TrainingRun, act: str, form: dict[str, str] | None = None, **fields: str) -> str:
    """Press the button on the page of an act, and return what the run's page says then."""
    response = site.post(address(run, act), (form or opened(site, run, act)) | fields, follow=True)
    assert response.redirect_chain[-1][0] == address(run)
    run.refresh_from_db()
    return text_of(response)


def text_of(response: Any) -> str:
    assert response.status_code == HTTPStatus.OK
    return page(response).one("main").text


def said_on(site: Client, run: TrainingRun) -> str:
    return text_of(site.get(address(run)))


def messages_in(response: Any) -> str:
    return " ".join(found.text for found in page(response).all("ul", class_="messagelist"))


def tables(response: Any) -> dict[str, dict[str, str]]:
    """Return the tables of numbers on a page, by their caption."""
    return {
        table.one("caption").text: {row.one("th").text: row.one("td").text for row in rows(table)}
        for table in page(response).all("table", class_="counts")
    }


def rows(table: Element) -> list[Element]:
    return table.one("tbody").all("tr")


# From the draft to the end


def test_run_goes_from_its_draft_to_its_end(site: Client, mover: User, allowing: User) -> None:
    make_conversation(allowing)
    make_conversation(make_user("undecided@example.com"))

    created = site.get(f"{LIST}create/")
    key = page(created).one("input", name="key")["value"]
    site.post(f"{LIST}create/", {"purpose": "safety_classifiers", "reason": "The autumn model.", "key": key})
    run = TrainingRun.objects.get()
    assert (run.state, run.purpose, str(run.pk)) == (State.DRAFT, Purpose.SAFETY_CLASSIFIERS, key)

    assert "The run is prepared." in press(site, run, "prepare", reason="It is time.")
    assert "Files written: 1 of 1" in said_on(site, run)
    assert "Verified: rows and files are as they should be." in press(site, run, "verify")
    assert "The run has started." in press(site, run, "start")
    assert "The run is finished." in press(site, run, "finish")

    assert run.state == State.FINISHED
    assert [(move.state, move.reason) for move in run.moves.all()] == [
        (State.DRAFT, "The autumn model."),
        (State.PREPARED, "It is time."),
        (State.STARTED, ""),
        (State.FINISHED, ""),
    ]
    assert {move.moved_by for move in run.moves.all()} == {mover.principal}
    said = said_on(site, run)
    assert "It is time." in said
    assert mover.email in said
    assert store.name_of(run.shards.get()) in files(run)
    assert run.shards.get().sha256 in said


def test_cancelled_run_has_no_files(site: Client, staff: User, allowing: User) -> None:
    make_conversation(allowing)
    run = make_run(staff)
    assert "its files are gone" in press(site, run, "cancel", reason="Not needed.")
    assert run.state == State.CANCELLED
    assert not files(run)
    assert "Not needed." in said_on(site, run)


@pytest.mark.parametrize("state", State)
def test_page_offers_what_can_be_done_and_only_that(site: Client, staff: User, allowing: User, state: State) -> None:
    make_conversation(allowing)
    run = make_run(staff, state=state)
    links = {link["href"] for link in page(site.get(address(run))).one("main").all("a", class_="button")}
    possible = {
        State.DRAFT: {"count", "prepare", "cancel", "verify"},
        State.PREPARED: {"count", "start", "cancel", "verify"},
        State.STARTED: {"finish", "verify"},
        State.FINISHED: {"verify"},
        State.CANCELLED: {"verify"},
    }[state]
    assert links == {address(run, act) for act in possible}
    for act in {act.name for act in ACTS} - possible:
        response = site.get(address(run, act), follow=True)
        assert "can’t be moved there" in messages_in(response), act
        press(site, run, act, {"seen": str(run.moves.last().pk)})  # type: ignore[union-attr]
        assert run.state == state


def test_wrong_form_is_shown_again(site: Client, staff: User) -> None:
    response = site.post(f"{LIST}create/", {"reason": "", "key": str(uuid.uuid4())})
    assert "Choose what the run is for." in text_of(response)
    response = site.post(f"{LIST}create/", {"purpose": "mischief", "reason": "", "key": str(uuid.uuid4())})
    assert page(response).one("title").text.startswith("Error:")
    assert not TrainingRun.objects.exists()
    run = make_run(staff, state=State.DRAFT)
    assert "novalidate" in page(response).one("main").one("form").attributes
    response = site.post(address(run, "prepare"), {"seen": "", "reason": "x" * 1001})
    assert page(response).one("title").text.startswith("Error:")
    run.refresh_from_db()
    assert run.state == State.DRAFT


def test_reason_is_asked_for_where_it_is_kept(site: Client, staff: User, allowing: User) -> None:
    make_conversation(allowing)
    run = make_run(staff)
    asking = {act for act in ("start", "cancel", "verify") if page(site.get(address(run, act))).all("textarea")}
    assert asking == {"start", "cancel"}


def test_page_says_when_a_run_loses_its_files(site: Client, staff: User, allowing: User) -> None:
    make_conversation(allowing)
    run = make_run(staff)
    due = date_format(LATER + timedelta(days=30), "DATE_FORMAT")
    assert f"Cancels itself, unless started {due}" in said_on(site, run)
    press(site, run, "start")
    assert "Cancels itself" not in said_on(site, run)
    press(site, run, "finish")
    due = date_format(run.moves.get(state=State.FINISHED).at + timedelta(days=90), "DATE_FORMAT")
    assert f"Files to be destroyed {due}" in said_on(site, run)


# Who may not

NOBODIES = ["viewer", "plain staff", "no staff", "stranger"]


def nobody(name: str) -> User:
    return {
        "viewer": lambda: with_permission("viewer@example.com", "view_trainingrun"),
        "plain staff": lambda: with_permission("plain@example.com"),
        "no staff": lambda: with_permission("trusted@example.com", "move_trainingrun", is_staff=False),
        "stranger": lambda: make_user("mallory@example.com"),
    }[name]()


@pytest.mark.parametrize("who", NOBODIES)
@pytest.mark.parametrize("act", BEFORE)
def test_act_is_refused_to_who_may_not(client: Client, staff: User, who: str, act: str) -> None:
    run = make_run(staff, state=BEFORE[act])
    moves = RunMove.objects.count()
    client.force_login(nobody(who))
    form = {"seen": str(run.moves.last().pk), "reason": ""}  # type: ignore[union-attr]

    for response in (client.get(address(run, act), follow=True), client.post(address(run, act), form, follow=True)):
        assert response.status_code == HTTPStatus.FORBIDDEN
        assert page(response).one("h1").text == "That is not open to you"
        leads_back = page(response).all("a", href=reverse("admin:index"))
        assert bool(leads_back) is (who in {"viewer", "plain staff"})

    run.refresh_from_db()
    assert (run.state, RunMove.objects.count(), Step.objects.count()) == (BEFORE[act], moves, 0)


@pytest.mark.parametrize("who", NOBODIES)
def test_no_run_is_made_by_who_may_not(client: Client, who: str) -> None:
    client.force_login(nobody(who))
    form = {"purpose": "model_improvement", "key": str(uuid.uuid4())}
    assert client.get(f"{LIST}create/", follow=True).status_code == HTTPStatus.FORBIDDEN
    assert client.post(f"{LIST}create/", form, follow=True).status_code == HTTPStatus.FORBIDDEN
    assert not TrainingRun.objects.exists()


@pytest.mark.parametrize("who", ["plain staff", "no staff", "stranger"])
def test_runs_are_not_shown_to_who_may_not_see_them(client: Client, staff: User, who: str) -> None:
    run = make_run(staff, state=State.DRAFT)
    client.force_login(nobody(who))
    for where in (LIST, address(run)):
        assert client.get(where, follow=True).status_code == HTTPStatus.FORBIDDEN
        assert client.get(where, headers=HTMX, follow=True).status_code == HTTPStatus.FORBIDDEN


def test_viewer_sees_a_run_and_can_do_nothing_to_it(client: Client, staff: User, allowing: User) -> None:
    make_conversation(allowing)
    run = make_run(staff)
    client.force_login(nobody("viewer"))
    assert str(run) in text_of(client.get(LIST))
    shown = page(client.get(address(run))).one("main")
    assert "Files written: 1 of 1" in shown.text
    assert not shown.all("form")
    assert not shown.all("a", class_="button")
    assert not page(client.get(LIST)).one("main").all("ul", class_="object-tools")[0].all("a")


def test_list_leads_who_may_move_runs_to_a_new_one(site: Client) -> None:
    tools = page(site.get(LIST)).one("main").all("ul", class_="object-tools")[0].all("a")
    assert tools[0]["href"] == f"{LIST}create/"


@pytest.mark.parametrize("act", ["change", *BEFORE])
def test_signed_out_are_sent_to_sign_in(client: Client, staff: User, act: str) -> None:
    run = make_run(staff, state=State.DRAFT)
    for response in (client.get(address(run, act)), client.post(address(run, act), {})):
        assert response.status_code == HTTPStatus.FOUND
        assert response["Location"].startswith(reverse("account_login"))
    run.refresh_from_db()
    assert run.state == State.DRAFT


# What has no address


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("act", ["change", *BEFORE])
def test_other_methods_do_nothing(site: Client, staff: User, act: str, method: str) -> None:
    run = make_run(staff, state=State.DRAFT)
    response = site.generic(method, address(run, act))
    assert response.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert page(response).one("h1").text == "That can’t be done here"
    run.refresh_from_db()
    assert run.state == State.DRAFT


def test_head_of_an_act_does_nothing(site: Client, staff: User) -> None:
    run = make_run(staff, state=State.DRAFT)
    assert site.head(address(run, "prepare")).status_code == HTTPStatus.OK
    run.refresh_from_db()
    assert run.state == State.DRAFT


@pytest.mark.parametrize("who", ["mover", "superuser"])
def test_no_stock_form_goes_around_the_actions(client: Client, mover: User, staff: User, who: str) -> None:
    run = make_run(staff, state=State.DRAFT)
    client.force_login({"mover": mover, "superuser": staff}[who])
    assert client.post(address(run), {"state": "started", "purpose": "x"}).status_code == HTTPStatus.METHOD_NOT_ALLOWED
    for stock in ("change/", "delete/", "history/"):
        for response in (client.get(address(run) + stock), client.post(address(run) + stock, {"post": "yes"})):
            assert response.status_code == HTTPStatus.NOT_FOUND
    assert client.post(f"{LIST}add/", {"purpose": "model_improvement"}).status_code == HTTPStatus.NOT_FOUND
    client.post(LIST, {"action": "delete_selected", "_selected_action": [str(run.pk)], "post": "yes"})
    assert TrainingRun.objects.get() == run
    assert "delete_selected" not in client.get(LIST).content.decode()


def test_only_runs_are_in_the_admin() -> None:
    for model in ("manifestrow", "removal", "runmove", "shard", "step"):
        client = Client()
        client.force_login(make_staff(f"{model}@example.com"))
        assert client.get(f"/admin/training/{model}/").status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("act", ["change", *BEFORE])
def test_run_that_is_not_there_is_not_found(site: Client, act: str) -> None:
    assert site.get(address(TrainingRun(), act)).status_code == HTTPStatus.NOT_FOUND
    assert site.post(address(TrainingRun(), act), {"seen": "1"}).status_code in {
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
    }


# What was decided on may not be true any more


@pytest.mark.parametrize(("act", "other"), [("cancel", "prepare"), ("prepare", "cancel")])
def test_page_that_someone_else_has_overtaken_does_nothing(
    site: Client, staff: User, allowing: User, act: str, other: str
) -> None:
    make_conversation(allowing)
    run = make_run(staff, state=State.DRAFT)
    form = opened(site, run, act)
    colleague = Client()
    colleague.force_login(staff)
    press(colleague, run, other)
    before, moves = run.state, run.moves.count()

    said = press(site, run, act, form)

    assert "This run was moved meanwhile, so nothing was done." in said
    assert (run.state, run.moves.count()) == (before, moves)


@pytest.mark.parametrize("act", ["prepare", "start", "finish", "cancel"])
def test_two_clicks_are_one(site: Client, staff: User, allowing: User, act: str) -> None:
    make_conversation(allowing)
    run = make_run(staff, state=BEFORE[act])
    form = opened(site, run, act)
    moves = run.moves.count()

    first, second = press(site, run, act, form), press(site, run, act, form)

    said = str(next(found.done for found in ACTS if found.name == act))
    assert said in first
    assert said in second
    assert run.moves.count() == moves + 1


def test_two_clicks_make_one_run(site: Client, staff: User) -> None:
    form = {"purpose": "model_improvement", "reason": "Once.", "key": str(uuid.uuid4())}
    for _click in range(2):
        assert site.post(f"{LIST}create/", form)["Location"] == address(TrainingRun.objects.get())
    assert RunMove.objects.get().reason == "Once."


def test_nothing_else_is_asked_while_something_is_under_way(
    site: Client, staff: User, allowing: User, moved_to: MoveClock
) -> None:
    make_conversation(allowing)
    run = make_run(staff)
    form = opened(site, run, "start")
    steps.ask_for(run, Doing.VERIFY, staff, at=LATER)

    assert "Something is under way" in press(site, run, "start", form)
    assert not page(site.get(address(run))).one("main").all("a", class_="button")
    assert run.state == State.PREPARED

    moved_to(LATER + timedelta(minutes=15))
    assert "The run has started." in press(site, run, "start")
    assert Step.objects.get(doing=Doing.VERIFY).problem == problems.INTERRUPTED


def test_no_run_moves_while_the_database_is_behind_its_journal(site: Client, staff: User, allowing: User) -> None:
    make_conversation(allowing)
    for act, before in BEFORE.items():
        run = make_run(staff, state=before)
        if act == "write":
            Shard.objects.filter(run=run).update(written_at=None, sha256="")
            TrainingRun.objects.filter(pk=run.pk).update(filed_at=None)
        form = opened(site, run, act)
        journal.append([journal.Line(uuid.uuid4(), "conversation_deleted", uuid.uuid4(), LATER)])

        said = press(site, run, act, form)

        assert "This database is older than the journal" in said, act
        assert run.state == before, act
        next(settings_file for settings_file in journal.files()[1:]).unlink()


# What goes wrong


@pytest.fixture
def broken_disk(settings: Settings, tmp_path: Path) -> Callable[[], None]:
    """Return what mends a disk to which nothing can be written."""
    whole = settings.TRAINING_FILES
    (tmp_path / "file").touch()
    settings.TRAINING_FILES = str(tmp_path / "file" / "training")

    def mend() -> None:
        settings.TRAINING_FILES = whole

    return mend


def test_files_that_can_not_be_written_are_written_later(
    site: Client, allowing: User, mover: User, broken_disk: Callable[[], None]
) -> None:
    make_conversation(allowing)
    run = make_run(mover, state=State.DRAFT)

    said = press(site, run, "prepare")

    assert run.state == State.PREPARED
    assert "The files can’t be written or read: Not a directory." in said
    assert "Files written: 0 of 1" in said
    # It stays stopped until someone asks, and nothing is lost.
    assert "The files can’t be written" in press(site, run, "start")
    assert "was not done" in said_on(site, run)
    assert run.state == State.PREPARED
    broken_disk()
    assert "The files are written." in press(site, run, "write")
    assert "Files written: 1 of 1" in said_on(site, run)
    assert "The run has started." in press(site, run, "start")
    assert "can’t be written" not in said_on(site, run)
    assert len(exported(run)) == 1


def test_run_is_cancelled_though_its_files_can_not_be_removed(
    site: Client, staff: User, allowing: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_conversation(allowing)
    run = make_run(staff)
    form = opened(site, run, "cancel")
    filesystem = type(store._place()[0])

    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(filesystem, "rm", refuse)
        assert "its files are still there" in press(site, run, "cancel", form)

        assert run.state == State.CANCELLED
        assert run.destroyed_at is None
        assert files(run)
        again = press(site, run, "cancel", form)
        assert "its files are still there" in again, "the second click says no other"
        assert "its files are gone" not in again

    actions.destroy_files(run)
    assert "its files are gone" in press(site, run, "cancel", form)


@pytest.mark.parametrize("act", ["count", "prepare", "write", "start", "verify"])
def test_broker_that_is_down_is_said(
    site: Client, staff: User, allowing: User, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    make_conversation(allowing)
    run = make_run(staff, state=BEFORE[act])
    if act == "write":
        Shard.objects.filter(run=run).update(written_at=None, sha256="")
        TrainingRun.objects.filter(pk=run.pk).update(filed_at=None)

    def refuse(*_arguments: object, **_options: object) -> None:
        raise OperationalError

    monkeypatch.setattr(Task, "apply_async", refuse)
    assert "No worker could be reached" in press(site, run, act)
    assert run.state == BEFORE[act]
    assert not Step.objects.filter(finished_at=None).exists()


# Steps


def test_step_whose_worker_died_after_its_work_ends_well(staff: User, allowing: User) -> None:
    make_conversation(allowing)
    done: list[tuple[Doing, Callable[..., object], State, State]] = [
        (Doing.PREPARE, actions.prepare_run, State.DRAFT, State.PREPARED),
        (Doing.START, start, State.PREPARED, State.STARTED),
    ]
    for doing, act, before, after in done:
        run = make_run(staff, state=before)
        step = steps.ask_for(run, doing, staff, at=LATER)
        act(run, staff, at=LATER)

        for _time in range(2):
            tasks.take_step.delay(step.pk)

        step.refresh_from_db()
        run.refresh_from_db()
        assert (run.state, step.problem, bool(step.finished_at)) == (after, "", True)
        assert run.filed_at


def test_step_of_someone_who_may_not_any_more_is_not_taken(staff: User, mover: User) -> None:
    run = make_run(staff, state=State.DRAFT)
    step = steps.ask_for(run, Doing.PREPARE, mover, at=LATER)
    mover.user_permissions.clear()
    tasks.take_step.delay(step.pk)
    step.refresh_from_db()
    run.refresh_from_db()
    assert problems.in_words(step.problem) == "Only staff who may move training runs can do that."
    assert run.state == State.DRAFT


def test_step_that_breaks_says_so(
    staff: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run = make_run(staff, state=State.DRAFT)
    step = steps.ask_for(run, Doing.PREPARE, staff, at=LATER)
    with monkeypatch.context() as patch:
        patch.setattr(RunMove.objects, "create", lambda **_fields: 1 / 0)
        tasks.take_step.delay(step.pk)
    step.refresh_from_db()
    assert problems.in_words(step.problem) == "Something went wrong. The log of the server says what."
    assert "ZeroDivisionError" in caplog.text


def test_what_went_wrong_is_said_in_the_language_of_who_reads_it(
    client: Client, staff: User, allowing: User, broken_disk: Callable[[], None]
) -> None:
    make_conversation(allowing)
    run = make_run(staff, state=State.DRAFT)
    actions.prepare_run(run, staff, at=LATER)
    run.refresh_from_db()
    tasks.write_files.delay(str(run.pk))  # By a worker, whose language is nobody's.
    client.force_login(make_staff("reader@example.com", language="zh-hans"))

    assert "文件无法写入或读取：不是目录。" in said_on(client, run)
    for doing, noted, expected in (
        (Doing.START, problems.note_of(journal.Behind()), "数据库比日志旧"),
        (Doing.START, problems.INTERRUPTED, "操作已中断。"),
        (Doing.VERIFY, problems.note("missing", {"name": "shard-00000.parquet"}), "shard-00000.parquet 缺失。"),
    ):
        steps.end(steps.ask_for(run, doing, staff, at=LATER), noted)
        assert expected in said_on(client, run)


def test_sentence_that_an_older_version_has_stored_is_shown_as_it_is(site: Client, staff: User) -> None:
    run = make_run(staff, state=State.DRAFT)
    TrainingRun.objects.update(problem="The files can’t be written or read: No space left on device.")
    step = steps.ask_for(run, Doing.VERIFY, staff, at=LATER)
    steps.end(step, "shard-00000.parquet is missing.")
    said = said_on(site, run)
    assert "The files can’t be written or read: No space left on device." in said
    assert "the first difference is: shard-00000.parquet is missing." in said


def test_progress_is_a_fragment_of_the_page(site: Client, staff: User, allowing: User) -> None:
    make_conversation(allowing)
    run = make_run(staff)
    step = steps.ask_for(run, Doing.VERIFY, staff, at=LATER)
    Step.objects.update(done=1, total=2)

    whole = page(site.get(address(run))).one("div", id="run-progress")
    part = page(site.get(address(run), headers=HTMX)).one("div", id="run-progress")
    for shown in (whole, part):
        assert "Files read again: 1 of 2" in shown.text
        assert (shown.one("progress")["value"], shown.one("progress")["max"]) == ("1", "2")
        assert shown["hx-get"] == address(run)
        assert shown.one("a")["href"] == address(run)
    assert not page(site.get(address(run), headers=HTMX)).all("html")

    steps.end(step)
    ended = page(site.get(address(run), headers=HTMX)).one("div", id="run-progress")
    assert "hx-get" not in ended
    assert "What was under way has ended." in ended.text
    assert not page(site.get(address(run))).all("script", src="/static/vendor/htmx-4.0.1.min.js")


def test_verification_names_the_first_difference(site: Client, staff: User, allowing: User) -> None:
    make_conversation(allowing)
    run = make_run(staff)
    store.discard(store.path_of(run.shards.get()))
    assert "the first difference is: shard-00000.parquet is missing." in press(site, run, "verify")
    start(run, staff)
    assert "the first difference is" in said_on(site, run)
    assert "Verified: rows and files are as they should be." in press(site, run, "verify")
    assert "the first difference is" not in said_on(site, run)


# What the pages say


def make_two_kinds(allowing: User) -> None:
    for _time in range(2):
        make_conversation(allowing)
    make_conversation(make_user("undecided@example.com"))


def test_dry_run_says_what_would_be_in_it(site: Client, mover: User, staff: User, allowing: User) -> None:
    make_two_kinds(allowing)
    run = make_run(staff, state=State.DRAFT)
    before = TrainingRun.objects.values().get(), run.moves.count()

    assert "The conversations are counted." in press(site, run, "count")

    for response in (site.get(address(run)), site.get(address(run, "prepare"))):
        assert "2 conversations would be in it." in text_of(response)
        assert f"Counted {date_format(LATER, 'DATE_FORMAT')}" in text_of(response)
        assert mover.email in text_of(response)
        assert tables(response) == {"Would be kept out": {"never answered": "1"}}
    step = Step.objects.get()
    assert (step.doing, step.asked_by, step.problem) == (Doing.COUNT, mover.principal, "")
    assert step.counts == {"state": "draft", "at": LATER.isoformat(), "kept": 2, "left_out": {"never_answered": 1}}
    assert (TrainingRun.objects.values().get(), run.moves.count()) == before
    assert not ManifestRow.objects.exists()
    press(site, run, "prepare")
    assert tables(site.get(address(run)))["Kept out at the freeze"] == {"never answered": "1"}


@pytest.mark.parametrize("act", ["prepare", "start"])
def test_page_of_an_act_says_what_was_counted_last(
    site: Client, staff: User, allowing: User, moved_to: MoveClock, act: str
) -> None:
    conversation = make_conversation(allowing)
    run = make_run(staff, state=BEFORE[act])
    before = site.get(address(run, act))
    assert "It has not been counted yet" in text_of(before)
    assert page(before).one("main").all("a", href=address(run, "count"))

    press(site, run, "count")
    conversation_actions.delete_conversation(allowing, conversation, at=LATER)
    assert "1 conversation would be in it." in text_of(site.get(address(run, act))), "as it was counted"
    moved_to(LATER + SECOND)
    press(site, run, "count")
    assert "0 conversations would be in it." in text_of(site.get(address(run, act)))


def test_count_of_a_draft_says_nothing_of_what_was_prepared(site: Client, staff: User, allowing: User) -> None:
    make_conversation(allowing)
    run = make_run(staff, state=State.DRAFT)
    press(site, run, "count")
    press(site, run, "prepare")
    assert "conversation would be in it" not in said_on(site, run)
    assert "It has not been counted yet" in text_of(site.get(address(run, "start")))


def test_no_page_counts_conversations_or_rows(site: Client, staff: User, allowing: User) -> None:
    """However many there are: past what a proxy waits for, nobody could prepare or start a run."""
    make_conversation(allowing)
    for state in (State.DRAFT, State.PREPARED):
        run = make_run(staff, state=state)
        for _time in ("not counted yet", "counted"):
            for act in ("change", "count", "prepare", "start"):
                with CaptureQueriesContext(connection) as queries:
                    site.get(address(run, act))
                texts = [query["sql"] for query in queries.captured_queries]
                assert texts
                assert not [sql for sql in texts if "conversations_" in sql or "training_manifestrow" in sql], act
            press(site, run, "count")


def test_count_that_is_under_way_says_so_and_one_that_was_stopped_too(site: Client, staff: User) -> None:
    run = make_run(staff, state=State.DRAFT)
    step = steps.ask_for(run, Doing.COUNT, staff, at=LATER)
    assert "The conversations are being counted." in said_on(site, run)
    steps.take(step.pk)
    assert "0 conversations would be in it." in said_on(site, run)

    def refuse(_execute: object, sql: str, *_rest: object) -> None:
        raise DatabaseError(sql)

    with connection.execute_wrapper(only_for("conversations_conversation", refuse)):
        said = press(site, run, "count")
    assert "What was asked for last (counting) was not done. Something went wrong." in said
    assert "The conversations are counted." not in said
    assert "0 conversations would be in it." in said, "as it was counted before"


def only_for(table: str, do: Callable[..., Any]) -> Callable[..., Any]:
    """Return what does something instead of each statement that names a table."""

    def around(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        return do(execute, sql, *rest) if table in sql else execute(sql, *rest)

    return around


def test_verification_that_was_stopped_has_found_nothing(
    site: Client, staff: User, allowing: User, broken_disk: Callable[[], None]
) -> None:
    make_conversation(allowing)
    run = make_run(staff, state=State.DRAFT)
    actions.prepare_run(run, staff, at=LATER)
    run.shards.update(written_at=LATER, sha256="0" * 64)
    said = press(site, run, "verify")
    assert "What was asked for last (verifying) was not done. The files can’t be written or read" in said
    assert "Verified" not in said
    assert "The run is verified" not in said


def test_starting_says_what_would_be_taken_out(site: Client, staff: User, allowing: User) -> None:
    deleted, excluded, back, _stays = (make_conversation(allowing) for _time in range(4))
    refusing = make_user("refusing@example.com")
    answer_as(refusing, Training.ALLOW)
    gone = make_conversation(refusing)
    run = make_run(staff)
    # Nothing runs after the commit here: it is the start that notices.
    conversation_actions.delete_conversation(allowing, deleted, at=LATER)
    conversation_actions.exclude_conversation(allowing, excluded, at=LATER)
    conversation_actions.exclude_conversation(allowing, back, at=LATER)
    conversation_actions.lift_exclusion(allowing, back, at=LATER + SECOND)
    conversation_actions.write_message(allowing, back, "Once more", at=LATER + 2 * SECOND)
    answer_as(refusing, Training.REFUSE, at=LATER)
    gone.messages.all().delete()
    gone.delete()

    press(site, run, "count")
    response = site.get(address(run, "start"))

    assert "1 conversation would be in it." in text_of(response)
    assert "nothing in the run can be changed, by anyone" in text_of(response)
    assert tables(response) == {
        "Would be taken out": {
            "conversation deleted": "2",
            "excluded by its owner": "1",
            "was excluded, deleted or refused meanwhile, and is allowed again": "1",
        }
    }
    press(site, run, "start")
    assert run.rows.count() == 1
    assert run.taken_out == 4


def test_page_says_what_was_masked(site: Client, staff: User, allowing: User) -> None:
    make_conversation(allowing, "Write to anna@example.com or call +44 20 7946 0958.")
    assert tables(site.get(address(make_run(staff))))["Masked in the files"] == {
        "e-mail addresses": "1",
        "phone numbers": "1",
    }


def test_timeline_names_nobody_who_has_left(site: Client, staff: User) -> None:
    leaving = make_staff("leaving@example.com")
    run = make_run(leaving)
    close_account(leaving, at=LATER)
    assert leaving.email not in said_on(site, run)
    erase(leaving.principal)
    actions.cancel_run(run, None, at=LATER + timedelta(days=30))
    said = said_on(site, run)
    assert "someone whose account is deleted" in said
    assert "by itself" in said
    assert "erased.invalid" not in said


def test_no_page_shows_conversation_text(site: Client, staff: User, allowing: User) -> None:
    conversation = make_conversation(allowing, SECRET)
    conversation_actions.rename_conversation(conversation, SECRET)
    for state in State:
        run = make_run(staff, state=state)
        press(site, run, "verify")
        for where in (LIST, f"{LIST}create/", *(address(run, act) for act in ("change", *BEFORE))):
            shown = site.get(where, follow=True).content.decode()
            assert SECRET not in shown, where
            assert str(conversation.pk) not in shown, where
            assert allowing.email not in shown, where


def test_page_without_its_card_says_the_rest(site: Client, staff: User, allowing: User) -> None:
    make_conversation(allowing)
    run = make_run(staff)
    assert "Allowed by their owners" in said_on(site, run)
    store.discard(f"{store.folder_of(run)}/card.json")
    assert "Allowed by their owners" not in said_on(site, run)
    assert "Files written: 1 of 1" in said_on(site, run)


# What it costs


def with_shards(staff: User, count: int) -> TrainingRun:
    run = make_run(staff, state=State.DRAFT)
    Shard.objects.bulk_create(
        Shard(
            run=run,
            number=number,
            conversations=10_000,
            masked={"EMAIL": 2},
            sha256="0" * 64,
            written_at=timezone.now(),
        )
        for number in range(count)
    )
    TrainingRun.objects.filter(pk=run.pk).update(frozen_at=LATER, filter_version="1", kept_out={"refused": 3})
    return run


def test_page_of_a_run_costs_as_much_with_many_files(
    site: Client, staff: User, django_assert_num_queries: Queries
) -> None:
    for count in (3, 300):
        run = with_shards(staff, count)
        with django_assert_num_queries(11):
            response = site.get(address(run))
        assert f"{count} ·" in text_of(response)
        assert tables(response)["Masked in the files"] == {"e-mail addresses": str(2 * count)}
    files_of_it = page(site.get(f"{address(run)}?page=3")).one("section", aria_labelledby="files")
    assert "299" in files_of_it.text
    assert "Page 3 of 3" in files_of_it.text


def test_list_costs_as_much_with_many_runs(site: Client, staff: User, django_assert_num_queries: Queries) -> None:
    for count in (3, 30):
        for _run in range(count):
            with_shards(staff, 2)
        # Three of them are the years there are runs of.
        with django_assert_num_queries(9):
            response = site.get(LIST)
        assert "20000" in text_of(response).replace(",", "")
        assert "2 of 2" in text_of(response)


def test_list_says_that_files_are_destroyed(site: Client, staff: User) -> None:
    make_run(staff, state=State.CANCELLED)
    response = site.get(LIST)
    assert "destroyed" in text_of(response)


# Finding them


def test_runs_are_found_by_id_and_by_the_name_that_the_list_shows(client: Client) -> None:
    client.force_login(make_staff(language="en"))
    first, other = (create_run_at(MEANWHILE, number) for number in range(2))
    for term in (str(first.pk), str(first.pk)[:8], str(first.pk).upper()):
        found = client.get(LIST, {"q": term}).context["cl"].result_list
        assert [run.pk for run in found] == [first.pk]
    for term in (str(first.pk)[:7], "%", "model", "zzzzzzzz"):
        assert list(client.get(LIST, {"q": term}).context["cl"].result_list) == []
    assert {run.pk for run in client.get(LIST).context["cl"].result_list} == {first.pk, other.pk}


def create_run_at(at: datetime, number: int) -> TrainingRun:
    return TrainingRun.objects.create(
        pk=uuid.UUID(int=(number + 1) << 96), purpose=Purpose.MODEL_IMPROVEMENT, created_at=at
    )
