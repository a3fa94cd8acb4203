"""Letters about policy updates."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from privacy.models.updates import PolicyUpdate, UpdateAct


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
        indexes = [
            models.Index(fields=["begun_at", "id"], name="letter_begun"),
            models.Index(fields=["begun_at"], condition=Q(sent_at__isnull=True), name="letter_not_known_sent"),
        ]
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
