"""Every state of a page that is worth looking at, by name: what brings a visit there.

A new page, or a new state of one, gets a function here and is looked at in both languages, in light, dark and
forced colours, narrow and wide, with scripts and without.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import reverse
from playwright.sync_api import expect

from accounts.actions import change_plan
from accounts.models import DataExport, Plan, User
from consent_site import views
from conversations.actions import delete_conversation, exclude_conversation, start_conversation, write_message
from conversations.assistant import OfflineAssistant
from conversations.models import Conversation, ConversationKind, Format
from conversations.replies import answer_message
from privacy.drafts import keep_draft
from privacy.models import ConsentRecord, Kind, Training
from privacy.reminder_letters import unsubscribe_token
from tests.browser.server import AFTERWARDS, BEFORE, MEANWHILE
from tests.browser.visit import Visit
from tests.factories import SECOND, VERSION, answer_as, defer_as
from training.models import ManifestRow, Purpose, State, TrainingRun

NEWCOMER = datetime.fromisoformat("2025-09-03T09:00Z")
HOUR = timedelta(hours=1)
PRESENT, FORMER = VERSION, "2025-01-15"
SUBMIT = "button[form=answer-form]"


@dataclass(frozen=True, slots=True)
class Screen:
    """One state: on which server, and how a visit gets there."""

    name: str
    now: datetime
    show: Callable[[Visit], None]

    def __str__(self) -> str:
        return self.name


SCREENS: list[Screen] = []


def screen(now: datetime = MEANWHILE) -> Callable[[Callable[[Visit], None]], Callable[[Visit], None]]:
    """List a function as the way to the screen of its name."""

    def listed(show: Callable[[Visit], None]) -> Callable[[Visit], None]:
        SCREENS.append(Screen(show.__name__, now, show))
        return show

    return listed


def settled(visit: Visit, training: Training = Training.REFUSE) -> User:
    """Sign in someone who has answered, and is left in peace."""
    user = visit.person()
    with visit.server.database():
        answer_as(user, training, at=visit.server.now - HOUR, language=visit.language)
    return user


def chat_of(visit: Visit, user: User) -> Conversation:
    """Make a chat with a question of its owner and a reply."""
    text = "周末徒步该带些什么?" if visit.language == "zh-hans" else "What do I pack for a weekend hike?"
    with visit.server.database():
        message = start_conversation(user, text, at=visit.server.now - 2 * HOUR)
        answer_message(message, OfflineAssistant(), at=lambda: visit.server.now - 2 * HOUR + SECOND)
        return message.conversation


def coding_session_of(visit: Visit, user: User) -> Conversation:
    """Make a coding session with code, a diff and a reply in it."""
    at = visit.server.now - HOUR
    with visit.server.database():
        code, coding = "def walk(km):\n    return km * 12  # " + "minutes " * 20, ConversationKind.CODING_SESSION
        message = start_conversation(user, code, at=at, kind=coding, format=Format.CODE, workspace="walk")
        write_message(user, message.conversation, "--- a\n+++ b\n-12\n+15", at=at, format=Format.DIFF)
        text = "# 1\n\n```python\n" + "x = 1  " * 40 + "\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |"
        write_message(user, message.conversation, text, at=at)
        answer_message(message, OfflineAssistant(), at=lambda: at)
        return message.conversation


def run_with_something_of(visit: Visit) -> Conversation:
    """Sign in someone who allows training, with a chat in a started run and in one that has not started."""
    user = settled(visit, Training.ALLOW)
    conversation = chat_of(visit, user)
    with visit.server.database():
        # Resumed after the answer: before that it may not be used, and would be taken out of the other run.
        write_message(user, conversation, "?", at=visit.server.now)
        for state in (State.STARTED, State.PREPARED):
            make_manifest(user, conversation, state=state, at=visit.server.now)
    return conversation


def make_manifest(user: User, conversation: Conversation, *, state: State, at: datetime) -> None:
    """Write the rows of a run that holds one conversation, as far as people see them: there are no files."""
    run = TrainingRun.objects.create(purpose=Purpose.MODEL_IMPROVEMENT, created_at=at)
    record = ConsentRecord.objects.get(principal=user.principal, kind=Kind.TRAINING_ALLOWED)
    ManifestRow.objects.create(
        run=run,
        shard=0,
        export_id=uuid.uuid4(),
        conversation=conversation.pk,
        record=record,
        messages=1,
        last_message=1,
    )
    for after in (State.PREPARED, State.STARTED)[: 1 if state is State.PREPARED else 2]:
        TrainingRun.objects.filter(pk=run.pk).update(state=after, frozen_at=at, filed_at=at)


def tick(visit: Visit, *ids: str) -> None:
    """Choose by the labels, as people do."""
    for name in ids:
        visit.page.locator(f"label[for=question-{name}]").click()


# Before signing in


@screen()
def home(visit: Visit) -> None:
    visit.open("home")


@screen()
def sign_up(visit: Visit) -> None:
    visit.open("account_signup")


@screen()
def sign_up_with_errors(visit: Visit) -> None:
    visit.open("account_signup")
    visit.send("main .button >> nth=0")
    expect(visit.page.locator(".error-summary")).to_be_focused()


@screen()
def confirm_address(visit: Visit) -> None:
    email = f"{visit.server.person().principal}@example.com"
    visit.open("account_signup")
    visit.send("main .button >> nth=0", id_email=email, id_password1="correct-horse-battery")
    expect(visit.page.locator("#id_code")).to_be_visible()


@screen()
def confirm_address_with_a_wrong_code(visit: Visit) -> None:
    confirm_address(visit)
    visit.send("main .button >> nth=0", id_code="WRONG")
    expect(visit.page.locator(".error-summary")).to_be_focused()


@screen()
def sign_in(visit: Visit) -> None:
    visit.open("account_login")


@screen()
def sign_in_with_an_error(visit: Visit) -> None:
    visit.open("account_login")
    visit.send("main .button >> nth=0", id_login=f"{visit.server.person().principal}@example.com", id_password="no")
    expect(visit.page.locator(".error-summary")).to_be_focused()


@screen()
def password_reset(visit: Visit) -> None:
    visit.open("account_reset_password")


@screen()
def password_reset_sent(visit: Visit) -> None:
    visit.open("account_reset_password_done")


@screen()
def password_reset_by_a_dead_link(visit: Visit) -> None:
    visit.open("account_reset_password_from_key", "1", "dead-link")


# The question


@screen()
def question_when_signing_up(visit: Visit) -> None:
    visit.person(joined_at=NEWCOMER)
    visit.open("conversations:index")
    expect(visit.page.locator("#answer-form")).to_be_visible()


@screen()
def question_with_errors(visit: Visit) -> None:
    question_when_signing_up(visit)
    visit.send(SUBMIT)
    expect(visit.page.locator(".error-summary")).to_be_focused()


@screen(AFTERWARDS)
def gate(visit: Visit) -> None:
    visit.person()
    visit.open("conversations:index")
    expect(visit.page.locator("#answer-form")).to_be_visible()


@screen(AFTERWARDS)
def gate_with_errors(visit: Visit) -> None:
    gate(visit)
    visit.send(SUBMIT)
    expect(visit.page.locator(".error-summary")).to_be_focused()


@screen(AFTERWARDS)
def gate_after_refusing_alone(visit: Visit) -> None:
    gate(visit)
    tick(visit, "refuse")
    visit.send(SUBMIT)
    expect(visit.page.locator("#question-terms")).to_be_visible()
    expect(visit.page.locator("#question-allow")).to_have_count(0)


@screen(AFTERWARDS)
def answered_on_the_page(visit: Visit) -> None:
    gate(visit)
    tick(visit, "terms", "allow")
    visit.send(SUBMIT)
    expect(visit.page.locator(".answered")).to_be_visible()


@screen()
def pop_up(visit: Visit) -> None:
    chat_of(visit, visit.person())
    visit.open("conversations:index")
    if visit.has_script:
        expect(visit.page.get_by_role("dialog")).to_be_visible()
    else:
        visit.page.wait_for_url(f"**{reverse('privacy:question')}?**")
    expect(visit.page.locator("#answer-form")).to_be_visible()


@screen()
def pop_up_with_errors(visit: Visit) -> None:
    pop_up(visit)
    visit.page.locator(SUBMIT).click()
    expect(visit.page.locator(".error-summary")).to_be_focused()


@screen()
def pop_up_answered(visit: Visit) -> None:
    pop_up(visit)
    tick(visit, "terms", "refuse")
    visit.page.locator(SUBMIT).click()
    expect(visit.page.locator(".answered")).to_be_visible()


@screen()
def pop_up_answered_elsewhere(visit: Visit) -> None:
    user = visit.person()
    visit.open("conversations:index")
    expect(visit.page.locator("#answer-form")).to_be_visible()
    with visit.server.database():
        answer_as(user, Training.REFUSE, at=visit.server.now)
    tick(visit, "terms", "allow")
    visit.page.locator(SUBMIT).click()
    expect(visit.page.locator(".answered")).to_be_visible()


@screen()
def line_after_not_now(visit: Visit) -> None:
    pop_up(visit)
    visit.page.locator("#not-now-form button").click()
    expect(visit.page.locator("#header-line p")).to_be_visible()
    expect(visit.page.locator("#answer-form")).to_be_hidden()


@screen()
def nothing_to_answer(visit: Visit) -> None:
    visit.person(plan=Plan.TEAM)
    visit.open("privacy:question")


# Settings and evidence


@screen()
def settings_unanswered(visit: Visit) -> None:
    visit.person()
    visit.open("privacy:settings")


@screen()
def settings_allowed(visit: Visit) -> None:
    settled(visit, Training.ALLOW)
    visit.open("privacy:settings")


@screen()
def settings_refused(visit: Visit) -> None:
    settled(visit)
    visit.open("privacy:settings")


@screen()
def settings_with_errors(visit: Visit) -> None:
    settings_refused(visit)
    visit.send(SUBMIT)
    expect(visit.page.locator(".error-summary")).to_be_focused()


@screen()
def settings_just_saved(visit: Visit) -> None:
    settings_allowed(visit)
    tick(visit, "refuse")
    visit.send(SUBMIT)
    expect(visit.page.locator("[role=status] form")).to_be_visible()


@screen()
def settings_on_a_commercial_plan(visit: Visit) -> None:
    visit.person(plan=Plan.TEAM)
    visit.open("privacy:settings")


@screen()
def settings_to_withdraw_on_a_commercial_plan(visit: Visit) -> None:
    user = settled(visit, Training.ALLOW)
    with visit.server.database():
        change_plan(user, Plan.TEAM, at=visit.server.now - HOUR / 2)
    visit.open("privacy:settings")
    expect(visit.page.locator("main [type=radio]")).to_have_count(1)


@screen()
def settings_withdrawn_on_a_commercial_plan(visit: Visit) -> None:
    settings_to_withdraw_on_a_commercial_plan(visit)
    tick(visit, "refuse")
    visit.send(SUBMIT)


@screen(BEFORE)
def settings_before_the_announcement(visit: Visit) -> None:
    visit.person()
    visit.open("privacy:settings")


@screen(BEFORE)
def history_empty(visit: Visit) -> None:
    visit.person()
    visit.open("privacy:history")


@screen()
def history(visit: Visit) -> None:
    user = visit.person()
    with visit.server.database():
        defer_as(user, at=visit.server.now - 2 * HOUR)
        answer_as(user, Training.ALLOW, at=visit.server.now - HOUR, language=visit.language)
    visit.open("privacy:history")


@screen()
def runs_empty(visit: Visit) -> None:
    settled(visit)
    visit.open("training:runs")


@screen()
def runs(visit: Visit) -> None:
    run_with_something_of(visit)
    visit.open("training:runs")
    expect(visit.page.locator("main .rows li")).to_have_count(2)


@screen()
def chat_in_runs(visit: Visit) -> None:
    conversation = run_with_something_of(visit)
    visit.open("conversations:chat", conversation.pk)
    expect(visit.page.locator(".badges .meta")).to_have_count(3)


@screen()
def receipt(visit: Visit) -> None:
    history(visit)
    visit.send("main .rows a >> nth=0")
    expect(visit.page.locator(".receipt")).to_be_visible()


# Letters


@screen()
def unsubscribe(visit: Visit) -> None:
    person = visit.server.person(language=visit.language)
    visit.open("privacy:unsubscribe", unsubscribe_token(person))


@screen()
def unsubscribed(visit: Visit) -> None:
    unsubscribe(visit)
    visit.send("main .button")
    expect(visit.page.locator("main .button")).to_have_count(0)


@screen()
def reminders_on(visit: Visit) -> None:
    settled(visit)
    visit.open("privacy:reminders")


@screen()
def reminders_off(visit: Visit) -> None:
    reminders_on(visit)
    visit.send("main .button")
    expect(visit.page.locator(".flash")).to_be_visible()


# Documents


@screen()
def terms(visit: Visit) -> None:
    visit.open("legal:document", "terms")


@screen()
def privacy_policy(visit: Visit) -> None:
    visit.open("legal:document", "privacy")


@screen()
def what_changed(visit: Visit) -> None:
    visit.open("legal:document", "changes")
    expect(visit.page.locator(".differences")).to_be_visible()


@screen()
def questions_and_answers(visit: Visit) -> None:
    visit.open("legal:document", "faq")


@screen()
def earlier_version(visit: Visit) -> None:
    visit.open("legal:earlier_document", "terms", FORMER)


# Chats


@screen()
def chats_empty(visit: Visit) -> None:
    settled(visit)
    visit.open("conversations:index")


@screen()
def chats(visit: Visit) -> None:
    chat_of(visit, settled(visit))
    visit.open("conversations:index")


@screen()
def account_menu_open(visit: Visit) -> None:
    chats(visit)
    visit.page.locator(".menu summary").click()
    expect(visit.page.locator(".menu li").first).to_be_visible()


@screen()
def chats_with_an_error(visit: Visit) -> None:
    chats(visit)
    visit.page.locator(".composer button").click()
    expect(visit.page.locator(".error-summary")).to_be_focused()


@screen()
def chats_after_deleting(visit: Visit) -> None:
    user = settled(visit)
    conversation = chat_of(visit, user)
    with visit.server.database():
        delete_conversation(user, conversation, at=visit.server.by_now())
    visit.open("conversations:index", deleted=str(conversation.pk))
    expect(visit.page.locator(".undo")).to_be_visible()


@screen()
def chats_with_nothing_found(visit: Visit) -> None:
    chat_of(visit, settled(visit))
    visit.open("conversations:index", q="nowhere")


@screen()
def coding_sessions(visit: Visit) -> None:
    coding_session_of(visit, settled(visit, Training.ALLOW))
    visit.open("conversations:coding")


@screen()
def coding_session(visit: Visit) -> None:
    conversation = coding_session_of(visit, settled(visit, Training.ALLOW))
    visit.open("conversations:chat", conversation.pk)


@screen()
def chat(visit: Visit) -> None:
    conversation = chat_of(visit, settled(visit))
    visit.open("conversations:chat", conversation.pk)


@screen()
def chat_with_an_error(visit: Visit) -> None:
    chat(visit)
    visit.page.locator(".composer button").click()
    expect(visit.page.locator(".error-summary")).to_be_focused()


@screen()
def chat_and_what_can_be_done_with_it(visit: Visit) -> None:
    conversation = chat_of(visit, settled(visit, Training.ALLOW))
    visit.open("conversations:chat", conversation.pk)
    visit.page.locator(".more > summary").click()
    expect(visit.page.locator(".more .facts")).to_be_visible()


@screen()
def chat_excluded(visit: Visit) -> None:
    user = settled(visit, Training.ALLOW)
    conversation = chat_of(visit, user)
    with visit.server.database():
        exclude_conversation(user, conversation, at=visit.server.now)
    visit.open("conversations:chat", conversation.pk)
    visit.page.locator(".more > summary").click()


@screen()
def chat_that_is_gone_and_what_was_written_for_it(visit: Visit) -> None:
    user, address = settled(visit), reverse("conversations:chat", args=[uuid.uuid4()])
    with visit.server.database():
        keep_draft(user, address, "And in the rain?", at=visit.server.now)
    visit.page.goto(address)
    expect(visit.page.locator("#id_text")).to_have_value("And in the rain?")


@screen()
def chat_renamed_to_nothing(visit: Visit) -> None:
    chat_and_what_can_be_done_with_it(visit)
    visit.send(".more form[action$=rename\\/] button", id_title="")
    expect(visit.page.locator(".error-summary")).to_be_focused()


@screen()
def chat_that_waits_for_its_reply(visit: Visit) -> None:
    user = settled(visit)
    with visit.server.database():
        message = start_conversation(user, "?", at=visit.server.now)
    visit.open("conversations:chat", message.conversation_id)
    expect(visit.page.locator(".ask-again")).to_be_visible()


@screen()
def feedback_to_give(visit: Visit) -> None:
    conversation = chat_of(visit, settled(visit))
    visit.open("conversations:chat", conversation.pk)
    visit.page.locator(".feedback-links a").first.click()
    expect(visit.page.locator("#id_comment")).to_be_visible()


@screen()
def feedback_with_errors(visit: Visit) -> None:
    feedback_to_give(visit)
    visit.send("main form .button", id_comment="x" * 2001)
    expect(visit.page.locator(".error-summary")).to_be_focused()


@screen()
def feedback_previewed(visit: Visit) -> None:
    feedback_to_give(visit)
    visit.send("main form .button", id_comment="anna@example.com")
    expect(visit.page.locator("[name=token]")).to_be_attached()


@screen()
def feedback_given(visit: Visit) -> None:
    feedback_previewed(visit)
    visit.send("main form button.button")
    expect(visit.page.locator(".flash")).to_be_visible()


@screen()
def feedback_listed(visit: Visit) -> None:
    feedback_given(visit)
    visit.open("conversations:feedback")


@screen()
def feedback_empty(visit: Visit) -> None:
    settled(visit)
    visit.open("conversations:feedback")


@screen(AFTERWARDS)
def conversations_at_the_gate(visit: Visit) -> None:
    chat_of(visit, visit.person())
    visit.open("conversations:overview")


# Leaving


@screen(AFTERWARDS)
def data_not_asked_for(visit: Visit) -> None:
    visit.person()
    visit.open("accounts:data_export")


@screen(AFTERWARDS)
def data_being_written(visit: Visit) -> None:
    user = visit.person()
    with visit.server.database():
        # Far ahead, so that it goes on for as long as anyone looks.
        moved_at = visit.server.now + 24 * HOUR
        DataExport.objects.create(user=user, requested_at=moved_at, moved_at=moved_at, done=40, total=100)
    visit.open("accounts:data_export")
    expect(visit.page.locator("progress")).to_be_visible()


@screen(AFTERWARDS)
def data_ready(visit: Visit) -> None:
    data_not_asked_for(visit)
    visit.send("main form .button")
    expect(visit.page.locator("main a.button")).to_be_visible()


@screen(AFTERWARDS)
def data_that_could_not_be_written(visit: Visit) -> None:
    user = visit.person()
    with visit.server.database():
        now = visit.server.now
        DataExport.objects.create(user=user, requested_at=now, moved_at=now, failed_at=now)
    visit.open("accounts:data_export")


@screen(AFTERWARDS)
def account_to_delete(visit: Visit) -> None:
    visit.person()
    visit.open("accounts:delete")


@screen(AFTERWARDS)
def account_to_delete_with_an_error(visit: Visit) -> None:
    account_to_delete(visit)
    visit.send("main form .button")
    expect(visit.page.locator(".error-summary")).to_be_focused()


@screen(AFTERWARDS)
def account_deleted(visit: Visit) -> None:
    account_to_delete(visit)
    visit.page.locator("#id_understood").check()
    visit.send("main form .button")
    visit.page.wait_for_url(f"**{reverse('accounts:deleted')}")


# The account


@screen()
def preferences(visit: Visit) -> None:
    settled(visit)
    visit.open("accounts:preferences")


@screen()
def preferences_saved(visit: Visit) -> None:
    preferences(visit)
    visit.send("main form .button")
    expect(visit.page.locator(".flash")).to_be_visible()


@screen()
def email_address(visit: Visit) -> None:
    settled(visit)
    visit.open("account_email")


@screen()
def password(visit: Visit) -> None:
    settled(visit)
    visit.open("account_change_password")


@screen()
def password_with_errors(visit: Visit) -> None:
    password(visit)
    visit.send("main form .button")
    expect(visit.page.locator(".error-summary")).to_be_focused()


@screen()
def sign_out(visit: Visit) -> None:
    settled(visit)
    visit.open("account_logout")


@screen()
def is_it_you(visit: Visit) -> None:
    settled(visit)
    visit.open("account_reauthenticate")


@screen()
def devices(visit: Visit) -> None:
    user = settled(visit)
    with visit.server.database():
        for agent in ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0", "Mozilla/5.0 (iPhone) Safari/605.1"):
            key = visit.server.session_of(user)
            UserSession.objects.create(user=user, ip="127.0.0.1", user_agent=agent, session_key=key)
    visit.open("usersessions_list")
    expect(visit.page.locator("main .rows li")).to_have_count(2)


@screen()
def second_step(visit: Visit) -> None:
    settled(visit)
    visit.open("mfa_index")


@screen()
def second_step_set_up(visit: Visit) -> None:
    _with_an_app(visit, settled(visit))
    visit.open("mfa_index")


@screen()
def second_step_set_up_an_app(visit: Visit) -> None:
    settled(visit)
    visit.open("mfa_activate_totp")
    expect(visit.page.locator("#id_code")).to_be_visible()


@screen()
def second_step_with_a_wrong_code(visit: Visit) -> None:
    second_step_set_up_an_app(visit)
    visit.send("main form .button", id_code="000000")
    expect(visit.page.locator(".error-summary")).to_be_focused()


@screen()
def second_step_switch_the_app_off(visit: Visit) -> None:
    _with_an_app(visit, settled(visit))
    visit.open("mfa_deactivate_totp")


@screen()
def recovery_codes(visit: Visit) -> None:
    _with_an_app(visit, settled(visit))
    visit.open("mfa_view_recovery_codes")
    expect(visit.page.locator(".codes")).to_be_visible()


@screen()
def recovery_codes_anew(visit: Visit) -> None:
    _with_an_app(visit, settled(visit))
    visit.open("mfa_generate_recovery_codes")


@screen()
def passkeys(visit: Visit) -> None:
    user = settled(visit)
    with visit.server.database():
        Authenticator.objects.create(
            user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "Passkey 1", "credential": {}}
        )
    visit.open("mfa_list_webauthn")


@screen()
def passkeys_empty(visit: Visit) -> None:
    settled(visit)
    visit.open("mfa_list_webauthn")


@screen()
def passkey_to_add(visit: Visit) -> None:
    settled(visit)
    visit.open("mfa_add_webauthn")


def _with_an_app(visit: Visit, user: User) -> None:
    with visit.server.database():
        TOTP.activate(user, generate_totp_secret())
        RecoveryCodes.activate(user)


# When something is not as it should be


@screen()
def not_found(visit: Visit) -> None:
    visit.page.goto("/nothing/here/")


@screen()
def not_found_signed_in(visit: Visit) -> None:
    stranger = visit.server.person()
    settled(visit)
    visit.open("conversations:chat", chat_of(visit, stranger).pk)


@screen()
def form_out_of_date(visit: Visit) -> None:
    visit.open("account_login")
    visit.context.clear_cookies(name="csrftoken")
    visit.send("main .button >> nth=0", id_login="someone@example.com", id_password="no")


@screen()
def chat_out_of_date(visit: Visit) -> None:
    chats(visit)
    visit.context.clear_cookies(name="csrftoken")
    visit.send(".composer button", id_text="What I had written.")


@screen()
def method_not_allowed(visit: Visit) -> None:
    settled(visit)
    visit.page.goto(reverse("privacy:answer"))


@screen()
def something_went_wrong(visit: Visit) -> None:
    """Show the page of errors that can't be provoked, with the server's own style sheet."""
    request = RequestFactory().get("/")
    response = views.server_error(request)
    _stand_in(visit, response)


def _stand_in(visit: Visit, response: HttpResponse) -> None:
    address = "/went-wrong/"
    visit.page.route(
        f"**{address}", lambda route: route.fulfill(body=response.content, content_type="text/html; charset=utf-8")
    )
    visit.page.goto(address)
