"""Suspending and re-activating users in the admin: which users, and the effects."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.throttling.attempts import SignInAttempt
from tests.accounts.steps import log_in
from tests.fake_directus import ADMINISTRATOR

from .paths import USERS, allow, confirm, log_of, press

pytestmark = pytest.mark.django_db


# Suspending


def test_suspending_ends_sessions_at_once(
    root, shadow, ada, directus, service_token, signed_in_client, events
):
    response = press(root, shadow, "suspend")

    assert "1 user was suspended." in response.text
    assert ada.status == "suspended"
    shadow.refresh_from_db()
    assert (shadow.status, shadow.is_active) == ("suspended", False)
    assert signed_in_client.get("/").status_code == 302
    assert log_in(Client(), ada.email, ada.password).status_code == 200
    assert len(log_of(shadow)) == 1
    assert "user.suspended_by_staff" in events()
    assert "session.revoked" in events()


def test_several_are_suspended_from_the_list(
    root, shadow, directus, service_token, sign_in
):
    bob = directus.add_user("bob@example.com", "Bob's secret 1815")
    sign_in(bob, Client())
    users = [shadow, User.objects.get(email=bob.email)]

    response = confirm(root, "suspend", *users)

    assert "2 users were suspended." in response.text
    assert bob.status == "suspended"
    assert [len(log_of(user)) for user in users] == [1, 1]


def test_a_suspended_user_is_reported_and_signed_out(
    root, suspended, service_token, signed_in_client
):
    response = press(root, suspended, "suspend")

    assert "Already suspended in Directus." in response.text
    assert not suspended.sessions.exists()


@pytest.mark.parametrize("status", ["unverified", "invited", "archived"])
@pytest.mark.parametrize("action", ["suspend", "reactivate"])
def test_an_unconfirmed_user_is_left_alone(
    root, shadow, ada, service_token, status, action
):
    """Suspended and re-activated, they would be in without a confirmed address."""
    ada.status = status

    response = press(root, shadow, action)

    assert f"the status in Directus is {status}" in response.text
    assert ada.status == status
    assert not log_of(shadow)


def test_staff_cannot_suspend_the_own_account(root, directus, service_token):
    me = User.objects.get(email="root@example.com")
    before = directus.state.find(me.email).status

    page = root.get(f"{USERS}{me.pk}/suspend/")
    response = press(root, me, "suspend")

    assert "suspend your own account." in page.text
    assert 'type="submit" value="Suspend' not in page.text
    assert "suspend your own account." in response.text
    assert directus.state.find(me.email).status == before


@pytest.mark.parametrize("action", ["suspend", "reactivate"])
def test_staff_cannot_do_that_to_superusers(
    editor, directus, settings, service_token, sign_in, action
):
    settings.DIRECTUS_SUPERUSER_ROLES = [ADMINISTRATOR]
    boss = directus.add_user("boss@example.com", role=ADMINISTRATOR)
    sign_in(boss, Client())
    allow("view_user", "suspend_user")
    user = User.objects.get(email=boss.email)
    if action == "reactivate":
        # Not a superuser any more, until the role counts again.
        directus.suspend(boss)
        User.objects.filter(pk=user.pk).update(is_superuser=False, status="suspended")
    before = boss.status

    response = press(editor, user, action)

    assert "Only a superuser can do this to a superuser." in response.text
    assert boss.status == before


def test_a_user_who_became_a_superuser_since_is_spared_too(
    editor, directus, settings, service_token, shadow, ada
):
    settings.DIRECTUS_SUPERUSER_ROLES = [ADMINISTRATOR]
    allow("view_user", "suspend_user")
    ada.role = directus.state.role_id(ADMINISTRATOR)

    response = press(editor, shadow, "suspend")

    assert "Only a superuser can do this to a superuser." in response.text


def test_a_superuser_by_a_policy_is_spared_too(
    editor, directus, settings, service_token, shadow, ada
):
    settings.DIRECTUS_SUPERUSER_ROLES = ["Everything"]
    allow("view_user", "suspend_user")
    directus.attach("Everything", user=ada)

    response = press(editor, shadow, "suspend")

    assert "Only a superuser can do this to a superuser." in response.text
    assert ada.status == "active"


# Re-activating


def test_a_reactivated_user_can_sign_in_again(
    root, suspended, ada, service_token, settings, events
):
    settings.DIRECTUS_LOGIN_ATTEMPTS = 10
    for _ in range(5):
        attempt = SignInAttempt(None, ada.email)
        attempt.begin()
        attempt.failed()
    page = root.get(f"{USERS}{suspended.pk}/change/").text
    assert "Locked for new browsers" in page

    response = press(root, suspended, "reactivate")

    assert "1 user was reactivated." in response.text
    suspended.refresh_from_db()
    assert suspended.is_active
    assert log_in(Client(), ada.email, ada.password).status_code == 302
    assert "Not locked" in root.get(f"{USERS}{suspended.pk}/change/").text
    assert "user.reactivated_by_staff" in events()
    assert len(log_of(suspended)) == 1


def test_an_active_user_is_reported_as_active(root, shadow, service_token):
    response = press(root, shadow, "reactivate")

    assert "Already active in Directus." in response.text
