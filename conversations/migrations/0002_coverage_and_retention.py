import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="conversation",
            name="conversation_by_user",
        ),
        migrations.AddField(
            model_name="conversation",
            name="allowed_message_at",
            field=models.DateTimeField(null=True, verbose_name="last message under an allow"),
        ),
        migrations.AddField(
            model_name="conversation",
            name="deleted_at",
            field=models.DateTimeField(null=True, verbose_name="deleted"),
        ),
        migrations.AddField(
            model_name="conversation",
            name="excluded_at",
            field=models.DateTimeField(null=True, verbose_name="excluded"),
        ),
        migrations.AddField(
            model_name="conversation",
            name="expires_at",
            field=models.DateTimeField(null=True, verbose_name="kept until"),
        ),
        migrations.AddField(
            model_name="conversation",
            name="has_commercial_message",
            field=models.BooleanField(default=False, verbose_name="written in under a commercial plan"),
        ),
        migrations.AddField(
            model_name="conversation",
            name="is_private",
            field=models.BooleanField(
                default=False, help_text="For good: never used for training.", verbose_name="private"
            ),
        ),
        migrations.AddField(
            model_name="conversation",
            name="workspace",
            field=models.CharField(blank=True, max_length=80, verbose_name="workspace"),
        ),
        migrations.AddField(
            model_name="message",
            name="answers",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="reply",
                to="conversations.message",
                verbose_name="message it answers",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="format",
            field=models.CharField(
                choices=[("text", "Text"), ("code", "Code block"), ("diff", "Diff")],
                default="text",
                max_length=4,
                verbose_name="format",
            ),
        ),
        migrations.AlterField(
            model_name="conversation",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="conversations",
                to=settings.AUTH_USER_MODEL,
                verbose_name="owner",
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="conversation",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="messages",
                to="conversations.conversation",
                verbose_name="conversation",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["user", "kind", "-last_message_at", "-id"], name="conversation_by_user"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("expires_at__isnull", False)),
                fields=["expires_at"],
                name="conversation_by_retention_date",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)), fields=["deleted_at"], name="conversation_deleted"
            ),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("allowed_message_at__isnull", True),
                    models.Q(("excluded_at__isnull", True), ("is_private", False)),
                    _connector="OR",
                ),
                name="private_and_excluded_count_no_message",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.CheckConstraint(
                condition=models.Q(("workspace", ""), ("kind", "coding"), _connector="OR"),
                name="only_coding_sessions_have_a_workspace",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("format__in", ["text", "code", "diff"])), name="message_format_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("role", "assistant"), ("answers__isnull", True), _connector="OR"),
                name="only_replies_answer_a_message",
            ),
        ),
    ]
