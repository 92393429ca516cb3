from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_account_pages"),
    ]

    operations = [
        migrations.CreateModel(
            name="SyncPosition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("started_at", models.DateTimeField(unique=True)),
                ("last_id", models.UUIDField()),
                ("fewest", models.PositiveIntegerField()),
                ("active_before", models.PositiveIntegerField()),
                ("seen", models.PositiveIntegerField()),
                ("created", models.PositiveIntegerField()),
                ("updated", models.PositiveIntegerField()),
                ("reactivated", models.PositiveIntegerField()),
            ],
        ),
        migrations.AddField(
            model_name="user",
            name="policies",
            field=models.JSONField(
                default=list, editable=False, verbose_name="policies"
            ),
        ),
    ]
