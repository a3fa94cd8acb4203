from django.db import migrations


class Migration(migrations.Migration):
    """Note whose account is switched off: they are counted no more. From now on a trigger sees the change."""

    dependencies = [
        ("privacy", "0010_records_by_method_and_signal"),
    ]

    operations = [
        migrations.RunSQL(
            "INSERT INTO privacy_rolloutdue (principal) SELECT principal FROM accounts_user WHERE NOT is_active",
            migrations.RunSQL.noop,
        ),
    ]
