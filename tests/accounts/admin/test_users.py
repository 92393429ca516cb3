"""Users in the admin: what Directus owns is shown, not edited."""

import re

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.utils import timezone

from accounts.models import User

from .paths import SESSIONS, USERS, act, confirm

pytestmark = pytest.mark.django_db


def test_users_are_listed_searched_and_filtered(root, shadow):
    page = root.get(USERS, {"q": "lovelace", "status__exact": "active"})

    assert shadow.email in page.text
    assert "1 user" in page.text
    assert root.get(USERS, {"q": str(shadow.directus_id)}).status_code == 200
    assert root.get(USERS, {"role_name__exact": "Customer"}).status_code == 200
    assert root.get(USERS, {"q": "\x00"}).status_code == 200


def test_what_directus_owns_cannot_be_changed(root, shadow):
    page = root.get(f"{USERS}{shadow.pk}/change/")
    before = User.objects.filter(pk=shadow.pk).values().get()
    forged = {
        "email": "evil@example.com",
        "first_name": "Evil",
        "status": "active",
        "directus_id": "00000000-0000-4000-8000-000000000001",
        "role_name": "Administrator",
        "is_staff": "on",
        "is_superuser": "on",
        "is_active": "",
        "password": "a password",
        "id": "1",
        "user_permissions": [],
    }

    response = root.post(f"{USERS}{shadow.pk}/change/", forged)

    assert response.status_code == 302
    assert User.objects.filter(pk=shadow.pk).values().get() == before
    inputs = set(re.findall(r'<(?:input|select)[^>]*name="(\w+)"', page.text))
    assert inputs <= {
        "csrfmiddlewaretoken",
        "groups",
        "user_permissions",
        "_save",
        "_continue",
        "_addanother",
    }


def test_groups_are_djangos_own(root, shadow):
    group = Group.objects.create(name="testers")

    root.post(f"{USERS}{shadow.pk}/change/", {"groups": [group.pk]})

    assert list(shadow.groups.all()) == [group]


@pytest.mark.parametrize("path", ["add/", "{pk}/delete/", "{pk}/password/"])
def test_users_are_neither_added_nor_deleted_nor_given_passwords(root, shadow, path):
    path = USERS + path.format(pk=shadow.pk)

    assert root.get(path).status_code in {302, 403, 404}
    root.post(path, {"post": "yes", "email": "x@example.com", "password1": "x" * 20})

    assert User.objects.filter(pk=shadow.pk).exists()
    assert User.objects.count() == 2


def test_no_action_deletes_users(root, shadow):
    act(root, "delete_selected", shadow)

    assert User.objects.filter(pk=shadow.pk).exists()


def test_a_user_links_to_directus(root, shadow, local):
    page = root.get(f"{USERS}{shadow.pk}/change/")
    of_local = root.get(f"{USERS}{local.pk}/change/")

    url = f"http://directus.public:8055/admin/users/{shadow.directus_id}"
    assert f'href="{url}"' in page.text
    assert "not in Directus" in of_local.text


# Staff without every right


def test_staff_without_permissions_sees_an_empty_admin(directus, settings, sign_in):
    settings.DIRECTUS_STAFF_ROLES = ["Editor"]
    browser = sign_in(directus.add_user("e@example.com", role="Editor"), Client())

    assert browser.get("/admin/").status_code == 200
    assert browser.get(USERS).status_code == 403
    assert browser.get(SESSIONS).status_code == 403


def test_staff_cannot_give_permissions_to_any_user(editor, shadow):
    """Staff who may give some permissions could give all, to the own user too."""
    me = User.objects.get(email="editor@example.com")
    group = Group.objects.create(name="everything")
    everything = list(Permission.objects.values_list("pk", flat=True))
    before = set(me.user_permissions.values_list("pk", flat=True))

    for user in (me, shadow):
        page = editor.get(f"{USERS}{user.pk}/change/")
        assert 'name="user_permissions"' not in page.text
        editor.post(
            f"{USERS}{user.pk}/change/",
            {"user_permissions": everything, "groups": [group.pk]},
        )
        assert not user.groups.exists()

    assert set(me.user_permissions.values_list("pk", flat=True)) == before
    assert not shadow.user_permissions.exists()


def test_staff_with_the_permission_may_end_sessions(editor, shadow, signed_in_client):
    confirm(editor, "sign-out", shadow)

    assert signed_in_client.get("/").status_code == 302


def test_staff_that_may_only_look_has_no_actions(editor, shadow):
    me = User.objects.get(email="editor@example.com")
    names = ("view_user", "view_session")
    me.user_permissions.set(Permission.objects.filter(codename__in=names))

    confirm(editor, "sign-out", shadow)
    act(editor, "delete_selected", shadow.sessions.get(), path=SESSIONS)

    assert shadow.sessions.exists()


# Names from Directus are escaped


NASTY = '<img src=x onerror="alert(1)">'


def test_names_are_text_on_every_page(root, directus, sign_in, settings):
    nasty = directus.add_user(
        "nasty@example.com",
        role=NASTY,
        first_name=NASTY,
        last_name="</title><script>alert(1)</script>",
    )
    settings.DIRECTUS_ROLE_GROUPS = {NASTY: [NASTY]}
    browser = sign_in(nasty, Client(headers={"user-agent": NASTY}))
    user = User.objects.get(email=nasty.email)
    session = user.sessions.get()

    pages = [
        browser.get("/"),
        root.get(USERS),
        root.get(USERS, {"role_name__exact": NASTY}),
        root.get(f"{USERS}{user.pk}/change/"),
        root.get(SESSIONS),
        root.get(f"{SESSIONS}{session.pk}/change/"),
        root.get(f"{SESSIONS}{session.pk}/delete/"),
        act(root, "delete_selected", session, path=SESSIONS),
    ]

    for page in pages:
        assert page.status_code == 200
        assert NASTY not in page.text
        assert "<script>alert" not in page.text
    assert "&lt;img" in pages[0].text


def test_a_user_due_for_deletion_is_found_and_a_deleted_one_left_alone(root, shadow):
    asked, deleted = {"deletion": "asked"}, {"deletion": "done"}
    assert "1 user" not in root.get(USERS, asked).text

    User.objects.filter(pk=shadow.pk).update(delete_at=timezone.now())
    assert shadow.email in root.get(USERS, asked).text
    assert shadow.email not in root.get(USERS, deleted).text

    User.objects.filter(pk=shadow.pk).update(email="", deleted_at=timezone.now())
    assert "1 user" in root.get(USERS, deleted).text
    page = root.get(f"{USERS}{shadow.pk}/change/").text
    assert "Suspend in Directus" not in page
    assert "Reactivate" not in page
