"""Validating a session: when Directus is asked, and which users are signed out."""

import pytest
from django.test import Client

from accounts.mirror import revalidation
from accounts.models import Session, User
from accounts.sessions import SessionStore

from ...signed_in import TO_LOGIN, key_of, make_old

pytestmark = pytest.mark.django_db


# When Directus is asked


def test_a_session_is_believed_for_a_minute(signed_in_client, directus):
    make_old(signed_in_client, seconds=55)

    assert signed_in_client.get("/").status_code == 200

    directus.was_not_asked()


def test_after_a_minute_directus_is_asked_once(due, directus):
    for _ in range(3):
        assert due.get("/").status_code == 200

    directus.was_asked_once("/users/me")


def test_what_changed_in_directus_is_shown(due, directus, ada):
    directus.change(ada, first_name="Augusta")

    assert "Augusta" in due.get("/").text


def test_public_pages_do_not_ask(due, directus):
    due.get("/reset-password/")

    directus.was_not_asked()


def test_directus_is_told_of_the_browser(due, directus):
    due.get("/", headers={"user-agent": "Browser/1"}, REMOTE_ADDR="192.0.2.7")

    call = directus.was_asked_once("/users/me")
    assert (call.address, call.user_agent) == ("192.0.2.7", "Browser/1")


def test_local_users_are_not_asked_about(client, directus, rf, settings):
    settings.AUTHENTICATION_BACKENDS = ["accounts.backends.BreakGlassBackend"]
    settings.BREAK_GLASS_ADDRESSES = ["127.0.0.1"]
    User.objects.create_superuser("root@example.com", "a long local password")
    form = {"email": "root@example.com", "password": "a long local password"}
    client.post("/login/", form)
    make_old(client, hours=5)

    assert client.get("/admin/").status_code == 200

    directus.was_not_asked()
    assert revalidation._is_due(SessionStore(key_of(client)))


# Users who are signed out


def test_a_suspended_user_is_out(due, directus, ada):
    directus.suspend(ada)

    response = due.get("/")

    assert response["Location"] == TO_LOGIN
    assert not Session.objects.exclude(user=None).exists()


def test_a_user_locked_out_by_failed_sign_ins_is_out(due, directus, ada):
    directus.lock_out(ada)

    assert due.get("/")["Location"] == TO_LOGIN


def test_all_browsers_of_a_suspended_user_are_out(due, sign_in, directus, ada):
    other = sign_in(ada, Client())
    directus.suspend(ada)

    due.get("/")

    assert other.get("/")["Location"] == TO_LOGIN
    assert User.objects.get().is_active is False


def test_a_deleted_user_is_out(due, directus, ada):
    directus.delete(ada)

    assert due.get("/")["Location"] == TO_LOGIN


@pytest.mark.usefixtures("service_token")
def test_a_deleted_user_is_out_also_with_a_service_token(due, directus, ada):
    directus.delete(ada)

    assert due.get("/")["Location"] == TO_LOGIN


def test_a_demoted_member_of_the_staff_is_only_a_customer(staff, directus, ada):
    directus.change(ada, role="Customer")
    make_old(staff, seconds=61)

    assert staff.get("/admin/accounts/user/", follow=True).status_code == 403
    assert staff.get("/").status_code == 200
    assert User.objects.get().is_staff is False


# Where the own status may not be read


def test_without_a_readable_status_a_refresh_decides(due, directus):
    directus.hides_profiles()

    assert due.get("/").status_code == 200

    directus.was_asked_once("/auth/refresh")
    assert "Ada" in due.get("/").text


def test_the_refresh_that_decides_keeps_the_session_alive(due, directus):
    directus.hides_profiles()

    for _ in range(3):
        make_old(due, seconds=61)
        assert due.get("/").status_code == 200

    assert len(directus.calls_to("/auth/refresh")) == 3


@pytest.mark.parametrize("what", ["suspend", "lock_out", "delete"])
def test_without_a_readable_status_the_refresh_throws_out(due, directus, ada, what):
    directus.hides_profiles()
    getattr(directus, what)(ada)

    assert due.get("/")["Location"] == TO_LOGIN


@pytest.mark.usefixtures("service_token")
def test_the_service_token_reads_what_the_user_may_not(due, directus, ada):
    directus.hides_profiles()
    directus.lock_out(ada)

    assert due.get("/")["Location"] == TO_LOGIN
    directus.was_not_asked("/auth/refresh")


def test_a_broken_service_token_ends_no_session(due, directus, settings):
    directus.hides_profiles()
    settings.DIRECTUS_SERVICE_TOKEN = "revoked"

    assert due.get("/").status_code == 200

    directus.was_asked_once("/auth/refresh")


def test_a_service_token_that_sees_no_status_does_not_decide(
    due, directus, ada, service_token
):
    directus.hides_profiles()
    directus.suspend(ada)
    answer = {"data": {"id": ada.id}}
    directus.answers(200, answer, path=f"/users/{ada.id}", times=2)

    assert due.get("/")["Location"] == TO_LOGIN
