from django.db import migrations, models


def void_what_was_shared(apps, schema_editor):
    """Whose password these are was unknown before, and they may be confirmed by now."""
    sign_ups = apps.get_model("accounts", "SignUp").objects
    sign_ups.filter(count__gt=1).update(is_void=True)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_attempts_in_flight_until"),
    ]

    operations = [
        migrations.AddField(
            model_name="signup",
            name="directus_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="signup",
            name="is_void",
            # Also for rows of an older version that runs beside this one.
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RunPython(void_what_was_shared, migrations.RunPython.noop),
    ]
