"""What people were told, what they chose, and the evidence of both."""

import hashlib
import uuid
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Plan

# The last inhabited hour of a date: a day has ended everywhere once it has ended at UTC−12.
# (The IANA database inverts the sign of "Etc" zones.)
ANYWHERE_ON_EARTH = ZoneInfo("Etc/GMT+12")
# A reminder is that many days before a deadline at most.
LONGEST_REMINDER = 365


class Training(models.TextChoices):
    """The training choice."""

    ALLOW = "allow", _("allow")
    REFUSE = "refuse", _("refuse")


class Surface(models.TextChoices):
    """Where a question stood."""

    SIGN_UP = "sign_up", _("sign-up")
    POP_UP = "pop_up", _("pop-up")
    GATE = "gate", _("gate")
    SETTINGS = "settings", _("settings")
    API = "api", _("API")


class Method(models.TextChoices):
    """With what an act was done."""

    BUTTON = "button", _("button")
    ESC = "esc", _("Esc key")
    CLOSE = "close", _("close button")
    UNDO = "undo", _("undo")
    REPLAY = "replay", _("read from the journal after a restore")


class Kind(models.TextChoices):
    """What a consent record is evidence of."""

    SHOWN = "shown", _("question shown")
    DEFERRED = "deferred", _("put off")
    TERMS_ACCEPTED = "terms_accepted", _("terms accepted")
    TRAINING_ALLOWED = "training_allowed", _("training allowed")
    TRAINING_REFUSED = "training_refused", _("training refused")
    TRAINING_WITHDRAWN = "training_withdrawn", _("permission withdrawn")


ANSWERS = frozenset({Kind.TERMS_ACCEPTED, Kind.TRAINING_ALLOWED, Kind.TRAINING_REFUSED, Kind.TRAINING_WITHDRAWN})


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


class PolicyUpdate(models.Model):
    """One row: one change of the Consumer Terms and the Privacy Policy.

    Once published, triggers keep it as it is, but for the percentage (which only grows) and the last day: both are
    what the latest `UpdateAct` says.
    """

    version = models.SlugField(_("version"), primary_key=True, max_length=40)
    announced_at = models.DateTimeField(_("announced"))
    last_day = models.DateField(_("last day"), help_text=_("The last date to answer, anywhere on Earth."))
    is_material = models.BooleanField(_("material"), default=True, help_text=_("Only a material update asks."))
    allow_retention_years = models.PositiveSmallIntegerField(_("years kept if allowed"), default=5)
    refuse_retention_days = models.PositiveSmallIntegerField(_("days kept otherwise"), default=30)
    short_deferrals = models.PositiveSmallIntegerField(_("number of short deferrals"), default=2)
    short_deferral_days = models.PositiveSmallIntegerField(_("days of a short deferral"), default=1)
    long_deferral_days = models.PositiveSmallIntegerField(_("days of a later deferral"), default=7)
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
    rollout_percentage = models.PositiveSmallIntegerField(_("roll-out percentage"), default=0)
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


class Notice(models.Model):
    """One row: the exact text people were shown with the question, on one surface, in one language. Append-only."""

    sha256 = models.CharField(_("hash"), max_length=64, primary_key=True)
    update = models.ForeignKey(PolicyUpdate, models.PROTECT, related_name="notices", verbose_name=_("policy update"))
    language = models.CharField(_("language"), max_length=7, choices=settings.LANGUAGES)
    surface = models.CharField(_("surface"), max_length=8, choices=Surface)
    text = models.TextField(_("text"))

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [models.CheckConstraint(condition=Q(surface__in=Surface.values), name="notice_surface_is_known")]

    def __str__(self) -> str:
        return f"{self.update_id} · {self.get_surface_display()} · {self.language} · {self.sha256[:12]}"


class ConsentRecord(models.Model):
    """One row: one piece of evidence about one person. Append-only, and chained by hash per person.

    `occurred_at` is the product's clock, `recorded_at` the real one; both are UTC. `receipt` is shared by the
    records that one form saved together, and is set on answers only.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    principal = models.UUIDField(_("principal"))
    sequence = models.PositiveIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=18, choices=Kind)
    update = models.ForeignKey(PolicyUpdate, models.PROTECT, related_name="records", verbose_name=_("policy update"))
    notice = models.ForeignKey(Notice, models.PROTECT, related_name="records", verbose_name=_("notice"))
    receipt = models.UUIDField(_("receipt"), null=True)
    language = models.CharField(_("language"), max_length=7)
    surface = models.CharField(_("surface"), max_length=8, choices=Surface)
    method = models.CharField(_("method"), max_length=6, choices=Method, blank=True)
    previous_value = models.CharField(_("previous value"), max_length=40, blank=True)
    new_value = models.CharField(_("new value"), max_length=40, blank=True)
    occurred_at = models.DateTimeField(_("happened"))
    recorded_at = models.DateTimeField(_("recorded"))
    actor = models.UUIDField(_("who acted"))
    gpc = models.BooleanField(_("Global Privacy Control"))
    previous_hash = models.CharField(_("hash before"), max_length=64)
    hash = models.CharField(_("hash"), max_length=64)

    class Meta:
        verbose_name = _("consent record")
        verbose_name_plural = _("consent records")
        # What auditors list by; an answer itself needs none of them.
        indexes = [
            models.Index(fields=["-recorded_at", "-id"], name="record_by_time"),
            models.Index(fields=["kind", "-recorded_at"], name="record_by_kind"),
            models.Index(fields=["surface", "-recorded_at"], name="record_by_surface"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["principal", "sequence"], name="one_record_per_number"),
            models.UniqueConstraint(
                fields=["principal", "notice"], condition=Q(kind=Kind.SHOWN), name="shown_once_per_notice"
            ),
            models.UniqueConstraint(
                fields=["receipt", "kind"], condition=Q(receipt__isnull=False), name="one_kind_per_receipt"
            ),
            models.CheckConstraint(condition=Q(actor=F("principal")), name="nobody_answers_for_someone_else"),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="record_numbers_start_at_one"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="record_kind_is_known"),
            models.CheckConstraint(condition=Q(surface__in=Surface.values), name="record_surface_is_known"),
            models.CheckConstraint(
                condition=Q(kind=Kind.SHOWN, method="") | (~Q(kind=Kind.SHOWN) & Q(method__in=Method.values)),
                name="every_act_has_a_method",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=sorted(ANSWERS), receipt__isnull=False)
                | (~Q(kind__in=sorted(ANSWERS)) & Q(receipt__isnull=True)),
                name="answers_and_only_answers_have_a_receipt",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.principal} #{self.sequence} {self.kind}"

    def get_absolute_url(self) -> str:
        """Return the address of the receipt this record belongs to. Only answers have one."""
        return reverse("privacy:receipt", args=[self.receipt])


class ConsentState(models.Model):
    """One row: where one person stands now, written in the same transaction as its evidence.

    A missing row means that nothing was ever shown to, or answered by, the person.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        primary_key=True,
        related_name="consent_state",
        verbose_name=_("person"),
    )
    training = models.CharField(_("training choice"), max_length=6, choices=Training, blank=True)
    allowed_since = models.DateTimeField(_("allow period began"), null=True)
    answered_update = models.ForeignKey(
        PolicyUpdate, models.PROTECT, null=True, related_name="+", verbose_name=_("update answered")
    )
    terms_update = models.ForeignKey(
        PolicyUpdate, models.PROTECT, null=True, related_name="+", verbose_name=_("terms accepted")
    )
    last_receipt = models.UUIDField(_("last answer"), null=True)
    deferral_update = models.ForeignKey(
        PolicyUpdate, models.PROTECT, null=True, related_name="+", verbose_name=_("update put off")
    )
    deferrals = models.PositiveIntegerField(_("times put off"), default=0)
    deferred_until = models.DateTimeField(_("put off until"), null=True)
    chain_length = models.PositiveIntegerField(_("records"), default=0)
    chain_head = models.CharField(_("hash of the last record"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("consent state")
        verbose_name_plural = _("consent states")
        constraints = [
            models.CheckConstraint(
                condition=Q(training=Training.ALLOW, allowed_since__isnull=False)
                | (~Q(training=Training.ALLOW) & Q(allowed_since__isnull=True)),
                name="an_allow_and_only_an_allow_has_a_period",
            ),
            models.CheckConstraint(
                condition=Q(training="", answered_update__isnull=True)
                | Q(training__in=Training.values, answered_update__isnull=False),
                name="a_choice_answers_an_update",
            ),
            models.CheckConstraint(
                condition=Q(deferral_update__isnull=True) | Q(deferrals__gte=1, deferred_until__isnull=False),
                name="a_deferral_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.training or '–'}"


class TrainingRefusal(models.Model):
    """One row: someone saved *refuse* at `at`; nothing of theirs that an allow covered is kept beyond `kept_until`.

    It is written with the consent record, and `applied_at` once every stored retention date says so. Until then the
    row itself is what shows the truth. It is the row of the journal's line too.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="training_refusals", verbose_name=_("person")
    )
    at = models.DateTimeField(_("saved"))
    recorded_at = models.DateTimeField(_("recorded"))
    kept_until = models.DateTimeField(_("kept until"))
    applied_at = models.DateTimeField(_("retention dates shortened"), null=True)

    class Meta:
        verbose_name = _("training refusal")
        verbose_name_plural = _("training refusals")
        indexes = [
            models.Index(fields=["user", "at"], condition=Q(applied_at__isnull=True), name="refusal_to_apply"),
            models.Index(fields=["recorded_at"], name="refusal_by_time"),
        ]
        constraints = [models.CheckConstraint(condition=Q(kept_until__gt=F("at")), name="refusal_keeps_for_a_while")]

    def __str__(self) -> str:
        return str(self.id)


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
    being shown the question to the first answer (`privacy.counting.SPEEDS`). `deferred_until` is of the undecided.
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


class Draft(models.Model):
    """One row: what someone was writing on a page when they had to answer, or to sign in, first.

    It is given back for 30 days, or until it is sent. What is kept in several tabs stands in one text.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="drafts", verbose_name=_("person"))
    path = models.CharField(_("page"), max_length=200, help_text=_("The page on which it was being written."))
    text = models.TextField(_("text"))
    kept_at = models.DateTimeField(_("kept"))

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [models.UniqueConstraint(fields=["user", "path"], name="one_draft_per_page")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.path}"


class Letter(models.Model):
    """One row: one letter about an update that someone gets once: a reminder, or word that the last day has moved.

    It is written before the letter is sent, in a transaction of its own: who finds it sends no second one. `sent_at`
    is set once the mail server has taken the letter. Without it, it may or may not have arrived (the process died in
    between, or `problem` says what went wrong), and it is not sent again.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="letters", verbose_name=_("person"))
    update = models.ForeignKey(PolicyUpdate, models.PROTECT, related_name="letters", verbose_name=_("policy update"))
    days = models.PositiveSmallIntegerField(_("days before the deadline"), null=True)
    act = models.ForeignKey(UpdateAct, models.PROTECT, null=True, related_name="letters", verbose_name=_("move"))
    language = models.CharField(_("language"), max_length=7, choices=settings.LANGUAGES)
    begun_at = models.DateTimeField(_("begun"))
    sent_at = models.DateTimeField(_("sent"), null=True)
    problem = models.CharField(_("problem"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("letter about an update")
        verbose_name_plural = _("letters about updates")
        indexes = [models.Index(fields=["begun_at"], condition=Q(sent_at__isnull=True), name="letter_not_known_sent")]
        constraints = [
            models.UniqueConstraint(fields=["update", "days", "user"], name="one_reminder_per_person"),
            models.UniqueConstraint(fields=["act", "user"], name="one_letter_per_move"),
            models.CheckConstraint(
                condition=Q(days__isnull=True, act__isnull=False) | Q(days__isnull=False, act__isnull=True),
                name="a_letter_is_a_reminder_or_about_a_move",
            ),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(problem=""), name="a_sent_letter_has_no_problem"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.update_id}: {self.days or self.act_id}"


class ReminderStop(models.Model):
    """One row: someone wants no letters about updates. It says nothing about their choice."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        related_name="reminder_stop",
        verbose_name=_("person"),
    )
    at = models.DateTimeField(_("stopped"))

    class Meta:
        verbose_name = _("stop of reminders")
        verbose_name_plural = _("stops of reminders")

    def __str__(self) -> str:
        return str(self.user_id)
