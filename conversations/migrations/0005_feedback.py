import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0004_every_consumer_conversation_has_a_date"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Feedback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("given_at", models.DateTimeField(verbose_name="given")),
            ],
            options={
                "verbose_name": "feedback",
                "verbose_name_plural": "feedback",
            },
        ),
        migrations.CreateModel(
            name="FeedbackCopy",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "thumb",
                    models.CharField(
                        choices=[("up", "Good reply"), ("down", "Bad reply")], max_length=4, verbose_name="thumb"
                    ),
                ),
                ("comment", models.TextField(blank=True, verbose_name="comment")),
                ("excerpt", models.JSONField(blank=True, default=list, verbose_name="excerpt")),
                ("filter_version", models.CharField(blank=True, max_length=20, verbose_name="version of the filter")),
                ("given_on", models.DateField(verbose_name="given on")),
                ("expires_at", models.DateTimeField(verbose_name="kept until")),
            ],
            options={
                "verbose_name": "copy of feedback",
                "verbose_name_plural": "copies of feedback",
            },
        ),
        migrations.AddField(
            model_name="feedback",
            name="message",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="feedback",
                to="conversations.message",
                verbose_name="reply",
            ),
        ),
        migrations.AddField(
            model_name="feedback",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="feedback",
                to=settings.AUTH_USER_MODEL,
                verbose_name="person",
            ),
        ),
        migrations.AddIndex(
            model_name="feedbackcopy",
            index=models.Index(fields=["expires_at"], name="feedback_copy_by_date"),
        ),
        migrations.AddConstraint(
            model_name="feedbackcopy",
            constraint=models.CheckConstraint(
                condition=models.Q(("thumb__in", ["up", "down"])), name="feedback_thumb_is_known"
            ),
        ),
        migrations.AddField(
            model_name="feedback",
            name="copy",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="feedback",
                to="conversations.feedbackcopy",
                verbose_name="copy",
            ),
        ),
    ]
