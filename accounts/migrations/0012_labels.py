"""Labels of the admin; no column changes."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_revocation"),
    ]

    operations = [
        migrations.AlterField(
            model_name="healthreport",
            name="seconds",
            field=models.FloatField(verbose_name="duration in seconds"),
        ),
        migrations.AlterField(
            model_name="healthreport",
            name="taken_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, verbose_name="checked"
            ),
        ),
        migrations.AlterField(
            model_name="session",
            name="client_address",
            field=models.GenericIPAddressField(null=True, verbose_name="IP address"),
        ),
        migrations.AlterField(
            model_name="session",
            name="confirmed_at",
            field=models.DateTimeField(null=True, verbose_name="password last entered"),
        ),
        migrations.AlterField(
            model_name="session",
            name="expire_date",
            field=models.DateTimeField(db_index=True, verbose_name="expires"),
        ),
        migrations.AlterField(
            model_name="session",
            name="last_seen_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, verbose_name="last active"
            ),
        ),
        migrations.AlterField(
            model_name="session",
            name="validated_at",
            field=models.DateTimeField(
                null=True, verbose_name="last checked with Directus"
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="directus_id",
            field=models.UUIDField(
                blank=True, null=True, unique=True, verbose_name="Directus ID"
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="email",
            field=models.EmailField(
                db_index=True, max_length=254, verbose_name="email address"
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="has_two_factor",
            field=models.BooleanField(null=True, verbose_name="two-step verification"),
        ),
        migrations.AlterField(
            model_name="user",
            name="last_access",
            field=models.DateTimeField(
                blank=True, null=True, verbose_name="last active"
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="must_use_two_factor",
            field=models.BooleanField(
                default=False, verbose_name="two-step verification required"
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="picture_id",
            field=models.UUIDField(blank=True, null=True, verbose_name="photo"),
        ),
        migrations.AlterField(
            model_name="user",
            name="role_id",
            field=models.UUIDField(blank=True, null=True, verbose_name="role ID"),
        ),
        migrations.AlterField(
            model_name="user",
            name="synced_at",
            field=models.DateTimeField(null=True, verbose_name="last synced"),
        ),
    ]
