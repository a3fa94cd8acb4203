import uuid
from itertools import pairwise

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.utils import timezone

NOBODY = uuid.UUID(int=0)


def drop_triggers(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop this app's triggers, which `migrate` makes again: on SQLite they would keep tables from being rebuilt."""
    connection = schema_editor.connection
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'privacy_%'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP TRIGGER "{name}"')


def write_acts(apps: StateApps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write the acts that led to where published updates are.

    Who published them was not recorded, nor were the steps of the percentage.
    """
    PolicyUpdate = apps.get_model("privacy", "PolicyUpdate")
    UpdateAct = apps.get_model("privacy", "UpdateAct")
    LastDayMove = apps.get_model("privacy", "LastDayMove")
    for update in PolicyUpdate.objects.filter(published_at__isnull=False).order_by("published_at"):
        moves = list(LastDayMove.objects.filter(update=update).order_by("pk"))
        common = {"update": update, "rollout_percentage": update.rollout_percentage, "recorded_at": timezone.now()}
        first_day = moves[0].previous_last_day if moves else update.last_day
        UpdateAct.objects.create(kind="published", last_day=first_day, at=update.published_at, **common)
        for move in moves:
            UpdateAct.objects.create(
                kind="last_day_moved",
                last_day=move.last_day,
                reason=move.reason,
                actor=move.moved_by,
                at=move.at,
                **common,
            )


def write_moves(apps: StateApps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write the moves of the last day again, on the way back: why a day has moved is kept.

    Who published an update or rolled it out further has no place there. A move has to be someone's: nobody's gets an
    id that nobody has.
    """
    PolicyUpdate = apps.get_model("privacy", "PolicyUpdate")
    UpdateAct = apps.get_model("privacy", "UpdateAct")
    LastDayMove = apps.get_model("privacy", "LastDayMove")
    for update in PolicyUpdate.objects.filter(published_at__isnull=False).order_by("published_at"):
        for before, act in pairwise(UpdateAct.objects.filter(update=update).order_by("pk")):
            if act.kind == "last_day_moved":
                LastDayMove.objects.create(
                    update=update,
                    previous_last_day=before.last_day,
                    last_day=act.last_day,
                    reason=act.reason,
                    moved_by=act.actor or NOBODY,
                    at=act.at,
                )


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0003_records_read_from_the_journal"),
    ]

    operations = [
        migrations.RunPython(drop_triggers, migrations.RunPython.noop),
        migrations.AlterModelOptions(
            name="policyupdate",
            options={
                "ordering": ["-announced_at", "-version"],
                "permissions": [
                    ("act_on_policyupdate", "Can publish policy updates, roll them out and move their last day")
                ],
                "verbose_name": "policy update",
                "verbose_name_plural": "policy updates",
            },
        ),
        migrations.CreateModel(
            name="UpdateAct",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("published", "publication"),
                            ("rolled_out", "wider roll-out"),
                            ("last_day_moved", "move of the last day"),
                        ],
                        max_length=14,
                        verbose_name="act",
                    ),
                ),
                ("rollout_percentage", models.PositiveSmallIntegerField(verbose_name="roll-out percentage")),
                ("last_day", models.DateField(verbose_name="last day")),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                ("tells_people", models.BooleanField(default=False, verbose_name="people get a letter")),
                (
                    "actor",
                    models.UUIDField(
                        help_text="The principal of the member of staff.", null=True, verbose_name="who acted"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="done")),
                ("recorded_at", models.DateTimeField(verbose_name="recorded")),
                (
                    "update",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acts",
                        to="privacy.policyupdate",
                        verbose_name="policy update",
                    ),
                ),
            ],
            options={
                "verbose_name": "act on a policy update",
                "verbose_name_plural": "acts on policy updates",
                "ordering": ["pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["published", "rolled_out", "last_day_moved"])),
                        name="update_act_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "last_day_moved"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="moving_a_last_day_has_a_reason",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "published")),
                        fields=("update",),
                        name="an_update_is_published_once",
                    ),
                ],
            },
        ),
        migrations.RunPython(write_acts, write_moves),
        migrations.DeleteModel(name="LastDayMove"),
        # The last is the first on the way back.
        migrations.RunPython(migrations.RunPython.noop, drop_triggers),
    ]
