"""The written list of routes the gate leaves open, and why. A test compares it with the routes that exist."""

from django.urls import ResolverMatch

# Namespaces whose every route is open. An app that is not always installed adds its own (`leave_open`).
EXEMPT_NAMESPACES = {"admin"}  # Staff's work; their own chats are gated like anyone's.

EXEMPT_ROUTES = frozenset(
    {
        # What the site is, and whether it runs.
        "home",
        "health",
        "favicon",
        # Reading in one's own language.
        "language",
        "legal:document",
        "legal:earlier_document",
        # The question itself, and what one has answered.
        "privacy:question",
        "privacy:answer",
        "privacy:not_now",
        "privacy:settings",
        "privacy:history",
        "privacy:receipt",
        "privacy:receipt_json",
        # Which training runs hold something of one's own.
        "training:runs",
        # Seeing which conversations there are, and deleting them.
        "conversations:overview",
        "conversations:overview_coding",
        "conversations:delete",
        "conversations:undo_delete",
        # Taking one's data, deleting feedback while it can still be found, and leaving.
        "conversations:feedback",
        "conversations:given_feedback",
        "conversations:delete_feedback",
        "accounts:data_export",
        "accounts:start_export",
        "accounts:export_file",
        "accounts:delete",
        "accounts:deleted",
        # Preferences, and securing the account.
        "accounts:preferences",
        "privacy:reminders",
        "privacy:stop_reminders",
        "privacy:resume_reminders",
        "privacy:unsubscribe",
        "account_login",
        "account_logout",
        "account_inactive",
        "account_signup",
        "account_reauthenticate",
        "account_email",
        "account_email_verification_sent",
        "account_change_password",
        "account_set_password",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
        "account_confirm_login_code",
        "mfa_index",
        "mfa_authenticate",
        "mfa_reauthenticate",
        "mfa_activate_totp",
        "mfa_deactivate_totp",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_download_recovery_codes",
        "mfa_list_webauthn",
        "mfa_add_webauthn",
        "mfa_reauthenticate_webauthn",
        "mfa_remove_webauthn",
        "mfa_edit_webauthn",
        "mfa_login_webauthn",
        "usersessions_list",
    }
)


def is_exempt(match: ResolverMatch) -> bool:
    """Return whether the gate leaves a route open."""
    return match.view_name in EXEMPT_ROUTES or bool(EXEMPT_NAMESPACES.intersection(match.namespaces))


def leave_open(namespace: str) -> None:
    """Leave every route of a namespace open: for an app that is not always there, from its `AppConfig.ready()`."""
    EXEMPT_NAMESPACES.add(namespace)
