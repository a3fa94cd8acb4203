from django.db import migrations


class Migration(migrations.Migration):
    """Note everyone there is already: from the next change on, triggers do."""

    dependencies = [
        ("privacy", "0006_rollout"),
    ]

    operations = [
        migrations.RunSQL(
            "INSERT INTO privacy_rolloutdue (principal) SELECT principal FROM accounts_user",
            "DELETE FROM privacy_rolloutdue",
        ),
    ]
