"""How the question comes into the pages of the app."""

from django.utils.functional import SimpleLazyObject

from privacy.asking import Asking, ask
from privacy.http import GatedRequest
from privacy.models import Surface
from privacy.standing import Prompt


def prompt(request: GatedRequest) -> dict[str, object]:
    """Return what the layout needs: the person's standing, and the pop-up where there is one.

    Both are None for the settled and the signed-out, and neither is worked out unless a template looks.
    """

    def pop_up() -> Asking | None:
        standing = getattr(request, "standing", None)
        if standing is None or not getattr(request, "is_gated_route", False):
            return None
        return ask(request, standing, Surface.POP_UP) if standing.prompt is Prompt.POP_UP else None

    return {"standing": getattr(request, "standing", None), "pop_up": SimpleLazyObject(pop_up)}
