"""How many people stand where, as the roll-out page tells it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Plan
from privacy.models.evidence import Surface, Training


class RolloutDue(models.Model):
    """One row: something about a person changed, and they have to be counted again on the roll-out page.

    Triggers write it in the transaction of the change (`privacy.noting`); counting them removes it.
    """

    principal = models.UUIDField(_("principal"))

    class Meta:
        verbose_name = _("person to count again")
        verbose_name_plural = _("people to count again")

    def __str__(self) -> str:
        return str(self.principal)


class RolloutState(models.Model):
    """The one row that whoever counts locks: what has been counted, and which updates were known then.

    `counted_up_to` is the last person a count from the beginning has reached; None if there is none under way.
    """

    counted_at = models.DateTimeField(_("counted"), null=True)
    counted_up_to = models.BigIntegerField(_("counted up to"), null=True)
    known = models.JSONField(_("updates known"), default=list)

    class Meta:
        verbose_name = _("state of the count")
        verbose_name_plural = _("states of the count")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_state_of_the_count")]

    def __str__(self) -> str:
        return str(self.counted_at)


class RolloutCell(models.Model):
    """One row: how many people in scope are alike in all that the roll-out page tells apart.

    Everyone in scope is in one cell without a version, which says where they stand as a whole, and in one more for
    each update they have a record of. `joined_after` is the last material update they joined after. `deferrals`
    stops at `MOST_DEFERRALS`. `first_answer` and `surface` are of the first answer, `answer` of the last.
    """

    MOST_DEFERRALS = 4

    key = models.CharField(_("key"), max_length=240, unique=True)
    version = models.CharField(_("version"), max_length=40, blank=True)
    plan = models.CharField(_("plan"), max_length=10, choices=Plan)
    language = models.CharField(_("language"), max_length=7, choices=settings.LANGUAGES)
    joined_after = models.CharField(_("joined after"), max_length=40, blank=True)
    last_shown = models.CharField(_("last shown"), max_length=40, blank=True)
    answered_version = models.CharField(_("update answered"), max_length=40, blank=True)
    terms_version = models.CharField(_("terms accepted"), max_length=40, blank=True)
    is_shown = models.BooleanField(_("shown"), default=False)
    deferrals = models.PositiveSmallIntegerField(_("times put off"), default=0)
    first_answer = models.CharField(_("first answer"), max_length=6, choices=Training, blank=True)
    surface = models.CharField(_("surface"), max_length=8, choices=Surface, blank=True)
    answer = models.CharField(_("answer"), max_length=6, choices=Training, blank=True)
    has_changed = models.BooleanField(_("mind changed"), default=False)
    people = models.PositiveIntegerField(_("people"), default=0)

    class Meta:
        verbose_name = _("roll-out")
        verbose_name_plural = _("roll-out")
        indexes = [models.Index(fields=["version"], name="rollout_cell_by_version")]

    def __str__(self) -> str:
        return self.key


class RolloutPlace(models.Model):
    """One row: in which cell someone is counted, as a whole (no version) or towards one update.

    It is what has been counted, so that it can be taken back. `speed` is the number of the bucket of the time from
    being shown the question to the first answer (`privacy.placing.SPEEDS`). `deferred_until` is of the undecided.
    """

    # The unique constraint begins with the person, an index below with the cell.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False, verbose_name=_("person")
    )
    version = models.CharField(_("version"), max_length=40, blank=True)
    cell = models.ForeignKey(RolloutCell, models.PROTECT, related_name="+", db_index=False, verbose_name=_("cell"))
    answered_on = models.DateField(_("first answered on"), null=True)
    speed = models.PositiveSmallIntegerField(_("time to answer"), null=True)
    deferred_until = models.DateTimeField(_("put off until"), null=True)
    withdrawals = models.PositiveIntegerField(_("times from allow to refuse"), default=0)
    returns = models.PositiveIntegerField(_("times from refuse to allow"), default=0)

    class Meta:
        verbose_name = _("person in the roll-out")
        verbose_name_plural = _("people in the roll-out")
        indexes = [
            models.Index(fields=["cell", "user", "version"], name="rollout_place_by_cell"),
            models.Index(
                fields=["version", "answered_on", "user"],
                condition=Q(answered_on__isnull=False),
                name="rollout_place_by_day",
            ),
            models.Index(
                fields=["version", "speed", "user"], condition=Q(speed__isnull=False), name="rollout_place_by_speed"
            ),
            models.Index(
                fields=["version", "deferred_until"],
                condition=Q(deferred_until__isnull=False),
                name="rollout_place_by_deferral",
            ),
        ]
        constraints = [models.UniqueConstraint(fields=["user", "version"], name="one_place_per_version")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.version}"


class RolloutFigure(models.TextChoices):
    """What is counted beside the cells: each is told by a key of its own."""

    ALLOWED_ON = "allowed_on", _("first answers that allow, by day")
    REFUSED_ON = "refused_on", _("first answers that refuse, by day")
    SPEED = "speed", _("time to answer, by bucket")
    DEFERRED_IN = "deferred_in", _("ends of deferrals, by hour")
    WITHDRAWALS = "withdrawals", _("changes from allow to refuse")
    RETURNS = "returns", _("changes from refuse to allow")


class RolloutCount(models.Model):
    """One row: how many people, or changes of mind, have one key of one figure of an update.

    Days are those of UTC, as 2025-09-10; hours as 2025-09-10T09.
    """

    version = models.CharField(_("version"), max_length=40)
    figure = models.CharField(_("figure"), max_length=12, choices=RolloutFigure)
    key = models.CharField(_("key"), max_length=20, blank=True)
    number = models.PositiveIntegerField(_("number"), default=0)

    class Meta:
        verbose_name = _("figure of the roll-out")
        verbose_name_plural = _("figures of the roll-out")
        constraints = [models.UniqueConstraint(fields=["version", "figure", "key"], name="one_count_per_key")]

    def __str__(self) -> str:
        return f"{self.version} {self.figure} {self.key}"
