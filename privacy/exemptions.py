"""The written list of routes the gate leaves open, and why. A test compares it with the routes that exist."""

from typing import Any

from django.http import HttpRequest
from django.urls import ResolverMatch, reverse

from accounts import next_url

# Namespaces whose every route is open.
EXEMPT_NAMESPACES = frozenset({"admin"})  # Staff's work; their own chats are gated like anyone's.

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
        # Seeing which conversations there are.
        "conversations:overview",
        # Preferences, and securing the account.
        "accounts:preferences",
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

# The text field of a refused POST that is kept for its writer, and the route of the page it stands on.
KEPT_FIELDS = {
    "conversations:start": ("text", "conversations:index"),
    "conversations:write": ("text", "conversations:chat"),
}


def is_exempt(match: ResolverMatch) -> bool:
    """Return whether the gate leaves a route open."""
    return match.view_name in EXEMPT_ROUTES or bool(EXEMPT_NAMESPACES.intersection(match.namespaces))


def page_of(match: ResolverMatch, kwargs: dict[str, Any]) -> str:
    """Return the page on which the form of an act stands, or an empty text for a page itself."""
    if match.view_name not in KEPT_FIELDS:
        return ""
    return reverse(KEPT_FIELDS[match.view_name][1], kwargs=kwargs)


def page_address(request: HttpRequest) -> str:
    """Return the address of the page a request is about: its own, or for an act that of the page with its form."""
    match = request.resolver_match
    page = page_of(match, match.kwargs) if match else ""
    address = page or request.get_full_path()
    return address if len(address) <= next_url.LONGEST else request.path


def kept_text(request: HttpRequest) -> str:
    """Return what was typed into the listed text field of a POST, or an empty text."""
    match = request.resolver_match
    if request.method != "POST" or match is None or match.view_name not in KEPT_FIELDS:
        return ""
    return request.POST.get(KEPT_FIELDS[match.view_name][0], "").replace("\0", "")
