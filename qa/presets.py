"""The instants at which something begins or ends, by name."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from privacy.models import PolicyUpdate
from qa.personas import When, before

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Preset:
    """One instant to set the clock to; without one it is the product's own time."""

    name: str
    title: Promise
    when: When | None = None

    def instant(self, update: PolicyUpdate) -> datetime | None:
        """Return when that is, told from the update."""
        return self.when(update) if self.when else None


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("before-announcement", _("The day before the announcement"), before),
        Preset("announcement", _("The announcement"), lambda update: update.announced_at),
        Preset("second-before-deadline", _("A second before the deadline"), lambda update: update.deadline - SECOND),
        Preset("deadline", _("The deadline"), lambda update: update.deadline),
        Preset("second-after-deadline", _("A second after the deadline"), lambda update: update.deadline + SECOND),
        Preset("real", _("Real time")),
    )
}


def presets(update: PolicyUpdate) -> list[tuple[Preset, datetime | None]]:
    """Return each with its instant."""
    return [(preset, preset.instant(update)) for preset in PRESETS.values()]
