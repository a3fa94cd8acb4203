"""The flow map: every screen of the site in every state that someone can come upon, and where staff begin.

A state that only comes by an act (a form with something wrong, what is said after saving) is listed with the screen
before it, and `then` says what to do there.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from conversations.models import ConversationKind
from qa.personas import before, first_day, on_day
from qa.screens import (
    Screen,
    after_deleting,
    chat,
    deadline,
    feedback,
    of_the_update,
    receipt,
    route,
    second_before,
    to_rate,
    unsubscribing,
)

CHATS = route("conversations:index")
SETTINGS = route("privacy:settings")
EXPORT = route("accounts:data_export")
TERMS = route("legal:document", "terms")
FAQ = route("legal:document", "faq")
PASSWORD = route("account_change_password")
DELETE = route("accounts:delete")
ADMIN = route("admin:index")
ASKED, LATE, GATED = "undecided-first-day", "undecided-last-day", "undecided-afterwards"
MANAGER = "roll-out-manager"
WRONG = _("Press the button with nothing filled in: the page says what is wrong.")
SAVED = _("Choose and save: the page says what is now true.")
CODING = ConversationKind.CODING_SESSION

# The groups of the map, in order.
FLOW_MAP: tuple[tuple[Promise, tuple[Screen, ...]], ...] = (
    (
        _("Before signing in"),
        (
            Screen("home", _("Home"), route("home")),
            Screen("sign-up", _("Sign up"), route("account_signup")),
            Screen("sign-up-wrong", _("Sign up, something wrong"), route("account_signup"), then=WRONG),
            Screen(
                "sign-up-code",
                _("Sign up, the code"),
                route("account_signup"),
                then=_("Sign up with any address at example.com; the code is among the mails."),
            ),
            Screen("sign-in", _("Sign in"), route("account_login")),
            Screen("sign-in-wrong", _("Sign in, something wrong"), route("account_login"), then=WRONG),
            Screen("password-reset", _("Reset the password"), route("account_reset_password")),
            Screen("password-reset-sent", _("Reset the password, mail sent"), route("account_reset_password_done")),
            Screen(
                "password-reset-dead",
                _("Reset the password, dead link"),
                route("account_reset_password_from_key", "1", "dead-link"),
            ),
            Screen("password-reset-done", _("Reset the password, done"), route("account_reset_password_from_key_done")),
            Screen("account-closed", _("Sign in, the account is closed"), route("account_inactive")),
            Screen("account-gone", _("What is said once an account is deleted"), route("accounts:deleted")),
        ),
    ),
    (
        _("The question"),
        (
            Screen("asked-signing-up", _("Second step of signing up"), CHATS, "newcomer"),
            Screen(
                "asked-signing-up-wrong",
                _("Second step of signing up, something wrong"),
                CHATS,
                "newcomer",
                then=WRONG,
            ),
            Screen(
                "second-before-announcement",
                _("Not asked yet, a second before the announcement"),
                CHATS,
                ASKED,
                second_before(first_day),
            ),
            Screen("pop-up", _("Pop-up"), CHATS, ASKED),
            Screen("pop-up-coding", _("Pop-up over coding sessions"), route("conversations:coding"), ASKED),
            Screen("pop-up-last-day", _("Pop-up, on the last day"), CHATS, LATE),
            Screen("pop-up-chinese", _("Pop-up, for who reads Chinese"), CHATS, "chinese"),
            Screen(
                "pop-up-wrong",
                _("Pop-up, something wrong"),
                CHATS,
                ASKED,
                then=WRONG,
            ),
            Screen(
                "pop-up-answered",
                _("Pop-up, answered"),
                CHATS,
                ASKED,
                then=SAVED,
            ),
            Screen("pop-up-page", _("Pop-up as a page, without scripts"), route("privacy:question"), ASKED),
            Screen("line", _("Quiet line, put off once"), CHATS, "deferred-once"),
            Screen("line-often", _("Quiet line, put off four times"), CHATS, "deferred-often"),
            Screen(
                "second-before-deadline",
                _("Pop-up, a second before the deadline"),
                CHATS,
                LATE,
                second_before(deadline),
            ),
            Screen("gate-begins", _("Gate, at the deadline"), CHATS, LATE, deadline),
            Screen("gate", _("Gate"), CHATS, GATED),
            Screen(
                "gate-wrong",
                _("Gate, something wrong"),
                CHATS,
                GATED,
                then=WRONG,
            ),
            Screen("gate-answered", _("Gate, answered"), CHATS, GATED, then=SAVED),
            Screen("gate-terms", _("Gate, only the terms are missing"), CHATS, "refused-alone"),
            Screen("not-asked", _("Nothing to answer"), route("privacy:question"), "team"),
        ),
    ),
    (
        _("Privacy settings and evidence"),
        (
            Screen(
                "settings-before",
                _("Settings, before the announcement"),
                SETTINGS,
                ASKED,
                before,
            ),
            Screen("settings-undecided", _("Settings, undecided"), SETTINGS, ASKED),
            Screen("settings-allowed", _("Settings, allowed"), SETTINGS, "allowed"),
            Screen("settings-refused", _("Settings, refused"), SETTINGS, "refused"),
            Screen("settings-wrong", _("Settings, something wrong"), SETTINGS, "refused", then=WRONG),
            Screen("settings-saved", _("Settings, just saved, with undo"), SETTINGS, "allowed", then=SAVED),
            Screen("settings-gated", _("Settings, from inside the gate"), SETTINGS, GATED),
            Screen("settings-team", _("Settings, Team"), SETTINGS, "team"),
            Screen("settings-gov", _("Settings, Gov"), SETTINGS, "gov"),
            Screen("settings-education", _("Settings, Education"), SETTINGS, "education"),
            Screen("settings-api", _("Settings, API"), SETTINGS, "api"),
            Screen("history", _("History"), route("privacy:history"), "on-off-on"),
            Screen("history-empty", _("History, empty"), route("privacy:history"), "gov"),
            Screen("receipt", _("Receipt"), receipt, "allowed"),
            Screen("runs", _("Training runs with something of one’s own"), route("training:runs"), "allowed"),
            Screen("reminders", _("Reminders by e-mail"), route("privacy:reminders"), ASKED),
            Screen("unsubscribe", _("Reminders by e-mail, the link in them"), unsubscribing, ASKED),
        ),
    ),
    (
        _("Documents"),
        (
            Screen("terms", _("Consumer Terms"), TERMS),
            Screen("privacy-policy", _("Privacy Policy"), route("legal:document", "privacy")),
            Screen("changes", _("What changed"), route("legal:document", "changes")),
            Screen("faq", _("Questions and answers"), FAQ),
            Screen(
                "faq-gated",
                _("Questions and answers, from inside the gate"),
                FAQ,
                GATED,
            ),
            Screen(
                "terms-before",
                _("Consumer Terms, before the announcement"),
                TERMS,
                ASKED,
                before,
            ),
        ),
    ),
    (
        _("Chats and coding sessions"),
        (
            Screen("chats", _("Chats"), CHATS, "allowed"),
            Screen("chats-empty", _("Chats, empty"), CHATS, "gov"),
            Screen("chats-wrong", _("Chats, something wrong"), CHATS, "allowed", then=WRONG),
            Screen(
                "chats-not-found",
                _("Chats, nothing found"),
                route("conversations:index", query="?q=nowhere"),
                "allowed",
            ),
            Screen("chats-undo", _("Chats, one deleted, with undo"), after_deleting, "deleted-chat"),
            Screen("chats-phases", _("Chats of each phase of a choice"), CHATS, "on-off-on"),
            Screen(
                "chats-gated",
                _("Conversations, from inside the gate"),
                route("conversations:overview"),
                GATED,
            ),
            Screen(
                "coding-sessions-gated",
                _("Coding sessions, from inside the gate"),
                route("conversations:overview_coding"),
                GATED,
            ),
            Screen("coding-sessions", _("Coding sessions"), route("conversations:coding"), "allowed"),
            Screen("chat", _("Chat"), chat(), "allowed"),
            Screen("chat-allowed-before", _("Chat from an earlier allow period"), chat(3), "on-off-on"),
            Screen("chat-private", _("Chat, private"), chat(), "private-only"),
            Screen("chat-excluded", _("Chat, excluded"), chat(1), "excluded-one"),
            Screen("chat-team", _("Chat on a commercial plan"), chat(), "team"),
            Screen("chat-expired", _("Chat, past its retention date"), chat(), "refused", on_day(40)),
            Screen("coding-session", _("Coding session"), chat(kind=CODING), "allowed"),
            Screen("feedback-to-give", _("Feedback to give"), to_rate, "allowed"),
            Screen("feedback-given", _("Feedback, given"), feedback, "feedback-given"),
            Screen("feedback", _("Feedback, listed"), route("conversations:feedback"), "feedback-given"),
            Screen("feedback-empty", _("Feedback, empty"), route("conversations:feedback"), "refused"),
        ),
    ),
    (
        _("Leaving"),
        (
            Screen("export", _("Download of one’s data"), EXPORT, "allowed"),
            Screen(
                "export-gated",
                _("Download of one’s data, from inside the gate"),
                EXPORT,
                GATED,
            ),
            Screen("delete-account", _("Delete the account"), DELETE, GATED),
            Screen(
                "account-deleted",
                _("Account deleted"),
                DELETE,
                GATED,
                then=_("Tick the box and delete it; then reset the persona."),
            ),
        ),
    ),
    (
        _("The account"),
        (
            Screen("preferences", _("Language and time zone"), route("accounts:preferences"), "refused"),
            Screen("email", _("E-mail address"), route("account_email"), "refused"),
            Screen("password", _("Password"), PASSWORD, "refused"),
            Screen(
                "password-gated",
                _("Password, from inside the gate"),
                PASSWORD,
                GATED,
            ),
            Screen("password-again", _("Password, asked for once more"), route("account_reauthenticate"), "refused"),
            Screen("second-step", _("Two-step sign-in"), route("mfa_index"), "refused"),
            Screen("second-step-app", _("Two-step sign-in, an app to set up"), route("mfa_activate_totp"), "refused"),
            Screen("passkeys", _("Passkeys"), route("mfa_list_webauthn"), "refused"),
            Screen("passkey-to-add", _("Passkeys, one to add"), route("mfa_add_webauthn"), "refused"),
            Screen("devices", _("Signed-in devices"), route("usersessions_list"), "refused"),
            Screen("sign-out", _("Sign out"), route("account_logout"), "refused"),
        ),
    ),
    (
        _("When something is not as it should be"),
        (
            Screen("not-found", _("Not found"), lambda _user: "/nothing/here/", "refused"),
            Screen("not-found-signed-out", _("Not found, signed out"), lambda _user: "/nothing/here/"),
            Screen("not-allowed", _("Not allowed"), route("admin:training_trainingrun_add"), "viewer"),
            Screen("not-here", _("An act opened as a page"), route("privacy:answer"), "refused"),
        ),
    ),
    (
        _("Staff"),
        (
            Screen("admin-viewer", _("Admin, as a viewer"), ADMIN, "viewer"),
            Screen("admin-auditor", _("Admin, as an auditor"), ADMIN, "auditor"),
            Screen("admin-roll-out-manager", _("Admin, as a roll-out manager"), ADMIN, "roll-out-manager"),
            Screen("admin-training-manager", _("Admin, as a training manager"), ADMIN, "training-manager"),
            Screen("admin-roll-out", _("Roll-out page"), route("admin:privacy_rolloutcell_changelist"), "viewer"),
            Screen("admin-people", _("People"), route("admin:accounts_user_changelist"), "auditor"),
            Screen("admin-records", _("Consent records"), route("admin:privacy_consentrecord_changelist"), "auditor"),
            Screen(
                "admin-feedback",
                _("Feedback, for staff"),
                route("admin:conversations_feedbackcopy_changelist"),
                "auditor",
            ),
            Screen("admin-purges", _("Purges"), route("admin:conversations_purge_changelist"), "viewer"),
            Screen("admin-updates", _("Policy updates"), route("admin:privacy_policyupdate_changelist"), MANAGER),
            Screen("admin-update", _("Policy update, with its acts"), of_the_update("change"), MANAGER),
            Screen("admin-previews", _("Policy update, what people see"), of_the_update("previews"), MANAGER),
            Screen("admin-last-day", _("Policy update, its last day to be moved"), of_the_update("last_day"), MANAGER),
            Screen(
                "admin-runs", _("Training runs"), route("admin:training_trainingrun_changelist"), "training-manager"
            ),
            Screen(
                "admin-run-new",
                _("Training run, a new one"),
                route("admin:training_trainingrun_add"),
                "training-manager",
            ),
        ),
    ),
)
SCREENS = {screen.slug: screen for _group, screens in FLOW_MAP for screen in screens}
