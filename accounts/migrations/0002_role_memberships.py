import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts.core import clients


def note_what_roles_gave(apps, schema_editor):
    """Until now, every membership in a group that roles manage came from a role."""
    user_model = apps.get_model("accounts", "User")
    membership = apps.get_model("accounts", "RoleMembership")
    rows = user_model.groups.through.objects.filter(
        user__directus_id__isnull=False,
        group__name__in=clients.role_rights().managed_groups,
    )
    pairs = rows.values_list("user_id", "group_id").iterator(chunk_size=1000)
    membership.objects.bulk_create(
        (membership(user_id=user, group_id=group) for user, group in pairs),
        batch_size=1000,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="RoleMembership",
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
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="auth.group",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "group"), name="role_membership_unique"
                    )
                ],
            },
        ),
        migrations.RunPython(note_what_roles_gave, migrations.RunPython.noop),
    ]
