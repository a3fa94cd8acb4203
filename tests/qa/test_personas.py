"""Every persona is in its state, made by the site's own actions, and counts nowhere (rule H2)."""

import dataclasses
import threading
from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.journal import is_behind
from accounts.leaving import close_account, erase
from accounts.models import Plan, User
from conversations.actions import undoable
from conversations.models import Conversation, Feedback, FeedbackCopy
from privacy.models import ConsentRecord, ConsentState, Kind, PolicyUpdate, Training
from privacy.publication import move_last_day
from privacy.standing import Prompt, standing_of
from privacy.verification import verify
from qa.looking import is_changed, raw_row, reason_if_it_counted, stand_of
from qa.making import make, reset
from qa.personas import PERSONAS, NothingAsked, Persona, asked_update, persona_of
from qa.presets import presets
from tests.factories import (
    AFTERWARDS,
    DEADLINE,
    LAST_DAY,
    MEANWHILE,
    SECOND,
    answer_as,
    make_conversation,
    make_staff,
    make_update,
    make_user,
)
from tests.qa.conftest import Become
from tests.training.runs import held, make_run

# How the question comes to each at its instant, and its choice.
STATES = {
    "newcomer": (Prompt.GATE, ""),
    "undecided-first-day": (Prompt.POP_UP, ""),
    "undecided-last-day": (Prompt.POP_UP, ""),
    "undecided-afterwards": (Prompt.GATE, ""),
    "deferred-once": (Prompt.LINE, ""),
    "deferred-often": (Prompt.LINE, ""),
    "allowed": (Prompt.NONE, "allow"),
    "refused": (Prompt.NONE, "refuse"),
    "refused-alone": (Prompt.GATE, "refuse"),
    "on-off-on": (Prompt.NONE, "allow"),
    "private-only": (Prompt.NONE, "allow"),
    "excluded-one": (Prompt.NONE, "allow"),
    "feedback-given": (Prompt.NONE, "allow"),
    "deleted-chat": (Prompt.NONE, "allow"),
    "chinese": (Prompt.POP_UP, ""),
    "team": (Prompt.NONE, ""),
    "gov": (Prompt.NONE, ""),
    "education": (Prompt.NONE, ""),
    "api": (Prompt.NONE, ""),
}
STAFF = {"viewer", "auditor", "roll-out-manager", "training-manager"}


def test_every_persona_is_known_here() -> None:
    assert set(PERSONAS) == set(STATES) | STAFF


@pytest.mark.parametrize("slug", STATES)
def test_persona_is_in_its_state_at_its_instant(update: PolicyUpdate, slug: str) -> None:
    persona = PERSONAS[slug]
    account = make(persona)
    at = persona.instant()
    assert at is not None
    standing = standing_of(account, at)

    assert (standing.prompt, standing.state.training) == STATES[slug]
    assert stand_of(account, at) == persona.stand
    assert not is_changed(persona, account)
    assert account.is_persona
    assert persona_of(account) == persona


def test_deferrals_are_as_many_as_the_title_says_and_the_last_holds(update: PolicyUpdate) -> None:
    for slug, times in (("deferred-once", 1), ("deferred-often", 4)):
        state = ConsentState.objects.get(user=make(PERSONAS[slug]))
        assert (state.deferrals, state.training) == (times, "")
        at = PERSONAS[slug].instant()
        assert at is not None
        assert state.deferred_until is not None
        assert at < state.deferred_until


def test_plans_language_and_roles(update: PolicyUpdate) -> None:
    assert {slug: make(PERSONAS[slug]).plan for slug in ("team", "gov", "education", "api")} == {
        "team": Plan.TEAM,
        "gov": Plan.GOV,
        "education": Plan.EDUCATION,
        "api": Plan.API,
    }
    assert make(PERSONAS["chinese"]).language == "zh-hans"
    groups = {slug: list(make(PERSONAS[slug]).groups.values_list("name", flat=True)) for slug in STAFF}
    assert groups == {
        "viewer": ["Viewer"],
        "auditor": ["Auditor"],
        "roll-out-manager": ["Roll-out manager"],
        "training-manager": ["Training manager"],
    }
    assert User.objects.filter(is_staff=True, is_superuser=False, is_persona=True).count() == 4
    assert not User.objects.filter(is_superuser=True).exists()


def reasons(slug: str) -> dict[str, str]:
    """Return why each conversation of a persona would be kept out, were it no persona's."""
    account, at = make(PERSONAS[slug]), PERSONAS[slug].instant()
    assert at is not None
    found = Conversation.objects.filter(user=account).with_kept_until().annotate(why=reason_if_it_counted(at))
    return dict(found.values_list("title", "why"))


def test_conversations_of_each_phase_stand_as_the_rule_says(update: PolicyUpdate) -> None:
    assert reasons("on-off-on") == {
        "Written before any answer, and left alone": "not_resumed",
        "Written before any answer, and resumed at the end": "",
        "Written while training was allowed": "not_resumed",
        "Written while training was refused": "not_resumed",
        "Written since training is allowed again": "",
    }


def test_private_excluded_deleted_and_commercial(update: PolicyUpdate) -> None:
    assert set(reasons("private-only").values()) == {"private"}
    assert reasons("excluded-one")["What did the doctor mean?"] == "excluded"
    assert reasons("deleted-chat")["Forget this one"] == "deleted"
    assert set(reasons("team").values()) == {"commercial"}
    assert reasons("allowed") == {
        "Which trees grow above the tree line?": "not_resumed",
        "Plan a weekend hike with me.": "",
        "Why does this test fail on Mondays?": "",
    }


def test_deletion_can_still_be_undone_at_its_instant(update: PolicyUpdate) -> None:
    account, at = make(PERSONAS["deleted-chat"]), PERSONAS["deleted-chat"].instant()
    assert at is not None
    assert undoable(account, at=at).count() == 1


def test_feedback_is_filtered_and_linked(update: PolicyUpdate) -> None:
    feedback = Feedback.objects.get(user=make(PERSONAS["feedback-given"]))
    assert "anna@" not in str(feedback.copy.excerpt)
    assert "How far is it to the hut?" in str(feedback.copy.excerpt)


def test_evidence_is_the_personas_own_with_the_real_time_beside_it(update: PolicyUpdate) -> None:
    before = timezone.now()
    account = make(PERSONAS["on-off-on"])

    records = ConsentRecord.objects.filter(principal=account.principal).order_by("sequence")

    kinds = [record.kind for record in records if record.kind not in {Kind.SHOWN, Kind.TERMS_ACCEPTED}]
    assert kinds == [Kind.TRAINING_ALLOWED, Kind.TRAINING_WITHDRAWN, Kind.TRAINING_ALLOWED]
    for record in records:
        assert record.actor == record.principal
        assert record.occurred_at.year == 2025
        assert before <= record.recorded_at <= timezone.now()


# The seed


def seeded() -> str:
    output = StringIO()
    call_command("seed_personas", stdout=output)
    return output.getvalue()


def test_seed_makes_every_persona_once(update: PolicyUpdate) -> None:
    made = seeded()
    assert all(slug in made for slug in PERSONAS)
    before = User.objects.count(), Conversation.objects.count(), ConsentRecord.objects.count()

    assert seeded() == "The personas are there already.\n"
    assert (User.objects.count(), Conversation.objects.count(), ConsentRecord.objects.count()) == before
    assert verify().first is None


def test_seed_makes_the_one_that_has_gone(update: PolicyUpdate) -> None:
    account = make(PERSONAS["team"])
    close_account(account, at=MEANWHILE)
    erase(account.principal)

    assert "team" in seeded()
    assert PERSONAS["team"].account() not in {None, account}


def test_seed_that_was_killed_goes_on_where_it_was(update: PolicyUpdate, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(PERSONAS, "allowed", dataclasses.replace(PERSONAS["allowed"], live=killed))
        with pytest.raises(KeyboardInterrupt):
            seeded()
    made = User.objects.count()
    assert 0 < made < len(PERSONAS)
    assert not User.objects.filter(email=PERSONAS["allowed"].email).exists(), "each is made whole or not at all"

    assert "allowed" in seeded()
    assert User.objects.count() == len(PERSONAS)
    assert verify().first is None


def test_seed_says_whose_address_is_an_ordinary_accounts(update: PolicyUpdate) -> None:
    make_user(PERSONAS["team"].email)
    elsewhere = make_user()
    EmailAddress.objects.create(user=elsewhere, email=PERSONAS["gov"].email, verified=False)

    for slug in ("team", "gov"):
        with pytest.raises(CommandError, match=f"^{slug}@personas.example is the address of an ordinary account"):
            seeded()
        EmailAddress.objects.filter(email=PERSONAS[slug].email).delete()
        User.objects.filter(email=PERSONAS[slug].email).delete()
    assert "api" in seeded()


def test_account_that_was_given_another_address_is_still_that_persona(update: PolicyUpdate) -> None:
    account = make(PERSONAS["team"])
    User.objects.filter(pk=account.pk).update(email="elsewhere@example.com")
    EmailAddress.objects.filter(user=account).update(email="elsewhere@example.com")
    account.refresh_from_db()

    assert persona_of(account) == PERSONAS["team"]
    assert PERSONAS["team"].account() == account
    again = reset(PERSONAS["team"])
    account.refresh_from_db()
    assert account.erased_at is not None
    assert (again.email, PERSONAS["team"].account()) == (PERSONAS["team"].email, again)


def test_account_from_before_principals_had_marks_is_known_by_its_address(update: PolicyUpdate) -> None:
    account = make_user(PERSONAS["team"].email, is_persona=True)
    assert PERSONAS["team"].account() == account
    assert make(PERSONAS["team"]) == account


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_there", [True, False])
def test_seeds_and_resets_at_once_leave_one_account(update: PolicyUpdate, *, is_there: bool) -> None:
    persona, together, failed = PERSONAS["undecided-first-day"], threading.Barrier(4, timeout=60), []
    if is_there:
        make(persona)

    def act(do: Callable[[Persona], User]) -> None:
        try:
            together.wait()
            do(persona)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test says it
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=[do]) for do in (reset, make, reset, make)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failed
    assert len(persona.stored()) == 1
    assert verify().first is None


@pytest.mark.django_db
def test_seed_needs_an_update(settings: object) -> None:
    with pytest.raises(CommandError, match="seed_demo first"):
        call_command("seed_personas")
    assert not User.objects.exists()


def test_later_update_changes_no_state(update: PolicyUpdate) -> None:
    make_update("2026-03-01", announced_at=AFTERWARDS, last_day=AFTERWARDS.date())

    for slug, expected in STATES.items():
        account, at = make(PERSONAS[slug]), PERSONAS[slug].instant()
        assert at is not None
        standing = standing_of(account, at)
        assert (standing.prompt, standing.state.training) == expected, slug


@pytest.mark.parametrize("made_before", [True, False])
def test_moved_last_day_moves_the_instants_and_leaves_everyone_in_their_state(
    update: PolicyUpdate, *, made_before: bool
) -> None:
    for persona in PERSONAS.values() if made_before else ():
        make(persona)
    later = LAST_DAY + timedelta(days=10)
    move_last_day(update, later, by=make_staff(), at=MEANWHILE, reason="More time.")
    deadline = DEADLINE + timedelta(days=10)

    moved = {preset.name: at for preset, at in presets(asked_update())}
    assert (moved["second-before-deadline"], moved["deadline"]) == (deadline - SECOND, deadline)
    assert moved["second-after-deadline"] == deadline + SECOND
    assert PERSONAS["undecided-last-day"].instant() == deadline - timedelta(hours=1)
    for slug in STATES:
        assert not is_changed(PERSONAS[slug], make(PERSONAS[slug])), slug
    for seconds, prompt in ((-1, Prompt.POP_UP), (0, Prompt.GATE), (1, Prompt.GATE)):
        standing = standing_of(make(PERSONAS["undecided-last-day"]), deadline + seconds * SECOND)
        assert standing.prompt is prompt


def test_update_is_rolled_out_to_personas_as_soon_as_to_anyone(db: None) -> None:
    make_update(rollout_percentage=3)
    account, at = make(PERSONAS["undecided-first-day"]), PERSONAS["undecided-first-day"].instant()
    assert at is not None
    assert standing_of(account, at).prompt is Prompt.POP_UP


# They count nowhere


def test_nothing_of_a_persona_is_ever_eligible_or_in_a_run(update: PolicyUpdate, alice: User) -> None:
    for slug in ("allowed", "on-off-on", "feedback-given"):
        make(PERSONAS[slug])
    answer_as(alice, Training.ALLOW)
    hers = make_conversation(alice, at=MEANWHILE + timedelta(hours=1))

    run = make_run(make_staff(), at=MEANWHILE + timedelta(hours=2))

    assert held(run) == {hers}
    eligible = Conversation.objects.eligible(MEANWHILE + timedelta(hours=2))
    assert not eligible.filter(user__is_persona=True).exists()


# Resetting


def test_reset_gives_a_fresh_principal_in_the_first_state(update: PolicyUpdate) -> None:
    persona = PERSONAS["allowed"]
    first = make(persona)
    answer_as(first, Training.REFUSE, at=MEANWHILE)
    records = list(ConsentRecord.objects.filter(principal=first.principal))

    again = reset(persona)

    assert (again.principal != first.principal, again.email) == (True, persona.email)
    assert ConsentState.objects.get(user=again).training == Training.ALLOW
    assert list(ConsentRecord.objects.filter(principal=first.principal)) == records
    assert not Conversation.objects.filter(user=first).exists()
    first.refresh_from_db()
    assert (first.is_persona, first.erased_at is not None, first.email) == (
        True,
        True,
        f"{first.principal}@erased.invalid",
    )


@pytest.mark.django_db(transaction=True)
def test_evidence_and_journal_hold_after_resetting_each(update: PolicyUpdate) -> None:
    for persona in PERSONAS.values():
        make(persona)
        reset(persona)

    report = verify()

    assert report.first is None
    assert report.people > len([slug for slug, (_prompt, training) in STATES.items() if training])
    assert not is_behind()


def test_reset_leaves_no_copy_of_feedback(update: PolicyUpdate) -> None:
    make(PERSONAS["feedback-given"])
    reset(PERSONAS["feedback-given"])
    assert FeedbackCopy.objects.count() == Feedback.objects.count() == 1


def test_reset_brings_back_one_that_deleted_its_account(update: PolicyUpdate) -> None:
    first = make(PERSONAS["team"])
    close_account(first, at=MEANWHILE)
    assert PERSONAS["team"].account() is None, "what it held has not been erased yet"

    assert reset(PERSONAS["team"]).pk != first.pk
    first.refresh_from_db()
    assert (first.closed_at, first.erased_at is not None) == (MEANWHILE, True)


def test_reset_touches_nobody_else(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, Training.ALLOW)
    make_conversation(alice)
    other = make(PERSONAS["refused"])
    before = [raw_row(row) for model in (User, ConsentState, Conversation) for row in model.objects.order_by("pk")]
    make(PERSONAS["allowed"])

    reset(PERSONAS["allowed"])

    own = {alice.pk, other.pk}
    after = [
        *(raw_row(row) for row in User.objects.filter(pk__in=own).order_by("pk")),
        *(raw_row(row) for row in ConsentState.objects.filter(pk__in=own).order_by("pk")),
        *(raw_row(row) for row in Conversation.objects.filter(user__in=own).order_by("pk")),
    ]
    assert after == before


def test_reset_signs_the_persona_out_elsewhere_and_in_again_here(client: Client, become: Become) -> None:
    elsewhere = Client()
    become("allowed")
    become("allowed", browser=elsewhere)

    client.post("/qa/reset/", {"persona": "allowed"})

    assert client.get("/chats/").wsgi_request.user == PERSONAS["allowed"].account()
    assert elsewhere.get("/chats/").wsgi_request.user.is_anonymous


def test_reset_is_at_the_products_time(client: Client, become: Become) -> None:
    first = become("allowed")
    before = timezone.now()

    client.post("/qa/reset/", {"persona": "allowed"})

    first.refresh_from_db()
    assert first.closed_at is not None
    assert before <= first.closed_at <= timezone.now()


@pytest.mark.django_db
def test_without_an_update_there_is_no_state_to_be_in() -> None:
    with pytest.raises(NothingAsked):
        reset(PERSONAS["allowed"])
    with pytest.raises(NothingAsked):
        make(PERSONAS["allowed"])


def test_address_of_a_persona_makes_nobody_one(update: PolicyUpdate) -> None:
    assert persona_of(make_user(PERSONAS["team"].email)) is None
    assert PERSONAS["team"].account() is None
