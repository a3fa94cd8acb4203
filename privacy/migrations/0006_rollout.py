import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

NOTES = ("accounts_user_notes_insert", "accounts_user_notes_update", "privacy_consentrecord_notes_insert")


def drop_notes(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the triggers that note changes, on the way back: without their table nobody could sign up or answer."""
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    for name in NOTES:
        drop = f"DROP TRIGGER IF EXISTS {name}" if is_sqlite else f"DROP FUNCTION IF EXISTS {name}() CASCADE"
        schema_editor.execute(drop)


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0005_reminders"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RolloutCell",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=240, unique=True, verbose_name="key")),
                ("version", models.CharField(blank=True, max_length=40, verbose_name="version")),
                (
                    "plan",
                    models.CharField(
                        choices=[
                            ("free", "Free"),
                            ("pro", "Pro"),
                            ("max", "Max"),
                            ("team", "Team"),
                            ("enterprise", "Enterprise"),
                            ("gov", "Gov"),
                            ("education", "Education"),
                            ("api", "API"),
                        ],
                        max_length=10,
                        verbose_name="plan",
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=[("en", "English"), ("zh-hans", "Simplified Chinese")],
                        max_length=7,
                        verbose_name="language",
                    ),
                ),
                ("joined_after", models.CharField(blank=True, max_length=40, verbose_name="joined after")),
                ("last_shown", models.CharField(blank=True, max_length=40, verbose_name="last shown")),
                ("answered_version", models.CharField(blank=True, max_length=40, verbose_name="update answered")),
                ("terms_version", models.CharField(blank=True, max_length=40, verbose_name="terms accepted")),
                ("is_shown", models.BooleanField(default=False, verbose_name="shown")),
                ("deferrals", models.PositiveSmallIntegerField(default=0, verbose_name="times put off")),
                (
                    "first_answer",
                    models.CharField(
                        blank=True,
                        choices=[("allow", "allow"), ("refuse", "refuse")],
                        max_length=6,
                        verbose_name="first answer",
                    ),
                ),
                (
                    "surface",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("sign_up", "sign-up"),
                            ("pop_up", "pop-up"),
                            ("gate", "gate"),
                            ("settings", "settings"),
                            ("api", "API"),
                        ],
                        max_length=8,
                        verbose_name="surface",
                    ),
                ),
                (
                    "answer",
                    models.CharField(
                        blank=True,
                        choices=[("allow", "allow"), ("refuse", "refuse")],
                        max_length=6,
                        verbose_name="answer",
                    ),
                ),
                ("has_changed", models.BooleanField(default=False, verbose_name="mind changed")),
                ("people", models.PositiveIntegerField(default=0, verbose_name="people")),
            ],
            options={
                "verbose_name": "roll-out",
                "verbose_name_plural": "roll-out",
            },
        ),
        migrations.CreateModel(
            name="RolloutCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.CharField(max_length=40, verbose_name="version")),
                (
                    "figure",
                    models.CharField(
                        choices=[
                            ("allowed_on", "first answers that allow, by day"),
                            ("refused_on", "first answers that refuse, by day"),
                            ("speed", "time to answer, by bucket"),
                            ("deferred_in", "ends of deferrals, by hour"),
                            ("withdrawals", "changes from allow to refuse"),
                            ("returns", "changes from refuse to allow"),
                        ],
                        max_length=12,
                        verbose_name="figure",
                    ),
                ),
                ("key", models.CharField(blank=True, max_length=20, verbose_name="key")),
                ("number", models.PositiveIntegerField(default=0, verbose_name="number")),
            ],
            options={
                "verbose_name": "figure of the roll-out",
                "verbose_name_plural": "figures of the roll-out",
            },
        ),
        migrations.CreateModel(
            name="RolloutDue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("principal", models.UUIDField(verbose_name="principal")),
            ],
            options={
                "verbose_name": "person to count again",
                "verbose_name_plural": "people to count again",
            },
        ),
        migrations.CreateModel(
            name="RolloutPlace",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.CharField(blank=True, max_length=40, verbose_name="version")),
                ("answered_on", models.DateField(null=True, verbose_name="first answered on")),
                ("speed", models.PositiveSmallIntegerField(null=True, verbose_name="time to answer")),
                ("deferred_until", models.DateTimeField(null=True, verbose_name="put off until")),
                ("withdrawals", models.PositiveIntegerField(default=0, verbose_name="times from allow to refuse")),
                ("returns", models.PositiveIntegerField(default=0, verbose_name="times from refuse to allow")),
            ],
            options={
                "verbose_name": "person in the roll-out",
                "verbose_name_plural": "people in the roll-out",
            },
        ),
        migrations.CreateModel(
            name="RolloutState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("counted_at", models.DateTimeField(null=True, verbose_name="counted")),
                ("counted_up_to", models.BigIntegerField(null=True, verbose_name="counted up to")),
                ("known", models.JSONField(default=list, verbose_name="updates known")),
            ],
            options={
                "verbose_name": "state of the count",
                "verbose_name_plural": "states of the count",
            },
        ),
        migrations.AddIndex(
            model_name="consentrecord",
            index=models.Index(fields=["-recorded_at", "-id"], name="record_by_time"),
        ),
        migrations.AddIndex(
            model_name="consentrecord",
            index=models.Index(fields=["kind", "-recorded_at"], name="record_by_kind"),
        ),
        migrations.AddIndex(
            model_name="consentrecord",
            index=models.Index(fields=["surface", "-recorded_at"], name="record_by_surface"),
        ),
        migrations.AddIndex(
            model_name="rolloutcell",
            index=models.Index(fields=["version"], name="rollout_cell_by_version"),
        ),
        migrations.AddConstraint(
            model_name="rolloutcount",
            constraint=models.UniqueConstraint(fields=("version", "figure", "key"), name="one_count_per_key"),
        ),
        migrations.AddField(
            model_name="rolloutplace",
            name="cell",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="privacy.rolloutcell",
                verbose_name="cell",
            ),
        ),
        migrations.AddField(
            model_name="rolloutplace",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="person",
            ),
        ),
        migrations.AddConstraint(
            model_name="rolloutstate",
            constraint=models.CheckConstraint(condition=models.Q(("pk", 1)), name="one_state_of_the_count"),
        ),
        migrations.AddIndex(
            model_name="rolloutplace",
            index=models.Index(fields=["cell", "user", "version"], name="rollout_place_by_cell"),
        ),
        migrations.AddIndex(
            model_name="rolloutplace",
            index=models.Index(
                condition=models.Q(("answered_on__isnull", False)),
                fields=["version", "answered_on", "user"],
                name="rollout_place_by_day",
            ),
        ),
        migrations.AddIndex(
            model_name="rolloutplace",
            index=models.Index(
                condition=models.Q(("speed__isnull", False)),
                fields=["version", "speed", "user"],
                name="rollout_place_by_speed",
            ),
        ),
        migrations.AddIndex(
            model_name="rolloutplace",
            index=models.Index(
                condition=models.Q(("deferred_until__isnull", False)),
                fields=["version", "deferred_until"],
                name="rollout_place_by_deferral",
            ),
        ),
        migrations.AddConstraint(
            model_name="rolloutplace",
            constraint=models.UniqueConstraint(fields=("user", "version"), name="one_place_per_version"),
        ),
        # The last is the first on the way back.
        migrations.RunPython(migrations.RunPython.noop, drop_notes),
    ]
