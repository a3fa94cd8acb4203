from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0003_steps_are_taken"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="step",
            name="step_is_a_known_one",
        ),
        migrations.AlterField(
            model_name="step",
            name="doing",
            field=models.CharField(
                choices=[
                    ("count", "counting"),
                    ("prepare", "preparing"),
                    ("start", "starting"),
                    ("verify", "verifying"),
                ],
                max_length=7,
                verbose_name="what was asked for",
            ),
        ),
        migrations.AddField(
            model_name="step",
            name="counts",
            field=models.JSONField(default=dict, verbose_name="what was counted"),
        ),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.CheckConstraint(
                condition=models.Q(("doing__in", ["count", "prepare", "start", "verify"])), name="step_is_a_known_one"
            ),
        ),
    ]
