"""Training runs, what is in them, and the record of who moved them on."""

import uuid
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import INTERRUPTED_AFTER
from privacy.models import ConsentRecord


class Purpose(models.TextChoices):
    """What a run trains, and so what its files may be used for."""

    MODEL_IMPROVEMENT = "model_improvement", _("model improvement")
    SAFETY_CLASSIFIERS = "safety_classifiers", _("safety classifiers")


class State(models.TextChoices):
    """How far a run has come (rule E1)."""

    DRAFT = "draft", pgettext_lazy("state of a training run", "draft")
    PREPARED = "prepared", pgettext_lazy("state of a training run", "prepared")
    STARTED = "started", pgettext_lazy("state of a training run", "started")
    FINISHED = "finished", pgettext_lazy("state of a training run", "finished")
    CANCELLED = "cancelled", pgettext_lazy("state of a training run", "cancelled")


# From where to where a run can be moved.
MOVES = {
    State.DRAFT: frozenset({State.PREPARED, State.CANCELLED}),
    State.PREPARED: frozenset({State.STARTED, State.CANCELLED}),
    State.STARTED: frozenset({State.FINISHED}),
    State.FINISHED: frozenset[State](),
    State.CANCELLED: frozenset[State](),
}
# In these a run holds something: a draft has no rows that stay and no files, and a cancelled run none at all.
HOLDS = (State.PREPARED, State.STARTED, State.FINISHED)
# From then on nothing in a run changes any more.
FROZEN = (State.STARTED, State.FINISHED)
# How long a run may stay there: then a prepared one cancels itself, and the files of a finished one are destroyed.
STAYS = {State.PREPARED: timedelta(days=30), State.FINISHED: timedelta(days=90)}


def before(state: State) -> frozenset[State]:
    """Return from where a run can be moved to a state."""
    return frozenset(earlier for earlier, later in MOVES.items() if state in later)


class TrainingRunQuerySet(models.QuerySet["TrainingRun"]):
    """Runs by how long they have been where they are."""

    def overdue(self, state: State, at: datetime) -> Self:
        """Those that by an instant have been in one of the states of `STAYS` for as long as they may."""
        moves = RunMove.objects.filter(run=OuterRef("pk"), state=state, at__lte=at - STAYS[state])
        return self.filter(Exists(moves), state=state)


class TrainingRun(models.Model):
    """One row: one build of a data set for one training.

    `frozen_at` is the instant of its manifest (the product's clock). `kept_out` says of how many conversations each
    reason of `conversations.eligibility` kept out then, and `taken_out` of how many were taken out since. The
    versions are those of the filter and of the files' schema. `problem` is a note (`training.problems`) of why the
    last step stopped. `filed_at` is set while every file is there as the manifest says, `destroyed_at` once they are
    all gone again.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(_("purpose"), max_length=18, choices=Purpose)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.DRAFT, editable=False)
    created_at = models.DateTimeField(_("created"), editable=False)
    frozen_at = models.DateTimeField(_("manifest frozen"), null=True, editable=False)
    filter_version = models.CharField(_("version of the filter"), max_length=20, blank=True, editable=False)
    schema_version = models.CharField(_("version of the schema"), max_length=20, blank=True, editable=False)
    kept_out = models.JSONField(_("kept out, by reason"), default=dict, editable=False)
    taken_out = models.PositiveIntegerField(_("taken out since"), default=0, editable=False)
    problem = models.TextField(_("what stopped it"), blank=True, editable=False)
    filed_at = models.DateTimeField(_("files written"), null=True, editable=False)
    destroyed_at = models.DateTimeField(_("files destroyed"), null=True, editable=False)

    objects = TrainingRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("training run")
        verbose_name_plural = _("training runs")
        ordering: ClassVar[list[str]] = ["-created_at", "pk"]
        permissions = [("move_trainingrun", _("Can prepare, start, finish and cancel training runs"))]
        constraints = [
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="run_purpose_is_known"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="run_state_is_known"),
            models.CheckConstraint(
                condition=Q(state__in=[State.DRAFT, State.CANCELLED]) | Q(frozen_at__isnull=False),
                name="a_prepared_run_has_a_manifest",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[State.STARTED, State.FINISHED]) | Q(filed_at__isnull=False),
                name="a_started_run_has_its_files",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d} {str(self.id)[:8]}"

    def get_absolute_url(self) -> str:
        """Return the address of its page for staff."""
        return reverse("admin:training_trainingrun_change", args=[self.pk])

    def in_words(self) -> str:
        """Return what people are told of a run that holds something of theirs."""
        words = {
            State.PREPARED: _("In the training run of %(day)s for %(purpose)s, not started yet"),
            State.STARTED: _("In the training run of %(day)s for %(purpose)s, which has started"),
            State.FINISHED: _("In the training run of %(day)s for %(purpose)s, which is finished"),
        }[State(self.state)]
        day = date_format(timezone.localtime(self.created_at), "DATE_FORMAT")
        return words % {"day": day, "purpose": self.get_purpose_display()}

    def can_move(self, state: State) -> bool:
        """Return whether it can be moved to a state from where it is."""
        return state in MOVES[State(self.state)]


class RunMove(models.Model):
    """One row: a run was moved to a state, by whom, when and why. Append-only.

    `moved_by` is the principal of a member of staff; nobody's if the run did it itself, as one does that was prepared
    and forgotten. `at` is the product's clock, `recorded_at` the real one.
    """

    run = models.ForeignKey(TrainingRun, models.PROTECT, related_name="moves", verbose_name=_("training run"))
    state = models.CharField(_("moved to"), max_length=9, choices=State)
    moved_by = models.UUIDField(_("moved by"), null=True, help_text=_("The principal of the member of staff."))
    reason = models.TextField(_("reason"), blank=True)
    at = models.DateTimeField(_("moved"))
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("move of a training run")
        verbose_name_plural = _("moves of training runs")
        ordering: ClassVar[list[str]] = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="run_move_is_to_a_known_state"),
            # A run that is moved twice by two people is moved once.
            models.UniqueConstraint(fields=["run", "state"], name="one_move_to_each_state"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} → {self.state}"


class Doing(models.TextChoices):
    """What takes longer than a request: staff ask for it, and look at what came of it."""

    COUNT = "count", _("counting")
    PREPARE = "prepare", _("preparing")
    START = "start", _("starting")
    VERIFY = "verify", _("verifying")


class Step(models.Model):
    """One row: something long that staff have asked of a run, from being asked for to its end.

    `asked_by` is the principal of a member of staff. `taken_at` is when a worker took it, and tells that worker from
    one that takes it after them; `moved_at` is when the step was asked for, or its worker last gave a sign of life.
    `done` of `total` files are read, where that is what it does, and `counts` is what was counted (`training.counts`).
    `problem` is a note (`training.problems`) of what stopped it, or of the first difference that it found; it is empty
    where all went well.
    """

    run = models.ForeignKey(TrainingRun, models.PROTECT, related_name="steps", verbose_name=_("training run"))
    doing = models.CharField(_("what was asked for"), max_length=7, choices=Doing)
    asked_by = models.UUIDField(_("asked for by"), help_text=_("The principal of the member of staff."))
    reason = models.TextField(_("reason"), blank=True)
    asked_at = models.DateTimeField(_("asked for"))
    taken_at = models.DateTimeField(_("taken by a worker"), null=True)
    moved_at = models.DateTimeField(_("last progress"))
    done = models.PositiveIntegerField(_("files read"), default=0)
    total = models.PositiveIntegerField(_("files in all"), default=0)
    counts = models.JSONField(_("what was counted"), default=dict)
    finished_at = models.DateTimeField(_("ended"), null=True)
    problem = models.TextField(_("what stopped it"), blank=True)

    class Meta:
        verbose_name = _("step of a training run")
        verbose_name_plural = _("steps of training runs")
        ordering: ClassVar[list[str]] = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(doing__in=Doing.values), name="step_is_a_known_one"),
            models.UniqueConstraint(
                fields=["run"], condition=Q(finished_at__isnull=True), name="one_step_of_a_run_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.doing}"

    def is_under_way(self, at: datetime) -> bool:
        """Return whether it has shown a sign of life lately, and has not ended."""
        return self.finished_at is None and self.moved_at > at - INTERRUPTED_AFTER


class Shard(models.Model):
    """One row: one file of a run, and the part of the manifest that it holds.

    `version` counts how often something was taken out of it. Its file is there as it should be while `written_at` is
    set: `sha256` and `size` (bytes) are the file's, `masked` is how often the filter masked something of each class.
    """

    run = models.ForeignKey(TrainingRun, models.PROTECT, related_name="shards", db_index=False, verbose_name=_("run"))
    number = models.PositiveIntegerField(_("number"))
    version = models.PositiveIntegerField(_("version"), default=0)
    conversations = models.PositiveIntegerField(_("conversations"))
    messages = models.PositiveBigIntegerField(_("messages"), default=0)
    masked = models.JSONField(_("masked, by class"), default=dict)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    sha256 = models.CharField(_("hash of the file"), max_length=64, blank=True)
    written_at = models.DateTimeField(_("written"), null=True)

    class Meta:
        verbose_name = _("shard")
        verbose_name_plural = _("shards")
        ordering: ClassVar[list[str]] = ["run", "number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="one_shard_per_number"),
            models.CheckConstraint(
                condition=Q(written_at__isnull=True, sha256="") | Q(written_at__isnull=False) & ~Q(sha256=""),
                name="a_written_shard_has_a_hash",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} #{self.number}"


class ManifestRow(models.Model):
    """One row: one conversation in one run, and the consent record it rests on.

    `export_id` is what the files call it; it leads to no account without this row. `conversation` is its id, which
    outlives it. `messages` is how many of its messages are exported, none of them later than `last_message` (a key of
    `Message`). `sha256` is of what was exported (`training.records`), empty until it has been.
    """

    run = models.ForeignKey(TrainingRun, models.PROTECT, related_name="rows", db_index=False, verbose_name=_("run"))
    shard = models.PositiveIntegerField(_("shard"))
    export_id = models.UUIDField(_("id in the files"))
    conversation = models.UUIDField(_("conversation"))
    record = models.ForeignKey(ConsentRecord, models.PROTECT, related_name="+", verbose_name=_("consent record"))
    messages = models.PositiveIntegerField(_("messages"))
    last_message = models.BigIntegerField(_("last message"))
    sha256 = models.CharField(_("hash of what was exported"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("row of a manifest")
        verbose_name_plural = _("rows of manifests")
        indexes = [models.Index(fields=["run", "shard", "export_id"], name="row_by_shard")]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "run"], name="a_conversation_once_in_a_run"),
            models.CheckConstraint(condition=Q(messages__gte=1), name="a_row_has_messages"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.export_id}"


class Removal(models.Model):
    """One row: something that a run which has not started must not hold any more, whatever became of it since.

    It is written in the transaction of the act (rule E1: until *started*, nothing is put back), and gone once it has
    been taken out. `conversation` is empty if it is everything that the person had; `person` is the key of their
    account.
    """

    run = models.ForeignKey(TrainingRun, models.CASCADE, related_name="removals", verbose_name=_("training run"))
    person = models.BigIntegerField(_("person"))
    conversation = models.UUIDField(_("conversation"), null=True)

    class Meta:
        verbose_name = _("removal")
        verbose_name_plural = _("removals")

    def __str__(self) -> str:
        return f"{self.run_id}: {self.conversation or self.person}"
