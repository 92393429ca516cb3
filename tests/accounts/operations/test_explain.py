"""directus_explain: where the rights of a user come from."""

import json
import uuid
from io import StringIO

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command

from accounts.directus import DirectusUser
from accounts.mirror.users import mirror_user
from accounts.models import User

pytestmark = pytest.mark.django_db
ADA = DirectusUser(
    id=uuid.uuid4(),
    email="ada@example.com",
    status="active",
    role_id=uuid.uuid4(),
    role_name="Editor",
)
NOT_YET = "next time"


@pytest.fixture
def ada(settings):
    """An editor with a group of the role, a group by hand and a permission by hand."""
    settings.DIRECTUS_ROLE_GROUPS = {"Editor": ["editors"]}
    settings.DIRECTUS_STAFF_ROLES = ["Editor"]
    user = mirror_user(ADA)
    user.groups.add(Group.objects.create(name="testers"))
    user.user_permissions.add(permission("view_session"))
    Group.objects.get(name="editors").permissions.add(
        permission("view_user"), permission("change_user")
    )
    Group.objects.get(name="testers").permissions.add(permission("view_user"))
    return user


def permission(codename):
    return Permission.objects.get(codename=codename, content_type__app_label="accounts")


def explain(user, **options):
    output = StringIO()
    call_command("directus_explain", str(user), stdout=output, no_color=True, **options)
    return output.getvalue()


def explain_json(user):
    return json.loads(explain(user, format="json"))[0]


@pytest.mark.parametrize(
    "name",
    [ADA.email.upper(), str(ADA.id), "own key"],
    ids=["address", "id in Directus", "own key"],
)
def test_it_says_what_comes_from_where(ada, name):
    printed = explain(ada.pk if name == "own key" else name)

    lines = [" ".join(line.split()) for line in printed.splitlines()]
    for line in (
        "role Editor",
        "staff yes ← role Editor, by DIRECTUS_STAFF_ROLES",
        "superuser no",
        "group editors ← role Editor, by DIRECTUS_ROLE_GROUPS",
        "group testers ← given by hand in Django",
        "permission accounts.change_user ← group editors",
        "permission accounts.view_session ← given by hand in Django",
        "permission accounts.view_user ← group editors, group testers",
    ):
        assert line in lines
    assert NOT_YET not in printed


def test_it_explains_what_django_believes(ada):
    listed = {one["name"] for one in explain_json(ada.pk)["permissions"]}

    assert listed == User.objects.get(pk=ada.pk).get_all_permissions()


def test_an_inactive_user_may_do_nothing(ada):
    User.objects.update(is_active=False)

    report = explain_json(ada.pk)

    assert (report["is_active"], report["permissions"]) == (False, [])


def test_a_superuser_has_them_all(settings, db):
    settings.DIRECTUS_SUPERUSER_ROLES = [str(ADA.role_id)]
    user = mirror_user(ADA)

    report = explain_json(user.pk)

    assert report["superuser"]["source"].endswith("by DIRECTUS_SUPERUSER_ROLES")
    assert report["permissions"] == [
        {"name": "every permission", "source": "superuser"}
    ]


def test_a_local_user_has_no_role(db):
    root = User.objects.create_superuser("root@example.com")

    report = explain_json(root.pk)

    assert (report["role"], report["directus_id"]) == (None, None)
    assert report["superuser"]["source"] == "local user"
    assert report["pending"] == []


def test_what_a_changed_map_will_do_is_told(ada, settings):
    settings.DIRECTUS_ROLE_GROUPS = {"Editor": ["writers", "testers"]}
    settings.DIRECTUS_STAFF_ROLES = []

    pending = explain_json(ada.pk)["pending"]
    mirror_user(ADA)

    assert pending == [
        "will have group writers",
        "will lose group editors",
        "staff will change",
    ]
    assert explain_json(ada.pk)["pending"] == []
    assert NOT_YET not in explain(ada.pk)


def test_an_unknown_user(directus, db):
    with pytest.raises(CommandError, match="no user") as caught:
        explain("nobody@example.com")

    assert caught.value.returncode == 2


def test_directus_is_not_asked(ada, directus, service_token):
    explain(ada.pk)

    directus.was_not_asked()
