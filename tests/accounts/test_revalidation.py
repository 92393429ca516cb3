"""Whether the signed-in user still is one, and what happens when nobody can say."""

import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import revalidation
from accounts.models import Session, User
from accounts.sessions import SessionStore
from tests.fake_directus import ADMINISTRATOR, answers

from .signed_in import in_threads, key_of, make_old, make_stale, row_of, store_of

pytestmark = pytest.mark.django_db
TO_LOGIN = "/login/?next=/"


@pytest.fixture
def due(signed_in_client):
    """A browser whose session Directus has to confirm with the next page."""
    make_old(signed_in_client, seconds=61)
    return signed_in_client


@pytest.fixture
def staff(signed_in_client, settings, directus, ada):
    """A browser with a member of the staff."""
    settings.DIRECTUS_STAFF_ROLES = [ADMINISTRATOR]
    settings.DIRECTUS_SUPERUSER_ROLES = [ADMINISTRATOR]
    directus.change(ada, role=ADMINISTRATOR)
    make_old(signed_in_client, seconds=61)
    assert signed_in_client.get("/admin/").status_code == 200
    directus.forget_calls()
    return signed_in_client


def refuse(directus, path, refusal, **options):
    """Let Directus refuse the next request to a path."""
    answer = refusal.answer
    directus.answers(
        answer.status, path=path, body=answer.body, headers=answer.headers, **options
    )


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


# Who is out


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


def test_tokens_of_another_user_are_not_accepted(due, directus):
    grace = directus.add_user("grace@example.com")
    payload = {"id": grace.id, "email": grace.email, "status": "active", "role": None}
    directus.answers(200, {"data": payload}, path="/users/me", times=3)

    assert due.get("/")["Location"] == TO_LOGIN
    assert User.objects.count() == 1


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


def test_a_broken_service_token_signs_nobody_out(due, directus, settings):
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


# While Directus is away


def test_for_fifteen_minutes_people_keep_reading(signed_in_client, directus):
    directus.is_down()
    make_old(signed_in_client, minutes=10)

    response = signed_in_client.get("/")

    assert response.status_code == 200
    assert response.context["stale"]


def test_after_fifteen_minutes_pages_are_unavailable(signed_in_client, directus):
    directus.is_down()
    make_old(signed_in_client, minutes=16)

    response = signed_in_client.get("/")

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert "session" not in response.cookies


def test_afterwards_everything_goes_on_without_a_sign_in(signed_in_client, directus):
    directus.is_down()
    make_old(signed_in_client, minutes=16)
    assert signed_in_client.get("/").status_code == 503

    directus.is_up()

    assert signed_in_client.get("/").status_code == 200
    assert row_of(signed_in_client).validated_at > timezone.now() - timedelta(minutes=1)


def test_the_admin_is_unavailable_at_once(staff, directus):
    directus.is_down()
    make_old(staff, seconds=61)

    assert staff.get("/admin/").status_code == 503
    assert staff.get("/").status_code == 200


def test_nothing_is_written_meanwhile(staff, directus):
    directus.is_down()
    make_old(staff, seconds=61)

    assert staff.post("/", {"any": "form"}).status_code == 503
    assert staff.post("/admin/accounts/user/", {"action": "x"}).status_code == 503


def test_directus_is_left_alone_for_a_while(signed_in_client, directus):
    directus.is_down()
    make_old(signed_in_client, minutes=10)

    signed_in_client.get("/")
    asked = len(directus.calls)
    for _ in range(5):
        assert signed_in_client.get("/").status_code == 200

    assert len(directus.calls) == asked


def test_a_throttled_session_goes_on_and_asks_later(signed_in_client, directus):
    directus.throttles(57)
    make_old(signed_in_client, minutes=10)

    for _ in range(5):
        assert signed_in_client.get("/").status_code == 200

    directus.was_asked_once("/users/me")


def test_a_throttled_form_is_told_when_to_come_back(signed_in_client, directus):
    directus.throttles(57)
    make_old(signed_in_client, minutes=10)

    response = signed_in_client.post("/")

    assert (response.status_code, response["Retry-After"]) == (429, "57")


def test_an_outage_ends_no_session(signed_in_client, directus):
    make_stale(signed_in_client)
    for trouble in (directus.is_down, directus.throttles):
        trouble()
        make_old(signed_in_client, hours=5)
        signed_in_client.get("/")

    directus.is_up()

    assert signed_in_client.get("/").status_code == 200


# Tokens that Directus refuses


def test_a_token_that_only_looked_fresh_is_renewed_once(due, directus):
    refuse(directus, "/users/me", answers.token_expired())

    assert due.get("/").status_code == 200

    directus.was_asked_once("/auth/refresh")
    assert len(directus.calls_to("/users/me")) == 2


def test_there_is_no_loop_when_the_renewed_token_is_refused_too(due, directus):
    refuse(directus, "/users/me", answers.token_expired(), times=99)

    assert due.get("/")["Location"] == TO_LOGIN

    directus.was_asked_once("/auth/refresh")


def test_a_refused_refresh_ends_the_session_and_says_so(due, directus, ada):
    make_stale(due)
    directus.state.end_sessions(ada)
    key = key_of(due)

    response = due.get("/?page=2")

    assert response["Location"] == "/login/?next=/%3Fpage%3D2"
    assert not Session.objects.filter(session_key=key).exists()
    assert "Your session has ended." in due.get(response["Location"]).text


def test_a_form_that_comes_too_late_leads_to_the_sign_in(due, directus, ada):
    make_stale(due)
    directus.state.end_sessions(ada)

    response = due.post("/", {"any": "form"}, follow=True)

    assert response.redirect_chain == [(TO_LOGIN, 302)]
    assert "Your session has ended." in response.text


def test_a_stale_token_is_renewed_on_the_way(due, directus):
    make_stale(due)

    assert due.get("/").status_code == 200

    directus.was_asked_once("/auth/refresh")
    assert store_of(due).tokens.load().is_fresh()


# Many tabs


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("age", [{"seconds": 61}, {"hours": 5}])
def test_twenty_tabs_that_wake_up_together_ask_once(signed_in_client, directus, age):
    make_old(signed_in_client, **age)
    make_stale(signed_in_client)
    directus.takes(0.2, "/auth/refresh", times=20)
    directus.takes(0.2, "/users/me", times=20)

    statuses = in_threads(20, lambda _: tab_of(signed_in_client).get("/").status_code)

    assert statuses == [200] * 20
    directus.was_asked_once("/auth/refresh")
    directus.was_asked_once("/users/me")


@pytest.mark.django_db(transaction=True)
def test_forms_sent_while_another_tab_asks_wait_for_the_answer(staff, directus):
    make_old(staff, hours=5)
    directus.takes(0.5, "/users/me")

    statuses = in_threads(5, lambda _: tab_of(staff).get("/admin/").status_code)

    assert statuses == [200] * 5


@pytest.mark.django_db(transaction=True)
def test_tabs_that_wait_for_a_demotion_see_it(staff, directus, ada):
    directus.change(ada, role="Customer")
    make_old(staff, hours=5)
    directus.takes(0.5, "/users/me")

    def visit(_number):
        return tab_of(staff).get("/admin/", follow=True).status_code

    assert in_threads(5, visit) == [403] * 5


@pytest.mark.django_db(transaction=True)
def test_tabs_that_wait_for_a_suspension_are_out(signed_in_client, directus, ada):
    directus.lock_out(ada)
    make_old(signed_in_client, hours=5)
    directus.takes(0.5, "/users/me")

    responses = in_threads(5, lambda _: tab_of(signed_in_client).get("/"))

    assert {response["Location"] for response in responses} == {TO_LOGIN}


@pytest.mark.django_db(transaction=True)
def test_tabs_that_wait_in_vain_are_not_slower_than_one(signed_in_client, directus):
    make_old(signed_in_client, hours=5)
    directus.answers(502, path="/users/me", body="bad gateway", times=99)
    began = time.monotonic()

    statuses = in_threads(10, lambda _: tab_of(signed_in_client).get("/").status_code)

    assert statuses == [503] * 10
    assert time.monotonic() - began < 5


def test_who_asked_and_died_stops_nobody(signed_in_client, directus):
    make_old(signed_in_client, hours=5)
    lease = timezone.now() + timedelta(seconds=0.5)
    store_of(signed_in_client).update_row(validation_lease_until=lease)

    assert signed_in_client.get("/").status_code == 200

    assert timezone.now() > lease
    directus.was_asked_once("/users/me")


@pytest.mark.django_db(transaction=True)
def test_one_of_those_who_waited_for_a_dead_request_asks(signed_in_client, directus):
    make_old(signed_in_client, hours=5)
    lease = timezone.now() + timedelta(seconds=0.5)
    store_of(signed_in_client).update_row(validation_lease_until=lease)

    statuses = in_threads(5, lambda _: tab_of(signed_in_client).get("/").status_code)

    assert statuses == [200] * 5
    directus.was_asked_once("/users/me")


def test_only_one_of_two_requests_may_ask(signed_in_client):
    make_old(signed_in_client, seconds=61)
    first, second = store_of(signed_in_client), store_of(signed_in_client)
    assert first.row.pk == second.row.pk

    assert first.take_validation()
    assert not second.take_validation()
    first.confirm()

    # The answer is there, whatever the second one has read before.
    assert not second.take_validation()


def tab_of(browser) -> Client:
    """Return one more tab of a browser: the same cookies."""
    tab = Client()
    tab.cookies = browser.cookies.copy()
    return tab


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
