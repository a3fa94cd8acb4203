import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from accounts.actions import change_plan
from accounts.models import Plan, User
from privacy import actions
from privacy.models import (
    ConsentRecord,
    ConsentState,
    Kind,
    Method,
    Notice,
    PolicyUpdate,
    Surface,
    Training,
    UpdateAct,
)
from privacy.publication import move_last_day
from privacy.question import question_for
from privacy.receipts import receipt_for
from privacy.standing import Prompt, standing_of
from privacy.tokens import FormToken
from privacy.verification import verify
from tests.conftest import MoveClock
from tests.factories import (
    AFTERWARDS,
    ANNOUNCED,
    DEADLINE,
    MEANWHILE,
    PASSWORD,
    SECOND,
    VERSION,
    answer_as,
    defer_as,
    make_staff,
    make_update,
    make_user,
    shown_token,
)

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
ALLOW, REFUSE = Training.ALLOW, Training.REFUSE
COMMERCIAL = [Plan.TEAM, Plan.ENTERPRISE, Plan.GOV, Plan.EDUCATION, Plan.API]


@pytest.fixture(autouse=True)
def _ledger_stays_whole(db: None) -> Iterator[None]:
    """Whatever was done, the evidence and the states fit together afterwards."""
    yield
    assert verify().first is None


def state_of(user: User) -> ConsentState:
    return ConsentState.objects.get(user=user)


def kinds_of(user: User) -> list[str]:
    """Return what is recorded about someone but for what they were shown, in order."""
    records = ConsentRecord.objects.filter(principal=user.principal).exclude(kind=Kind.SHOWN)
    return list(records.order_by("sequence").values_list("kind", flat=True))


def save(user: User, token: FormToken, training: Training | None, **values: Any) -> uuid.UUID:
    """Send a form."""
    arguments = {"terms": False, "gpc": False, "at": MEANWHILE, **values}
    return actions.answer(user, token, training=training, **arguments)


def everything() -> list[list[tuple[Any, ...]]]:
    tables: tuple[type[models.Model], ...] = (ConsentRecord, ConsentState, Notice, PolicyUpdate, UpdateAct, User)
    return [sorted(table._default_manager.values_list(), key=repr) for table in tables]


@contextmanager
def refused(error: type[actions.NotDone]) -> Iterator[None]:
    """Expect a refusal, and that not one row of what was there is another, gone or new."""
    before = everything()
    with pytest.raises(error) as refusal:
        yield
    assert type(refusal.value) is error
    assert everything() == before


# What was shown


def shown(user: User, surface: Surface, *, at: Any = MEANWHILE, language: str = "en") -> None:
    with translation.override(language):
        question = question_for(standing_of(user, at), surface)
    assert question is not None
    actions.record_shown(user, question, gpc=True, at=at)


def test_shown_is_recorded_once_per_notice_and_surface(alice: User, update: PolicyUpdate) -> None:
    for _time in range(2):
        shown(alice, Surface.POP_UP)
        shown(alice, Surface.SETTINGS)
        shown(alice, Surface.POP_UP, language="zh-hans")
    records = ConsentRecord.objects.order_by("sequence")
    assert [(record.kind, record.surface, record.language) for record in records] == [
        ("shown", "pop_up", "en"),
        ("shown", "settings", "en"),
        ("shown", "pop_up", "zh-hans"),
    ]
    assert Notice.objects.count() == 3


def test_shown_is_recorded_for_each_person_and_the_notice_kept_once(
    alice: User, mallory: User, update: PolicyUpdate
) -> None:
    shown(alice, Surface.POP_UP)
    shown(mallory, Surface.POP_UP)
    assert ConsentRecord.objects.count() == 2
    assert Notice.objects.count() == 1


def test_shown_is_no_choice(alice: User, update: PolicyUpdate) -> None:
    shown(alice, Surface.POP_UP)
    state = state_of(alice)
    assert (state.training, state.answered_update, state.terms_update, state.last_receipt) == ("", None, None, None)


def test_shown_again_when_the_last_day_has_moved(alice: User, update: PolicyUpdate) -> None:
    shown(alice, Surface.POP_UP)
    move_last_day(update, update.last_day + 10 * DAY, reason="More time.", by=make_staff(), at=MEANWHILE)
    shown(alice, Surface.POP_UP)
    texts = Notice.objects.values_list("text", flat=True)
    days = {day: sum(day in text for text in texts) for day in ("September 28, 2025", "October 8, 2025")}
    assert days == {"September 28, 2025": 1, "October 8, 2025": 1}


def test_record_of_what_was_shown_has_every_field(alice: User, update: PolicyUpdate) -> None:
    before = timezone.now()
    shown(alice, Surface.GATE, at=AFTERWARDS, language="zh-hans")
    record = ConsentRecord.objects.get()
    assert record.update_id == VERSION
    assert (record.principal, record.actor, record.sequence) == (alice.principal, alice.principal, 1)
    assert (record.kind, record.surface, record.method, record.language) == ("shown", "gate", "", "zh-hans")
    assert (record.previous_value, record.new_value, record.receipt, record.gpc) == ("", "", None, True)
    assert record.occurred_at == AFTERWARDS
    assert before <= record.recorded_at <= timezone.now()
    assert record.notice.text.startswith("update: 2025-08-28\nlanguage: zh-hans\nsurface: gate\n")


# Not now


def test_not_now_holds_a_day_twice_and_then_seven(alice: User, update: PolicyUpdate) -> None:
    at, days = ANNOUNCED, []
    for _time in range(4):
        until = defer_as(alice, at=at).deferred_until
        assert until is not None
        days.append((until - at).days)
        at = until
    assert days == [1, 1, 7, 7]
    assert state_of(alice).deferrals == 4


def test_not_now_never_holds_past_the_deadline(alice: User, update: PolicyUpdate) -> None:
    assert defer_as(alice, at=DEADLINE - DAY).deferred_until == DEADLINE
    assert defer_as(make_user(), at=DEADLINE - SECOND).deferred_until == DEADLINE
    assert standing_of(alice, DEADLINE).prompt is Prompt.GATE


def test_not_now_follows_the_settings_of_the_update(alice: User) -> None:
    make_update(short_deferrals=1, short_deferral_days=2, long_deferral_days=3)
    assert defer_as(alice, at=MEANWHILE).deferred_until == MEANWHILE + 2 * DAY
    assert defer_as(alice, at=MEANWHILE + 2 * DAY).deferred_until == MEANWHILE + 5 * DAY


def test_not_now_is_no_choice(alice: User, update: PolicyUpdate) -> None:
    defer_as(alice)
    state = state_of(alice)
    assert (state.training, state.answered_update, state.terms_update, state.last_receipt) == ("", None, None, None)
    assert kinds_of(alice) == ["deferred"]


@pytest.mark.parametrize("method", [Method.BUTTON, Method.ESC, Method.CLOSE])
def test_record_of_not_now_has_every_field(method: Method, alice: User, update: PolicyUpdate) -> None:
    defer_as(alice, method=method)
    record = ConsentRecord.objects.get(kind=Kind.DEFERRED)
    assert (record.update_id, record.sequence) == (VERSION, 2)
    assert (record.principal, record.actor) == (alice.principal, alice.principal)
    assert (record.surface, record.method, record.language) == ("pop_up", method, "en")
    assert (record.previous_value, record.new_value, record.receipt, record.gpc) == ("", "", None, False)
    assert (record.occurred_at, record.notice.surface) == (MEANWHILE, "pop_up")


def test_not_now_said_again_while_it_holds_writes_nothing(alice: User, update: PolicyUpdate) -> None:
    token = shown_token(alice, at=MEANWHILE)
    for at in (MEANWHILE, MEANWHILE, MEANWHILE + DAY - SECOND):
        state = actions.defer(alice, token, method=Method.ESC, gpc=False, at=at)
        assert (state.deferrals, state.deferred_until) == (1, MEANWHILE + DAY)
    assert kinds_of(alice) == ["deferred"]


def test_not_now_begins_anew_with_a_new_update(alice: User, update: PolicyUpdate) -> None:
    defer_as(alice, at=MEANWHILE)
    defer_as(alice, at=MEANWHILE + DAY)
    make_update("2025-09-15", announced_at=MEANWHILE + 5 * DAY, last_day=AFTERWARDS.date())
    state = defer_as(alice, at=MEANWHILE + 5 * DAY)
    assert (state.deferral_update_id, state.deferrals) == ("2025-09-15", 1)
    assert state.deferred_until == MEANWHILE + 6 * DAY


def defer(user: User, token: FormToken, *, at: Any = MEANWHILE) -> None:
    actions.defer(user, token, method=Method.BUTTON, gpc=False, at=at)


@pytest.mark.parametrize("late", [timedelta(), SECOND])
def test_not_now_is_refused_from_the_deadline_on(late: timedelta, alice: User, update: PolicyUpdate) -> None:
    token = shown_token(alice, at=MEANWHILE)
    with refused(actions.CannotDefer):
        defer(alice, token, at=DEADLINE + late)


def test_not_now_is_refused_to_newcomers(update: PolicyUpdate) -> None:
    newcomer = make_user(joined_at=ANNOUNCED)
    token = shown_token(newcomer, at=MEANWHILE)
    with refused(actions.CannotDefer):
        defer(newcomer, token)


def test_not_now_is_refused_from_a_form_that_does_not_offer_it(alice: User, update: PolicyUpdate) -> None:
    token = shown_token(alice, at=MEANWHILE, surface=Surface.SETTINGS)
    with refused(actions.CannotDefer):
        defer(alice, token)


def test_not_now_is_refused_to_who_has_answered(alice: User, update: PolicyUpdate) -> None:
    token = shown_token(alice, at=MEANWHILE)
    answer_as(alice, REFUSE, terms=False)
    with refused(actions.StaleForm):
        defer(alice, token)


def test_not_now_is_refused_for_an_update_that_is_no_longer_asked(alice: User, update: PolicyUpdate) -> None:
    token = shown_token(alice, at=MEANWHILE)
    make_update("2025-09-10", announced_at=MEANWHILE + SECOND, last_day=AFTERWARDS.date())
    with refused(actions.StaleForm):
        defer(alice, token, at=MEANWHILE + SECOND)


@pytest.mark.parametrize("plan", COMMERCIAL)
def test_not_now_is_refused_on_a_commercial_plan(plan: Plan, alice: User, update: PolicyUpdate) -> None:
    token = shown_token(alice, at=MEANWHILE)
    change_plan(alice, plan, at=MEANWHILE)
    with refused(actions.NotAsked):
        defer(alice, token)


# An answer


def test_allow_with_the_terms_is_two_records_under_one_receipt(alice: User, update: PolicyUpdate) -> None:
    token = shown_token(alice, at=MEANWHILE, language="zh-hans")
    before = timezone.now()
    receipt = save(alice, token, ALLOW, terms=True, gpc=True)
    terms, training = ConsentRecord.objects.filter(receipt=receipt).order_by("sequence")
    for record in (terms, training):
        assert (record.principal, record.actor) == (alice.principal, alice.principal)
        assert (record.update_id, record.notice_id) == (VERSION, token.notice)
        assert (record.language, record.surface, record.method) == ("zh-hans", "pop_up", "button")
        assert (record.gpc, record.occurred_at) == (True, MEANWHILE)
        assert before <= record.recorded_at <= timezone.now()
    assert (terms.kind, terms.previous_value, terms.new_value) == ("terms_accepted", "", VERSION)
    assert (training.kind, training.previous_value, training.new_value) == ("training_allowed", "", "allow")
    state = state_of(alice)
    assert (state.training, state.allowed_since, state.last_receipt) == ("allow", MEANWHILE, receipt)
    assert (state.answered_update_id, state.terms_update_id) == (VERSION, VERSION)
    assert standing_of(alice, MEANWHILE).is_settled


@pytest.mark.parametrize("at", [MEANWHILE, AFTERWARDS])
def test_refuse_can_be_saved_alone(at: Any, alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, REFUSE, terms=False, at=at)
    assert kinds_of(alice) == ["training_refused"]
    state = state_of(alice)
    assert (state.training, state.allowed_since, state.terms_update) == ("refuse", None, None)


def test_refuse_alone_takes_the_pop_up_away_and_only_the_terms_open_the_gate(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, REFUSE, terms=False)
    assert standing_of(alice, DEADLINE - SECOND).prompt is Prompt.LINE
    assert standing_of(alice, DEADLINE).prompt is Prompt.GATE
    answer_as(alice, None, terms=True, at=DEADLINE, surface=Surface.GATE)
    assert standing_of(alice, DEADLINE).prompt is Prompt.NONE
    assert kinds_of(alice) == ["training_refused", "terms_accepted"]
    assert state_of(alice).training == "refuse"


def test_refuse_can_be_saved_with_the_terms(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, REFUSE, terms=True)
    assert kinds_of(alice) == ["terms_accepted", "training_refused"]
    assert standing_of(alice, MEANWHILE).is_settled


def test_allow_needs_the_terms(alice: User, update: PolicyUpdate) -> None:
    token = shown_token(alice, at=MEANWHILE)
    with refused(actions.TermsMissing):
        save(alice, token, ALLOW)


def test_allow_after_the_terms_needs_them_no_more(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, REFUSE, terms=True)
    answer_as(alice, ALLOW, terms=False, at=MEANWHILE + DAY)
    assert kinds_of(alice) == ["terms_accepted", "training_refused", "training_allowed"]


def test_terms_ticked_again_are_not_recorded_again(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, REFUSE, terms=True)
    answer_as(alice, ALLOW, terms=True, at=MEANWHILE + DAY)
    assert kinds_of(alice).count("terms_accepted") == 1


@pytest.mark.parametrize("terms", [True, False])
def test_answer_needs_a_choice(terms: bool, alice: User, update: PolicyUpdate) -> None:
    token = shown_token(alice, at=MEANWHILE)
    with refused(actions.ChoiceMissing):
        save(alice, token, None, terms=terms)


def test_terms_alone_need_to_be_ticked(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, REFUSE, terms=False)
    token = shown_token(alice, at=MEANWHILE)
    with refused(actions.TermsMissing):
        save(alice, token, None)


def test_settled_person_needs_a_choice_to_change(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, REFUSE, terms=True)
    token = shown_token(alice, at=MEANWHILE)
    with refused(actions.ChoiceMissing):
        save(alice, token, None, terms=True)


def test_global_privacy_control_presets_nothing(alice: User, update: PolicyUpdate) -> None:
    token = shown_token(alice, at=MEANWHILE)
    save(alice, token, ALLOW, terms=True, gpc=True)
    assert state_of(alice).training == "allow"
    assert ConsentRecord.objects.get(kind=Kind.TRAINING_ALLOWED).gpc


# Changing one's mind


def test_withdrawing_is_recorded_as_that_and_ends_the_period(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, ALLOW)
    answer_as(alice, REFUSE, terms=False, at=MEANWHILE + DAY)
    record = ConsentRecord.objects.get(kind=Kind.TRAINING_WITHDRAWN)
    assert (record.previous_value, record.new_value, record.surface) == ("allow", "refuse", "settings")
    state = state_of(alice)
    assert (state.training, state.allowed_since) == ("refuse", None)


def test_refusing_again_is_no_withdrawal(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, REFUSE)
    answer_as(alice, REFUSE, terms=False)
    assert kinds_of(alice) == ["terms_accepted", "training_refused", "training_refused"]


def test_allowing_again_goes_on_with_the_period(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, ALLOW)
    answer_as(alice, ALLOW, terms=False, at=MEANWHILE + DAY)
    assert state_of(alice).allowed_since == MEANWHILE


def test_allowing_after_a_refusal_begins_a_period(alice: User, update: PolicyUpdate) -> None:
    for days, training in enumerate((ALLOW, REFUSE, ALLOW)):
        answer_as(alice, training, terms=days == 0, at=MEANWHILE + days * DAY)
    assert state_of(alice).allowed_since == MEANWHILE + 2 * DAY


def test_allowing_a_later_update_goes_on_with_the_period(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, ALLOW)
    make_update("2025-10-01", announced_at=AFTERWARDS, last_day=(AFTERWARDS + 30 * DAY).date())
    answer_as(alice, ALLOW, at=AFTERWARDS)
    state = state_of(alice)
    assert (state.allowed_since, state.answered_update_id) == (MEANWHILE, "2025-10-01")


def undo_token(user: User, receipt: uuid.UUID) -> FormToken:
    found = receipt_for(user, receipt)
    assert found is not None
    return FormToken.issue(
        user,
        notice=found.first.notice_id,
        surface=Surface(found.first.surface),
        last_receipt=receipt,
        offers=[found.undoes_to] if found.undoes_to else [],
        method=Method.UNDO,
    )


def test_undo_is_an_answer_with_the_value_before(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, REFUSE)
    token = undo_token(alice, answer_as(alice, ALLOW, terms=False, at=MEANWHILE + DAY))
    save(alice, token, REFUSE, at=MEANWHILE + 2 * DAY)
    record = ConsentRecord.objects.latest("sequence")
    assert (record.kind, record.method) == ("training_withdrawn", "undo")
    assert (record.previous_value, record.new_value) == ("allow", "refuse")
    assert state_of(alice).training == "refuse"


def test_undo_of_a_withdrawal_begins_a_new_period(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, ALLOW)
    token = undo_token(alice, answer_as(alice, REFUSE, terms=False, at=MEANWHILE + DAY))
    save(alice, token, ALLOW, at=MEANWHILE + DAY + SECOND)
    assert state_of(alice).allowed_since == MEANWHILE + DAY + SECOND


def test_form_saves_only_what_it_offered(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, REFUSE, terms=False)
    terms_only = shown_token(alice, at=MEANWHILE, surface=Surface.GATE)
    with refused(actions.StaleForm):
        save(alice, terms_only, ALLOW, terms=True)


def test_form_that_never_offered_the_terms_does_not_save_them(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, ALLOW)
    change_plan(alice, Plan.TEAM, at=AFTERWARDS)
    make_update("2025-10-01", announced_at=AFTERWARDS, last_day=AFTERWARDS.date() + 30 * DAY)
    withdrawal = shown_token(alice, at=AFTERWARDS)
    change_plan(alice, Plan.FREE, at=AFTERWARDS)
    with refused(actions.StaleForm):
        save(alice, withdrawal, REFUSE, terms=True, at=AFTERWARDS)


def test_undo_token_saves_no_other_value(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, REFUSE)
    token = undo_token(alice, answer_as(alice, ALLOW, terms=False, at=MEANWHILE + DAY))
    with refused(actions.StaleForm):
        save(alice, token, ALLOW)


def test_undo_is_refused_once_something_else_was_answered(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, REFUSE)
    token = undo_token(alice, answer_as(alice, ALLOW, terms=False))
    answer_as(alice, ALLOW, terms=False)
    with refused(actions.StaleForm):
        save(alice, token, REFUSE)


# Several updates


def test_answering_the_latest_settles_the_earlier(alice: User, update: PolicyUpdate) -> None:
    make_update("2025-10-01", announced_at=AFTERWARDS, last_day=(AFTERWARDS + 30 * DAY).date())
    assert standing_of(alice, AFTERWARDS).prompt is Prompt.GATE
    answer_as(alice, ALLOW, at=AFTERWARDS)
    assert standing_of(alice, AFTERWARDS).unsettled == ()
    assert standing_of(alice, AFTERWARDS + 365 * DAY).prompt is Prompt.NONE
    assert set(ConsentRecord.objects.values_list("update_id", flat=True)) == {"2025-10-01"}


def test_old_choice_stands_until_the_new_update_is_answered(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, ALLOW)
    make_update("2025-10-01", announced_at=AFTERWARDS, last_day=(AFTERWARDS + 30 * DAY).date())
    defer_as(alice, at=AFTERWARDS)
    state = state_of(alice)
    assert (state.training, state.answered_update_id, state.allowed_since) == ("allow", VERSION, MEANWHILE)


def test_update_that_is_not_material_asks_nothing(alice: User) -> None:
    make_update(is_material=False)
    assert question_for(standing_of(alice, AFTERWARDS), Surface.SETTINGS) is None


# A form that is out of date


def test_same_form_sent_twice_shows_the_first_receipt(alice: User, update: PolicyUpdate) -> None:
    token = shown_token(alice, at=MEANWHILE)
    first = save(alice, token, ALLOW, terms=True)
    before = everything()
    assert save(alice, token, ALLOW, terms=True, at=MEANWHILE + DAY) == first
    assert everything() == before


def test_same_form_sent_twice_shows_the_first_receipt_though_more_was_answered(
    alice: User, update: PolicyUpdate
) -> None:
    token = shown_token(alice, at=MEANWHILE)
    first = save(alice, token, REFUSE, terms=True)
    answer_as(alice, ALLOW, terms=False)
    before = everything()
    assert save(alice, token, REFUSE, terms=True) == first
    assert everything() == before
    assert state_of(alice).training == "allow"


@pytest.mark.parametrize(
    ("training", "terms", "other_training", "other_terms"),
    [
        (ALLOW, True, REFUSE, True),
        (REFUSE, False, ALLOW, True),
        (REFUSE, False, REFUSE, True),
        (REFUSE, True, REFUSE, False),
        (ALLOW, True, None, True),
    ],
)
def test_same_form_sent_with_other_values_is_stale(
    training: Training,
    terms: bool,
    other_training: Training | None,
    other_terms: bool,
    alice: User,
    update: PolicyUpdate,
) -> None:
    token = shown_token(alice, at=MEANWHILE)
    save(alice, token, training, terms=terms)
    with refused(actions.StaleForm):
        save(alice, token, other_training, terms=other_terms)


def test_form_is_stale_once_another_device_has_answered(alice: User, update: PolicyUpdate) -> None:
    phone, laptop = shown_token(alice, at=MEANWHILE), shown_token(alice, at=MEANWHILE)
    save(alice, phone, REFUSE)
    with refused(actions.StaleForm):
        save(alice, laptop, ALLOW, terms=True)
    assert state_of(alice).training == "refuse"


def test_empty_form_is_stale_once_another_device_has_answered(alice: User, update: PolicyUpdate) -> None:
    token = shown_token(alice, at=MEANWHILE)
    answer_as(alice, REFUSE)
    with refused(actions.StaleForm):
        save(alice, token, None)


def test_form_is_not_stale_for_what_another_device_has_put_off(alice: User, update: PolicyUpdate) -> None:
    token = shown_token(alice, at=MEANWHILE)
    defer_as(alice)
    save(alice, token, REFUSE)
    assert kinds_of(alice) == ["deferred", "training_refused"]


def test_form_is_stale_once_a_newer_update_is_announced(alice: User, update: PolicyUpdate) -> None:
    token = shown_token(alice, at=MEANWHILE)
    make_update("2025-09-15", announced_at=MEANWHILE + DAY, last_day=AFTERWARDS.date())
    with refused(actions.StaleForm):
        save(alice, token, ALLOW, terms=True, at=MEANWHILE + DAY)


def test_form_is_not_stale_for_an_update_that_is_only_published(alice: User, update: PolicyUpdate) -> None:
    token = shown_token(alice, at=MEANWHILE)
    make_update("2025-09-15", announced_at=MEANWHILE + DAY, last_day=AFTERWARDS.date())
    save(alice, token, ALLOW, terms=True, at=MEANWHILE + DAY - SECOND)
    assert state_of(alice).answered_update_id == VERSION


def test_form_is_stale_once_an_update_is_published_whose_announcement_has_been(
    alice: User, update: PolicyUpdate
) -> None:
    token = shown_token(alice, at=MEANWHILE)
    make_update("2025-09-01", announced_at=MEANWHILE - DAY, last_day=AFTERWARDS.date())
    with refused(actions.StaleForm):
        save(alice, token, ALLOW, terms=True)


def test_form_is_not_stale_by_its_age(alice: User, update: PolicyUpdate) -> None:
    token = shown_token(alice, at=MEANWHILE)
    save(alice, token, REFUSE, at=MEANWHILE + 3650 * DAY)
    assert state_of(alice).training == "refuse"


def test_form_is_stale_whose_notice_was_never_kept(alice: User, update: PolicyUpdate) -> None:
    token = FormToken.issue(
        alice, notice="0" * 64, surface=Surface.GATE, last_receipt=None, offers=["allow", "refuse", "terms"]
    )
    with refused(actions.StaleForm):
        save(alice, token, REFUSE)


# Commercial plans


@pytest.mark.parametrize("plan", COMMERCIAL)
@pytest.mark.parametrize("training", [ALLOW, REFUSE, None])
@pytest.mark.parametrize("terms", [True, False])
def test_commercial_plan_has_no_choice_to_make(
    plan: Plan, training: Training | None, terms: bool, alice: User, update: PolicyUpdate
) -> None:
    token = shown_token(alice, at=MEANWHILE)
    change_plan(alice, plan, at=MEANWHILE)
    with refused(actions.NotAsked):
        save(alice, token, training, terms=terms)


@pytest.mark.parametrize("plan", COMMERCIAL)
def test_commercial_plan_lets_an_earlier_allow_be_withdrawn(plan: Plan, alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, ALLOW)
    change_plan(alice, plan, at=MEANWHILE)
    answer_as(alice, REFUSE, terms=False, at=MEANWHILE + DAY)
    assert kinds_of(alice)[-1] == "training_withdrawn"
    token = undo_token(alice, state_of(alice).last_receipt or uuid.uuid4())
    with refused(actions.NotAsked):
        save(alice, token, ALLOW)


@pytest.mark.parametrize(("training", "terms"), [(ALLOW, False), (ALLOW, True), (REFUSE, True), (None, True)])
def test_commercial_plan_lets_nothing_but_that_be_saved(
    training: Training | None, terms: bool, alice: User, update: PolicyUpdate
) -> None:
    answer_as(alice, ALLOW)
    change_plan(alice, Plan.TEAM, at=MEANWHILE)
    token = shown_token(alice, at=MEANWHILE)
    with refused(actions.NotAsked):
        save(alice, token, training, terms=terms)


def test_answer_stands_when_a_commercial_plan_ends(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, ALLOW)
    change_plan(alice, Plan.TEAM, at=MEANWHILE + DAY)
    change_plan(alice, Plan.PRO, at=AFTERWARDS)
    assert standing_of(alice, AFTERWARDS).prompt is Prompt.NONE
    assert (state_of(alice).training, state_of(alice).allowed_since) == ("allow", MEANWHILE)


# Nobody answers for someone else


def test_record_of_an_answer_someone_else_gave_is_refused_by_the_database(
    alice: User, mallory: User, update: PolicyUpdate
) -> None:
    answer_as(alice, REFUSE)
    record = ConsentRecord.objects.latest("sequence")
    record.pk, record.sequence, record.receipt, record.actor = uuid.uuid4(), 99, uuid.uuid4(), mallory.principal
    with pytest.raises(IntegrityError), transaction.atomic():
        record.save(force_insert=True)


@pytest.mark.parametrize(
    ("kind", "receipt", "method"),
    [
        (Kind.SHOWN, None, Method.BUTTON),
        (Kind.SHOWN, uuid.uuid4(), ""),
        (Kind.DEFERRED, None, ""),
        (Kind.DEFERRED, uuid.uuid4(), Method.ESC),
        (Kind.TRAINING_ALLOWED, None, Method.BUTTON),
        (Kind.TRAINING_ALLOWED, uuid.uuid4(), ""),
        ("assumed", None, Method.BUTTON),
    ],
)
def test_record_that_makes_no_sense_is_refused_by_the_database(
    kind: str, receipt: uuid.UUID | None, method: str, alice: User, mallory: User, update: PolicyUpdate
) -> None:
    answer_as(alice, REFUSE)
    record = ConsentRecord.objects.latest("sequence")
    record.pk, record.principal, record.actor = uuid.uuid4(), mallory.principal, mallory.principal
    record.kind, record.receipt, record.method = kind, receipt, method
    with pytest.raises(IntegrityError), transaction.atomic():
        record.save(force_insert=True)


# What it costs


def statements(queries: CaptureQueriesContext) -> list[str]:
    """Return the SQL that was run, without sessions and what only frames a transaction."""
    frame = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    found = [query["sql"] for query in queries.captured_queries]
    return [sql for sql in found if not sql.startswith(frame) and "django_session" not in sql]


@pytest.mark.parametrize(("training", "terms"), [(ALLOW, True), (REFUSE, False)])
def test_answer_takes_at_most_seven_statements(
    training: Training, terms: bool, alice: User, update: PolicyUpdate
) -> None:
    token = shown_token(alice, at=MEANWHILE)
    with CaptureQueriesContext(connection) as queries:
        save(alice, token, training, terms=terms)
    assert len(statements(queries)) <= 7


@pytest.mark.parametrize(("training", "terms"), [(ALLOW, True), (REFUSE, False)])
def test_request_with_an_answer_takes_at_most_seven_statements(
    training: Training, terms: bool, client: Client, alice: User, update: PolicyUpdate, moved_to: MoveClock
) -> None:
    moved_to(MEANWHILE)
    assert client.login(username=alice.email, password=PASSWORD)
    token = shown_token(alice, at=MEANWHILE)
    data = {"token": token.sign(), "training": training.value, **({"terms": "on"} if terms else {})}
    with CaptureQueriesContext(connection) as queries:
        response = client.post(reverse("privacy:answer"), data)
    assert response.status_code == 303
    assert state_of(alice).training == training
    # Loading the person is the session's, as on every page.
    assert len(statements(queries)) - 1 <= 7
    assert sum("accounts_user" in sql for sql in statements(queries)) == 2
