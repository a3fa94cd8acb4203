from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0003_dates_of_what_is_there"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__isnull", False), ("has_commercial_message", True), _connector="OR"),
                name="only_commercial_conversations_have_no_date",
            ),
        ),
    ]
