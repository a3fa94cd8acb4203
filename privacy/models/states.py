"""Where each person stands, and what they were writing."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from privacy.models.evidence import Training
from privacy.models.updates import PolicyUpdate


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


class Draft(models.Model):
    """One row: what someone was writing on a page when they had to answer, or to sign in, first.

    It is given back for 30 days, or until it is sent. What is kept in several tabs stands in one text.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="drafts", verbose_name=_("person"))
    path = models.CharField(_("page"), max_length=200, help_text=_("The page on which it was being written."))
    text = models.TextField(_("text"))
    is_private = models.BooleanField(_("to be private"), default=False)
    kept_at = models.DateTimeField(_("kept"))

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [models.UniqueConstraint(fields=["user", "path"], name="one_draft_per_page")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.path}"
