from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0002_steps"),
    ]

    operations = [
        migrations.AddField(
            model_name="step",
            name="taken_at",
            field=models.DateTimeField(null=True, verbose_name="taken by a worker"),
        ),
    ]
