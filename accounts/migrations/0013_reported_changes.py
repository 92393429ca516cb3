from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0012_labels'),
    ]

    operations = [
        migrations.AddField(
            model_name='session',
            name='change_reported_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='session',
            name='must_renew',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
    ]
