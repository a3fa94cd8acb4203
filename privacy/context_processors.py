"""How the question comes into the pages of the app."""

from django.utils.functional import SimpleLazyObject

from privacy.asking import Asking, ask
from privacy.drafts import page_address
from privacy.http import GatedRequest
from privacy.models import Surface
from privacy.standing import Prompt


def prompt(request: GatedRequest) -> dict[str, object]:
    """Return what the layout needs: the address to come back to, the person's standing, and the pop-up if there is one.

    The last two are None for the settled and the signed-out, and nothing is worked out unless a template looks.
    """

    def pop_up() -> Asking | None:
        standing = getattr(request, "standing", None)
        if not getattr(request, "is_gated_route", False) or standing is None or standing.prompt is not Prompt.POP_UP:
            return None
        return ask(request, standing, Surface.POP_UP, next_url=page_address(request))

    return {
        "here": SimpleLazyObject(lambda: page_address(request)),
        "standing": getattr(request, "standing", None),
        "pop_up": SimpleLazyObject(pop_up),
    }
