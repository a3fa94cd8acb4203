"""The evidence of what people were shown and chose."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from privacy.models.updates import PolicyUpdate


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


CHOICES = frozenset({Kind.TRAINING_ALLOWED, Kind.TRAINING_REFUSED, Kind.TRAINING_WITHDRAWN})
ANSWERS = CHOICES | {Kind.TERMS_ACCEPTED}


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
    language = models.CharField(_("language"), max_length=7, choices=settings.LANGUAGES)
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
            models.Index(fields=["method", "-recorded_at"], name="record_by_method"),
            models.Index(fields=["language", "-recorded_at"], name="record_by_language"),
            # Those with the signal, which are the few: an index of a truth value serves one database alone.
            models.Index(fields=["-recorded_at"], condition=Q(gpc=True), name="record_by_signal"),
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
