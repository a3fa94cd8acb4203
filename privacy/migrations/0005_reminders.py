import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import privacy.models


def drop_triggers(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop this app's triggers, which `migrate` makes again: on SQLite they would keep tables from being rebuilt."""
    connection = schema_editor.connection
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'privacy_%'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP TRIGGER "{name}"')


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("privacy", "0004_acts_on_updates"),
    ]

    operations = [
        migrations.RunPython(drop_triggers, migrations.RunPython.noop),
        migrations.AddField(
            model_name="policyupdate",
            name="reminder_days",
            field=models.CharField(
                blank=True,
                default="14, 7, 1",
                help_text="How many days before the deadline a letter reminds who has not answered: 14, 7, 1. None if empty.",
                max_length=40,
                validators=[privacy.models.validate_reminder_days],
                verbose_name="reminders",
            ),
        ),
        migrations.CreateModel(
            name="Letter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("days", models.PositiveSmallIntegerField(null=True, verbose_name="days before the deadline")),
                (
                    "language",
                    models.CharField(
                        choices=[("en", "English"), ("zh-hans", "Simplified Chinese")],
                        max_length=7,
                        verbose_name="language",
                    ),
                ),
                ("begun_at", models.DateTimeField(verbose_name="begun")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
                ("problem", models.CharField(blank=True, max_length=80, verbose_name="problem")),
                (
                    "update",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="letters",
                        to="privacy.policyupdate",
                        verbose_name="policy update",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="letters",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "act",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="letters",
                        to="privacy.updateact",
                        verbose_name="move",
                    ),
                ),
            ],
            options={
                "verbose_name": "letter about an update",
                "verbose_name_plural": "letters about updates",
                "indexes": [
                    models.Index(
                        condition=models.Q(("sent_at__isnull", True)), fields=["begun_at"], name="letter_not_known_sent"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("update", "days", "user"), name="one_reminder_per_person"),
                    models.UniqueConstraint(fields=("act", "user"), name="one_letter_per_move"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("act__isnull", False), ("days__isnull", True)),
                            models.Q(("act__isnull", True), ("days__isnull", False)),
                            _connector="OR",
                        ),
                        name="a_letter_is_a_reminder_or_about_a_move",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sent_at__isnull", True), ("problem", ""), _connector="OR"),
                        name="a_sent_letter_has_no_problem",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReminderStop",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="reminder_stop",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="stopped")),
            ],
            options={
                "verbose_name": "stop of reminders",
                "verbose_name_plural": "stops of reminders",
            },
        ),
        # The last is the first on the way back.
        migrations.RunPython(migrations.RunPython.noop, drop_triggers),
    ]
