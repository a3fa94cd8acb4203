"""Every route of the site, and an address for each."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from privacy.exemptions import EXEMPT_NAMESPACES

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Route:
    """One route: its full name, the namespaces it is in, what its address takes, and whether it is public."""

    name: str
    namespaces: frozenset[str]
    parameters: frozenset[str]
    is_public: bool


def walk(
    resolver: URLResolver | None = None, namespaces: tuple[str, ...] = (), parameters: frozenset[str] = frozenset()
) -> Iterator[Route]:
    """Yield every route there is."""
    for entry in (resolver or get_resolver()).url_patterns:
        taken = parameters | set(getattr(entry.pattern, "converters", ())) | set(entry.pattern.regex.groupindex)
        if isinstance(entry, URLResolver):
            yield from walk(entry, (*namespaces, entry.namespace) if entry.namespace else namespaces, taken)
        elif isinstance(entry, URLPattern):
            is_public = not getattr(entry.callback, "login_required", True)
            name = ":".join((*namespaces, entry.name or entry.lookup_str))
            yield Route(name, frozenset(namespaces), taken, is_public)


def own_routes() -> set[str]:
    """Return the names of the routes outside of the exempt namespaces."""
    return {route.name for route in walk() if not EXEMPT_NAMESPACES & route.namespaces}


def public_routes() -> set[str]:
    """Return the names of the routes that are open to the signed-out."""
    return {route.name for route in walk() if route.is_public}


def address_of(name: str, **known: Any) -> str:
    """Return an address of a route; what it takes is from `known`, or made up."""
    made_up: dict[str, Any] = {
        "pk": 1 if name.startswith("mfa_") else uuid.uuid4(),
        "number": 1,
        "receipt": uuid.uuid4(),
        "token": "made-up",
        "kind": "terms",
        "version": "2025-08-28",
        "uidb36": "1",
        "key": "set-password",
    }
    parameters = next(route.parameters for route in walk() if route.name == name)
    return reverse(name, kwargs={parameter: (made_up | known)[parameter] for parameter in parameters})
