"""Texts of Django and allauth that people here meet, and that have no good Chinese where they come from.

Nothing imports this. `make messages` finds the texts here, and our catalog is asked before theirs.
"""

from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

_("Null characters are not allowed.")
_("The password reset token was invalid.")
_("The password is too similar to the %(verbose_name)s.")
_("You must type the same password each time.")
ngettext_lazy(
    "This password is too short. It must contain at least %d character.",
    "This password is too short. It must contain at least %d characters.",
)
