from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_deleted_users"),
    ]

    operations = [
        migrations.AddField(
            model_name="attempts",
            name="in_flight_until",
            field=models.DateTimeField(null=True),
        ),
    ]
