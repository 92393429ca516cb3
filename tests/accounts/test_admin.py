"""The admin: one way in, and nothing in it that is Directus' or secret.

Controls C-ADM-1, C-ADM-2, C-PRIV-1, C-PRIV-2, C-LEAK-5, C-IN-5.
"""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.directus import TokenPair
from accounts.models import Session, User
from accounts.sessions import SessionStore
from tests.fake_directus import ADMINISTRATOR

from .flows import log_in

pytestmark = pytest.mark.django_db

USERS = "/admin/accounts/user/"
SESSIONS = "/admin/accounts/session/"
LOCAL = ("local@example.com", "the local administrator's")


@pytest.fixture
def root(directus, settings, sign_in):
    """A browser of somebody who may do everything in Django."""
    settings.DIRECTUS_STAFF_ROLES = [ADMINISTRATOR]
    settings.DIRECTUS_SUPERUSER_ROLES = [ADMINISTRATOR]
    person = directus.add_user("root@example.com", role=ADMINISTRATOR)
    return sign_in(person, Client())


@pytest.fixture
def editor(directus, settings, sign_in):
    """A browser of a member of the staff who may view, change and end."""
    settings.DIRECTUS_STAFF_ROLES = ["Editor"]
    person = directus.add_user("editor@example.com", role="Editor")
    browser = sign_in(person, Client())
    user = User.objects.get(email=person.email)
    names = ("view_user", "change_user", "view_session", "delete_session")
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return browser


@pytest.fixture
def shadow(signed_in_client, ada):
    """The local row of Ada, who is signed in."""
    return User.objects.get(email=ada.email)


@pytest.fixture
def local():
    """The administrator whose password Django itself knows."""
    return User.objects.create_superuser(*LOCAL)


def act(browser, action, *users, path=USERS):
    data = {"action": action, "_selected_action": [user.pk for user in users]}
    return browser.post(path, data, follow=True)


# C-ADM-1: no second door


def test_the_admin_sends_visitors_to_the_sites_own_door(client):
    response = client.get("/admin/accounts/user/", follow=True)

    assert response.redirect_chain == [("/login/?next=/admin/accounts/user/", 302)]
    assert 'name="password"' in response.text


@pytest.mark.parametrize("path", ["/admin/login/", "/admin/", "/admin/?next=/admin/"])
def test_a_local_password_opens_no_door(client, local, directus, path):
    data = {"username": LOCAL[0], "email": LOCAL[0], "password": LOCAL[1]}

    client.post(path, data | {"next": "/admin/"})
    log_in(client, *LOCAL)

    assert client.get("/admin/").status_code == 302
    assert not Session.objects.exclude(user=None).exists()


def test_the_admin_comes_back_after_the_sign_in(client, directus, settings):
    settings.DIRECTUS_STAFF_ROLES = [ADMINISTRATOR]
    person = directus.add_user("root@example.com", role=ADMINISTRATOR)
    page = client.get("/admin/login/?next=/admin/auth/", follow=True)
    assert page.redirect_chain[-1][0] == "/login/?next=/admin/auth/"

    response = log_in(
        client, person.email, person.password, data={"next": "/admin/auth/"}
    )

    assert response.url == "/admin/auth/"


def test_a_customer_is_told_that_this_is_not_for_customers(signed_in_client):
    response = signed_in_client.get("/admin/", follow=True)

    assert response.status_code == 403
    assert "You may not see this page" in response.text


@pytest.mark.parametrize("path", ["password_change/", "password_change/done/"])
def test_the_admin_changes_no_passwords(root, path):
    assert root.get(f"/admin/{path}").status_code == 404
    assert root.post(f"/admin/{path}").status_code == 404


def test_signing_out_of_the_admin_signs_out_of_the_site(root, directus):
    response = root.post("/admin/logout/")

    assert (response.status_code, response.url) == (302, "/login/")
    assert root.get("/").status_code == 302
    assert directus.calls_to("/auth/logout")


def test_no_mirrored_user_can_have_a_password(shadow):
    shadow.set_password("a password of its own")

    with pytest.raises(IntegrityError), transaction.atomic():
        shadow.save()


# Break-glass


@pytest.fixture
def break_glass(settings, local):
    """Let the local administrator sign in from one network."""
    settings.BREAK_GLASS_ADDRESSES = ["10.0.0.0/24"]
    settings.AUTHENTICATION_BACKENDS = [
        "accounts.backends.BreakGlassBackend",
        *settings.AUTHENTICATION_BACKENDS,
    ]
    return {"REMOTE_ADDR": "10.0.0.7"}


def test_the_local_administrator_gets_in_from_a_listed_address(
    client, directus, break_glass, caplog
):
    directus.is_down()

    response = log_in(client, *LOCAL, **break_glass)

    assert response.status_code == 302
    assert client.get("/admin/", **break_glass).status_code == 200
    alarms = [r for r in caplog.records if r.levelname == "WARNING"]
    assert [record.event for record in alarms] == ["break_glass.used"]
    directus.was_not_asked()


@pytest.mark.parametrize("address", ["10.0.1.7", "203.0.113.1", "::1"])
def test_and_from_no_other(client, directus, break_glass, address):
    assert log_in(client, *LOCAL, REMOTE_ADDR=address).status_code == 200
    assert client.get("/").status_code == 302


def test_nobody_forges_a_listed_address(client, directus, break_glass):
    response = log_in(
        client,
        *LOCAL,
        REMOTE_ADDR="203.0.113.1",
        headers={"x-forwarded-for": "10.0.0.7"},
    )

    assert response.status_code == 200


def test_a_wrong_local_password_is_an_alarm_and_counted(
    client, directus, break_glass, caplog
):
    for _ in range(6):
        log_in(client, LOCAL[0], "wrong", **break_glass)
    directus.forget_calls()

    assert log_in(client, *LOCAL, **break_glass).status_code != 302
    alarms = [r for r in caplog.records if getattr(r, "event", "").startswith("break")]
    assert {record.event for record in alarms} == {"break_glass.refused"}
    assert {record.reason for record in alarms} == {"INVALID_CREDENTIALS", "Throttled"}


@pytest.mark.parametrize(
    "change",
    [{"is_superuser": False}, {"is_active": False}],
)
def test_only_an_active_superuser_breaks_the_glass(
    client, directus, break_glass, local, change
):
    User.objects.filter(pk=local.pk).update(**change)

    assert log_in(client, *LOCAL, **break_glass).status_code == 200


def test_customers_sign_in_from_a_listed_address_as_ever(
    client, ada, directus, break_glass
):
    assert log_in(client, ada.email, ada.password, **break_glass).status_code == 302


def test_who_broke_the_glass_is_out_when_it_is_switched_off(
    client, directus, break_glass, settings
):
    log_in(client, *LOCAL, **break_glass)
    settings.AUTHENTICATION_BACKENDS = ["accounts.backends.DirectusBackend"]

    assert client.get("/admin/", **break_glass).status_code == 302


# C-PRIV-1 and C-PRIV-2


def test_an_administrator_of_directus_is_nobody_here_by_default(
    client, directus, sign_in
):
    sign_in(directus.add_user("root@example.com", role=ADMINISTRATOR))

    user = User.objects.get()
    assert not user.is_staff
    assert not user.is_superuser
    assert client.get("/admin/", follow=True).status_code == 403


def test_rights_follow_the_role_within_a_minute(root, directus, settings):
    assert root.get("/admin/").status_code == 200
    settings.DIRECTUS_REVALIDATE_SECONDS = 0

    settings.DIRECTUS_STAFF_ROLES = settings.DIRECTUS_SUPERUSER_ROLES = []

    assert root.get("/admin/", follow=True).status_code == 403
    user = User.objects.get(email="root@example.com")
    assert not user.is_staff
    assert not user.is_superuser


def test_a_demoted_administrator_is_out_of_the_admin(root, directus, settings):
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    person = directus.state.find("root@example.com")

    directus.change(person, role="Customer")

    assert root.get("/admin/", follow=True).status_code == 403


def test_what_a_token_claims_gives_nothing(signed_in_client, ada, directus, settings):
    """Control C-PRIV-2: only what Directus answers counts."""
    settings.DIRECTUS_STAFF_ROLES = [ADMINISTRATOR]
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    forged = "eyJhbGciOiJub25lIn0.eyJhZG1pbl9hY2Nlc3MiOnRydWV9."
    store = SessionStore(signed_in_client.cookies["session"].value)
    store.tokens.start(TokenPair(forged, "refresh", 9_999_999_999))

    response = signed_in_client.get("/admin/")

    assert response.status_code == 302
    assert not User.objects.get().is_staff


# C-ADM-2: what Directus owns


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
    assert "unknown to Directus" in of_local.text


def test_reading_again_takes_what_directus_has_now(
    root, shadow, ada, directus, service_token
):
    ada.first_name = "Augusta"

    response = act(root, "read_again", shadow)

    shadow.refresh_from_db()
    assert shadow.first_name == "Augusta"
    assert "1 user was read." in response.text


def test_reading_again_decides_nothing_about_who_cannot_be_seen(
    root, shadow, ada, directus, service_token
):
    directus.delete(ada)

    response = act(root, "read_again", shadow)

    shadow.refresh_from_db()
    assert shadow.is_active
    assert "not visible to the service token" in response.text


@pytest.mark.parametrize("trouble", ["no token", "bad token", "down"])
def test_reading_again_says_why_it_cannot(root, shadow, directus, settings, trouble):
    if trouble != "no token":
        settings.DIRECTUS_SERVICE_TOKEN = "unknown"
    if trouble == "down":
        directus.answers(503, {}, path=f"/users/{shadow.directus_id}", times=3)

    response = act(root, "read_again", shadow)

    assert response.status_code == 200
    assert "errornote" in response.text or 'class="error"' in response.text


def test_signing_out_everywhere_ends_all_sessions(root, shadow, sign_in, ada):
    sign_in(ada, Client())

    response = act(root, "sign_out_everywhere", shadow)

    assert "2 sessions ended." in response.text
    assert not shadow.sessions.exists()


def test_signing_oneself_out_everywhere_keeps_this_browser(root, directus, sign_in):
    other = sign_in(directus.state.find("root@example.com"), Client())
    user = User.objects.get()

    response = act(root, "sign_out_everywhere", user)

    assert "1 session ended." in response.text
    assert other.get("/").status_code == 302


# Sessions


def test_sessions_are_listed_without_keys_or_tokens(root, shadow, directus):
    """Control C-LEAK-5."""
    session = shadow.sessions.get()
    pages = [
        root.get(SESSIONS),
        root.get(SESSIONS, {"q": "ada"}),
        root.get(f"{SESSIONS}{session.pk}/change/"),
        root.get(f"{SESSIONS}{session.pk}/delete/"),
        root.get(f"{SESSIONS}{session.pk}/history/"),
        root.get(f"{USERS}{shadow.pk}/change/"),
        root.get(USERS),
    ]
    own = Session.objects.get(user__email="root@example.com")
    secrets = {*directus.state.sessions, shadow.password}
    for row in (session, own):
        secrets |= {row.session_key, row.session_data, row.sealed_tokens}

    for page in pages:
        assert page.status_code == 200
        for secret in secrets:
            assert secret not in page.text


@pytest.mark.parametrize("path", ["add/", "{pk}/change/"])
def test_sessions_are_neither_added_nor_changed(root, shadow, path):
    session = shadow.sessions.get()
    path = SESSIONS + path.format(pk=session.pk)

    response = root.post(path, {"client_address": "6.6.6.6", "session_key": "x" * 32})

    assert response.status_code == 403
    session.refresh_from_db()
    assert session.client_address == "127.0.0.1"


@pytest.mark.parametrize("way", ["page", "action"])
def test_a_session_can_be_ended(root, shadow, signed_in_client, caplog, way):
    session = shadow.sessions.get()
    if way == "page":
        root.post(f"{SESSIONS}{session.pk}/delete/", {"post": "yes"})
    else:
        data = {
            "action": "delete_selected",
            "_selected_action": [session.pk],
            "post": "yes",
        }
        root.post(SESSIONS, data)

    assert signed_in_client.get("/").status_code == 302
    events = [getattr(record, "event", "") for record in caplog.records]
    assert "session.ended_by_staff" in events
    assert session.session_key not in str(list(LogEntry.objects.values()))


def test_the_own_session_is_ended_by_signing_out_alone(root):
    own = Session.objects.get(user__email="root@example.com")
    data = {"action": "delete_selected", "_selected_action": [own.pk], "post": "yes"}

    assert root.post(f"{SESSIONS}{own.pk}/delete/", {"post": "yes"}).status_code == 403
    assert root.post(SESSIONS, data).status_code == 403

    assert root.get("/admin/").status_code == 200


# Staff without every right


def test_staff_without_permissions_sees_an_empty_admin(directus, settings, sign_in):
    settings.DIRECTUS_STAFF_ROLES = ["Editor"]
    browser = sign_in(directus.add_user("e@example.com", role="Editor"), Client())

    assert browser.get("/admin/").status_code == 200
    assert browser.get(USERS).status_code == 403
    assert browser.get(SESSIONS).status_code == 403


def test_staff_cannot_give_permissions_to_anybody(editor, shadow):
    """Whoever may give some may give all, to the own user too."""
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
    act(editor, "sign_out_everywhere", shadow)

    assert signed_in_client.get("/").status_code == 302


def test_staff_that_may_only_look_has_no_actions(editor, shadow):
    me = User.objects.get(email="editor@example.com")
    names = ("view_user", "view_session")
    me.user_permissions.set(Permission.objects.filter(codename__in=names))

    act(editor, "sign_out_everywhere", shadow)
    act(editor, "delete_selected", shadow.sessions.get(), path=SESSIONS)

    assert shadow.sessions.exists()


# C-IN-5


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
