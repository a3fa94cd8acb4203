"""Dates and periods of a policy update, in words. No other place spells them (rule A2)."""

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import ngettext

from privacy.models import PolicyUpdate


def written_date(day: date) -> str:
    """Return a date as its reader's language writes it in full."""
    return date_format(day, "DATE_FORMAT")


def retention_if_allowed(update: PolicyUpdate) -> str:
    """Return for how long conversations are kept if training is allowed."""
    years = update.allow_retention_years
    return ngettext("%(years)s year", "%(years)s years", years) % {"years": years}


def retention_otherwise(update: PolicyUpdate) -> str:
    """Return for how long conversations are kept if training is not allowed."""
    days = update.refuse_retention_days
    return ngettext("%(days)s day", "%(days)s days", days) % {"days": days}
