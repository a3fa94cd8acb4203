"""Who a person is: the account, and the plans it has had."""

import uuid
import zoneinfo
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts import clock


class PlanClass(models.TextChoices):
    """Which side of the line a plan is on: consumers are asked, commercial customers never."""

    CONSUMER = "consumer", _("consumer plan")
    COMMERCIAL = "commercial", _("commercial plan")


class Plan(models.TextChoices):
    """What someone pays for, or does not."""

    FREE = "free", _("Free")
    PRO = "pro", _("Pro")
    MAX = "max", _("Max")
    TEAM = "team", _("Team")
    ENTERPRISE = "enterprise", _("Enterprise")
    GOV = "gov", _("Gov")
    EDUCATION = "education", _("Education")
    API = "api", _("API")

    @property
    def plan_class(self) -> PlanClass:
        """Return the class of this plan."""
        return PlanClass.CONSUMER if self in CONSUMER_PLANS else PlanClass.COMMERCIAL


CONSUMER_PLANS = frozenset({Plan.FREE, Plan.PRO, Plan.MAX})
# What stands where an erased address stood. `.invalid` is nobody's, ever (RFC 2606).
ERASED = "erased.invalid"


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless the IANA database knows this time zone."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("There is no time zone of this name."), code="unknown_time_zone")


class UserManager(BaseUserManager["User"]):
    """Makes accounts; the e-mail address is the login and is kept in lower case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Return a new account. Without a password it can sign in only after a reset or with a passkey."""
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Return a new account that may do everything in the admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the account of an e-mail address, whatever its case."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """One account: a person, or what is left of one."""

    email = models.EmailField(_("e-mail address"), unique=True)
    principal = models.UUIDField(
        _("principal"),
        default=uuid.uuid4,
        unique=True,
        editable=False,
        help_text=_("The opaque id under which evidence is kept. It leads nowhere outside this table."),
    )
    plan = models.CharField(_("plan"), max_length=10, choices=Plan, default=Plan.FREE)
    joined_at = models.DateTimeField(
        _("joined"), null=True, editable=False, help_text=_("The first instant on a consumer plan.")
    )
    created_at = models.DateTimeField(_("created"), default=clock.now, editable=False)
    language = models.CharField(_("language"), max_length=7, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE)
    time_zone = models.CharField(_("time zone"), max_length=40, default="UTC", validators=[validate_time_zone])
    is_persona = models.BooleanField(
        _("QA persona"), default=False, editable=False, help_text=_("Made for testing: never counts, is never used.")
    )
    closed_at = models.DateTimeField(
        _("account deleted"), null=True, editable=False, help_text=_("From then on nobody can sign in to it.")
    )
    erased_at = models.DateTimeField(
        _("erased"), null=True, editable=False, help_text=_("From then on nothing personal of it is stored.")
    )
    is_staff = models.BooleanField(_("staff"), default=False)
    is_active = models.BooleanField(_("active"), default=True)

    objects: ClassVar[UserManager] = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        # What staff list by; what few people are has an index of those few.
        indexes = [
            models.Index(fields=["joined_at", "id"], name="user_by_joining"),
            models.Index(fields=["plan", "id"], name="user_by_plan"),
            models.Index(fields=["id"], condition=models.Q(is_staff=True), name="user_staff"),
            models.Index(fields=["id"], condition=models.Q(is_persona=True), name="user_personas"),
            models.Index(fields=["id"], condition=models.Q(closed_at__isnull=False), name="user_closed"),
            models.Index(
                fields=["created_at"],
                condition=models.Q(last_login__isnull=True, closed_at__isnull=True),
                name="user_never_signed_in",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_is_lower_case"),
            models.CheckConstraint(condition=models.Q(plan__in=Plan.values), name="user_plan_is_known"),
            models.CheckConstraint(
                condition=models.Q(joined_at__isnull=False) | ~models.Q(plan__in=sorted(CONSUMER_PLANS)),
                name="user_on_a_consumer_plan_has_joined",
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True) | models.Q(is_active=False),
                name="user_of_a_deleted_account_is_not_active",
            ),
            models.CheckConstraint(
                condition=models.Q(erased_at__isnull=True) | models.Q(closed_at__isnull=False),
                name="user_is_erased_after_the_account_is_deleted",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def may_sign_in(self) -> bool:
        """Return whether anyone may be signed in as this account.

        The password of a persona is printed for everyone: in a database that comes from where QA's tools were on to
        where they are off, it opens nothing.
        """
        return self.is_active and (settings.QA_TOOLS or not self.is_persona)

    @property
    def plan_class(self) -> PlanClass:
        """Return which class of plan this person is on now."""
        return Plan(self.plan).plan_class

    @property
    def is_consumer(self) -> bool:
        """Return whether this person is on a consumer plan now."""
        return self.plan_class is PlanClass.CONSUMER

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the account; a new one starts its plan, however it was made."""
        if not self._state.adding:
            super().save(*args, **kwargs)
            return
        self.email = self.email.lower()
        if self.is_consumer and self.joined_at is None:
            self.joined_at = self.created_at
        with transaction.atomic():
            super().save(*args, **kwargs)
            self.plan_changes.create(plan=self.plan, at=self.created_at)


class PlanChange(models.Model):
    """One row: from this instant on, this person is on this plan."""

    user = models.ForeignKey(User, models.CASCADE, related_name="plan_changes", verbose_name=_("person"))
    plan = models.CharField(_("plan"), max_length=10, choices=Plan)
    at = models.DateTimeField(_("from"))

    class Meta:
        verbose_name = _("plan change")
        verbose_name_plural = _("plan changes")
        indexes = [models.Index(fields=["user", "-at"], name="plan_change_by_user")]
        constraints = [
            models.CheckConstraint(condition=models.Q(plan__in=Plan.values), name="plan_change_plan_is_known")
        ]

    def __str__(self) -> str:
        return f"{self.get_plan_display()} · {self.at:%Y-%m-%d %H:%M %Z}"


# A data export without progress for so long was interrupted: another may be asked for.
INTERRUPTED_AFTER = timedelta(minutes=15)


class JournalEntry(models.Model):
    """One row: an act that is in the journal outside the database too, by id and instant only (rule D7).

    `act` is the name under which an app registered it (`accounts.journal`), `subject` the id of what it was done to.
    A line of the journal whose row is missing here shows that this database is older than the journal: it was
    restored from a backup.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    act = models.CharField(_("act"), max_length=40)
    subject = models.UUIDField(_("subject"))
    at = models.DateTimeField(_("happened"))
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("journal entry")
        verbose_name_plural = _("journal entries")
        indexes = [
            models.Index(fields=["recorded_at"], name="journal_entry_by_time"),
            models.Index(fields=["subject", "act"], name="journal_entry_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.subject}"


class DataExport(models.Model):
    """One row: a download of all that is held about one person, from being asked for to the end of its file.

    `done` of `total` items are written. The file has the name of the row's id and goes at `expires_at`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="data_exports", verbose_name=_("person"))
    requested_at = models.DateTimeField(_("asked for"))
    moved_at = models.DateTimeField(_("last progress"))
    done = models.PositiveIntegerField(_("items written"), default=0)
    total = models.PositiveIntegerField(_("items in all"), default=0)
    finished_at = models.DateTimeField(_("finished"), null=True)
    failed_at = models.DateTimeField(_("failed"), null=True)
    expires_at = models.DateTimeField(_("kept until"), null=True)

    class Meta:
        verbose_name = _("data export")
        verbose_name_plural = _("data exports")
        indexes = [models.Index(fields=["expires_at"], name="data_export_by_expiry")]
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(finished_at__isnull=True, failed_at__isnull=True),
                name="one_data_export_at_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(finished_at__isnull=True)
                | models.Q(expires_at__isnull=False, failed_at__isnull=True),
                name="finished_data_export_expires",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def is_running(self, at: datetime) -> bool:
        """Return whether it is being written: it has moved lately, and is neither finished nor failed."""
        return self.finished_at is None and self.failed_at is None and self.moved_at > at - INTERRUPTED_AFTER

    def is_ready(self, at: datetime) -> bool:
        """Return whether there is a file to be had."""
        return self.expires_at is not None and at < self.expires_at


class ListDownload(models.Model):
    """One row: a member of staff took a list out of the admin as a file.

    `filters` is the query of the list's address, with a principal where it had an e-mail address. `rows` is how many
    were sent; it is empty while the file is, and if the process that sent it was killed.
    """

    actor = models.UUIDField(_("who took it"), help_text=_("The principal of the member of staff."))
    list = models.CharField(_("list"), max_length=60)
    filters = models.TextField(_("filters"), blank=True)
    rows = models.PositiveIntegerField(_("rows"), null=True)
    at = models.DateTimeField(_("begun"))
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("downloaded list")
        verbose_name_plural = _("downloaded lists")
        default_permissions = ("view",)
        permissions = [("download_csv", _("Can download lists as CSV"))]

    def __str__(self) -> str:
        return f"{self.list} {self.at:%Y-%m-%d %H:%M}"
