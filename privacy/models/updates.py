"""Policy updates: what people are told and asked, and what staff did with it."""

import hashlib
import uuid
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

# The last inhabited hour of a date: a day has ended everywhere once it has ended at UTC−12.
# (The IANA database inverts the sign of "Etc" zones.)
ANYWHERE_ON_EARTH = ZoneInfo("Etc/GMT+12")


# A reminder is that many days before a deadline at most.
LONGEST_REMINDER = 365
# Beyond these a setting is a slip of the keys. Once published it could not be taken back, and the dates told from it
# might be none that a computer knows: nobody's message could be stored any more.
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2900, 1, 1, tzinfo=UTC)
MOST_YEARS_KEPT = 100
MOST_DAYS_KEPT = 100 * 365
LONGEST_DEFERRAL = 365
MOST_YEARS_TO_ANSWER = 5


class CoverageReading(models.TextChoices):
    """Which messages of a conversation an *allow* reaches (rule C3)."""

    CONVERSATION = "conversation", _("the whole conversation, once it is new or resumed")
    MESSAGE = "message", _("only messages written in an allow period")


def validate_reminder_days(text: str) -> None:
    """Raise ValidationError unless a text is a list of whole days, each fewer than the one before; it may be empty."""
    days = [part.strip() for part in text.split(",")] if text.strip() else []
    if not all(part.isascii() and part.isdigit() and 0 < int(part) <= LONGEST_REMINDER for part in days):
        raise ValidationError(_("Write whole days with commas between them, such as 14, 7, 1."), code="days")
    if any(int(earlier) <= int(later) for earlier, later in pairwise(days)):
        raise ValidationError(_("Begin with the earliest reminder: each has fewer days than the one before."), "order")


class PolicyUpdateQuerySet(models.QuerySet["PolicyUpdate"]):
    """Policy updates, the latest announced first."""

    def announced(self, at: datetime) -> "PolicyUpdateQuerySet":
        """Return what has been published and announced by this instant."""
        return self.filter(published_at__isnull=False, announced_at__lte=at)

    def material(self) -> "PolicyUpdateQuerySet":
        """Return the updates that ask."""
        return self.filter(is_material=True)

    def later_than(self, update: "PolicyUpdate") -> "PolicyUpdateQuerySet":
        """Return what comes after an update, as `Meta.ordering` has it: at one instant, the higher version is later."""
        return self.filter(
            Q(announced_at__gt=update.announced_at) | Q(announced_at=update.announced_at, version__gt=update.version)
        )


class PolicyUpdate(models.Model):
    """One row: one change of the Consumer Terms and the Privacy Policy.

    Once published, triggers keep it as it is, but for the percentage (which only grows) and the last day: both are
    what the latest `UpdateAct` says.
    """

    version = models.SlugField(_("version"), primary_key=True, max_length=40)
    announced_at = models.DateTimeField(
        _("announced"), validators=[MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]
    )
    last_day = models.DateField(_("last day"), help_text=_("The last date to answer, anywhere on Earth."))
    is_material = models.BooleanField(_("material"), default=True, help_text=_("Only a material update asks."))
    allow_retention_years = models.PositiveSmallIntegerField(
        _("years kept if allowed"), default=5, validators=[MinValueValidator(1), MaxValueValidator(MOST_YEARS_KEPT)]
    )
    refuse_retention_days = models.PositiveSmallIntegerField(
        _("days kept otherwise"), default=30, validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS_KEPT)]
    )
    short_deferrals = models.PositiveSmallIntegerField(_("number of short deferrals"), default=2)
    short_deferral_days = models.PositiveSmallIntegerField(
        _("days of a short deferral"), default=1, validators=[MinValueValidator(1), MaxValueValidator(LONGEST_DEFERRAL)]
    )
    long_deferral_days = models.PositiveSmallIntegerField(
        _("days of a later deferral"), default=7, validators=[MinValueValidator(1), MaxValueValidator(LONGEST_DEFERRAL)]
    )
    reminder_days = models.CharField(
        _("reminders"),
        max_length=40,
        blank=True,
        default="14, 7, 1",
        validators=[validate_reminder_days],
        help_text=_(
            "How many days before the deadline a letter reminds who has not answered: 14, 7, 1. None if empty."
        ),
    )
    coverage_reading = models.CharField(
        _("what an allow reaches"),
        max_length=12,
        choices=CoverageReading,
        default=CoverageReading.CONVERSATION,
    )
    rollout_percentage = models.PositiveSmallIntegerField(
        _("roll-out percentage"), default=0, validators=[MaxValueValidator(100)]
    )
    published_at = models.DateTimeField(_("published"), null=True, blank=True, editable=False)

    objects = PolicyUpdateQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy update")
        verbose_name_plural = _("policy updates")
        ordering: ClassVar[list[str]] = ["-announced_at", "-version"]
        permissions = [
            ("act_on_policyupdate", _("Can publish policy updates, roll them out and move their last day")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(rollout_percentage__lte=100), name="update_percentage_at_most_100"),
            models.CheckConstraint(
                condition=Q(allow_retention_years__gte=1, refuse_retention_days__gte=1),
                name="update_retention_at_least_one",
            ),
            models.CheckConstraint(
                condition=Q(short_deferral_days__gte=1, long_deferral_days__gte=1),
                name="update_deferral_at_least_a_day",
            ),
            models.CheckConstraint(
                condition=Q(coverage_reading__in=CoverageReading.values), name="update_reading_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.version

    @property
    def deadline(self) -> datetime:
        """Return the first instant at which the last day has ended everywhere on Earth."""
        return datetime.combine(self.last_day + timedelta(days=1), time(), ANYWHERE_ON_EARTH)

    def refuse_retention_date(self, at: datetime) -> datetime:
        """Return until when something is kept from an instant on without an *allow*."""
        return at + timedelta(days=self.refuse_retention_days)

    def includes(self, principal: uuid.UUID) -> bool:
        """Return whether the update has been rolled out to someone."""
        return self.bucket_of(principal) < self.rollout_percentage

    def bucket_of(self, principal: uuid.UUID) -> int:
        """Return from which percentage, exclusive, someone is in: 0 to 99.

        It depends on the person and the version alone, so who is in stays in as the percentage grows.
        """
        digest = hashlib.sha256(f"{self.version}:{principal}".encode()).digest()
        return int.from_bytes(digest[:8]) % 100

    def deferral_days(self, earlier: int) -> int:
        """Return for how many days "Not now" holds for someone who has used it `earlier` times."""
        return self.short_deferral_days if earlier < self.short_deferrals else self.long_deferral_days

    @property
    def reminders(self) -> tuple[int, ...]:
        """Return how many days before the deadline each reminder is due, the earliest first."""
        return tuple(int(days) for days in self.reminder_days.split(",") if days.strip())

    def reminder_at(self, at: datetime) -> int | None:
        """Return the reminder that is the current one at an instant, by its days; None before the first.

        It is the latest that has come due. One that came due before the announcement never was: nobody was asked yet.
        """
        if not self.announced_at <= at < self.deadline:
            return None
        due = (days for days in self.reminders if self.announced_at <= self.deadline - timedelta(days=days) <= at)
        return min(due, default=None)


class DocumentKind(models.TextChoices):
    """The texts a policy update consists of."""

    TERMS = "terms", _("Consumer Terms")
    PRIVACY = "privacy", _("Privacy Policy")
    CHANGES = "changes", _("What changed")
    FAQ = "faq", _("Questions and answers")


class PolicyDocument(models.Model):
    """One row: one text of a policy update in one language, as Markdown with placeholders."""

    update = models.ForeignKey(PolicyUpdate, models.CASCADE, related_name="documents", verbose_name=_("policy update"))
    kind = models.CharField(_("document"), max_length=8, choices=DocumentKind)
    language = models.CharField(_("language"), max_length=7, choices=settings.LANGUAGES)
    markdown = models.TextField(_("text"))

    class Meta:
        verbose_name = _("policy document")
        verbose_name_plural = _("policy documents")
        constraints = [
            models.UniqueConstraint(fields=["update", "kind", "language"], name="one_document_per_language"),
            models.CheckConstraint(condition=Q(kind__in=DocumentKind.values), name="document_kind_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.update_id} · {self.language}"


class Act(models.TextChoices):
    """What staff do with a policy update."""

    PUBLISHED = "published", _("publication")
    ROLLED_OUT = "rolled_out", _("wider roll-out")
    LAST_DAY_MOVED = "last_day_moved", _("move of the last day")


class UpdateAct(models.Model):
    """One row: staff published an update, rolled it out further or moved its last day. Append-only.

    From then on the update has this percentage and this last day, and triggers let it have no others. `actor` is the
    principal of the member of staff, nobody's where a command set the site up. `at` is the product's clock,
    `recorded_at` the real one. `tells_people` is whether those whom the move concerns get a letter.
    """

    update = models.ForeignKey(PolicyUpdate, models.PROTECT, related_name="acts", verbose_name=_("policy update"))
    kind = models.CharField(_("act"), max_length=14, choices=Act)
    rollout_percentage = models.PositiveSmallIntegerField(_("roll-out percentage"))
    last_day = models.DateField(_("last day"))
    reason = models.TextField(_("reason"), blank=True)
    tells_people = models.BooleanField(_("people get a letter"), default=False)
    actor = models.UUIDField(_("who acted"), null=True, help_text=_("The principal of the member of staff."))
    at = models.DateTimeField(_("done"))
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("act on a policy update")
        verbose_name_plural = _("acts on policy updates")
        ordering: ClassVar[list[str]] = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Act.values), name="update_act_is_known"),
            models.CheckConstraint(
                condition=~Q(kind=Act.LAST_DAY_MOVED) | ~Q(reason=""), name="moving_a_last_day_has_a_reason"
            ),
            models.UniqueConstraint(
                fields=["update"], condition=Q(kind=Act.PUBLISHED), name="an_update_is_published_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.update_id}: {self.get_kind_display()}"
