import datetime as dt

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0007_count_everyone"),
    ]

    operations = [
        migrations.AlterField(
            model_name="policyupdate",
            name="allow_retention_years",
            field=models.PositiveSmallIntegerField(
                default=5,
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)],
                verbose_name="years kept if allowed",
            ),
        ),
        migrations.AlterField(
            model_name="policyupdate",
            name="announced_at",
            field=models.DateTimeField(
                validators=[
                    django.core.validators.MinValueValidator(dt.datetime(2000, 1, 1, 0, 0, tzinfo=dt.UTC)),
                    django.core.validators.MaxValueValidator(dt.datetime(2900, 1, 1, 0, 0, tzinfo=dt.UTC)),
                ],
                verbose_name="announced",
            ),
        ),
        migrations.AlterField(
            model_name="policyupdate",
            name="long_deferral_days",
            field=models.PositiveSmallIntegerField(
                default=7,
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(365)],
                verbose_name="days of a later deferral",
            ),
        ),
        migrations.AlterField(
            model_name="policyupdate",
            name="refuse_retention_days",
            field=models.PositiveSmallIntegerField(
                default=30,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(36500),
                ],
                verbose_name="days kept otherwise",
            ),
        ),
        migrations.AlterField(
            model_name="policyupdate",
            name="rollout_percentage",
            field=models.PositiveSmallIntegerField(
                default=0,
                validators=[django.core.validators.MaxValueValidator(100)],
                verbose_name="roll-out percentage",
            ),
        ),
        migrations.AlterField(
            model_name="policyupdate",
            name="short_deferral_days",
            field=models.PositiveSmallIntegerField(
                default=1,
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(365)],
                verbose_name="days of a short deferral",
            ),
        ),
    ]
