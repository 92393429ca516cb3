"""The session row: its user, its life, and requests that must not bring it back."""

import base64
import json
import pickle
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.test import Client
from django.utils import timezone

from accounts.models import Session, User
from accounts.sessions import SessionStore
from accounts.sessions.ending import end_sessions

from ..signed_in import key_of, row_of, rows_with, store_of, visit_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def later(monkeypatch):
    """A function that moves the clock on, counted from the beginning of the test."""
    real_now = timezone.now

    def later(**ahead):
        monkeypatch.setattr(timezone, "now", lambda: real_now() + timedelta(**ahead))

    return later


@pytest.fixture
def visitor(client):
    """A browser with an anonymous session."""
    visit_site(client)
    return client


@pytest.fixture
def waiting_for_code(client, directus):
    """A browser in which the first of two factors was given."""
    user = directus.add_user("otto@example.com", otp_secret="JBSWY3DPEHPK3PXP")
    client.post("/login/", {"email": user.email, "password": user.password})
    return client


def is_signed_in(browser) -> bool:
    return browser.get("/").status_code == 200


# Fixation, and the step before the sign-in


def test_signing_in_gives_the_session_a_new_key(visitor, sign_in, ada):
    before = key_of(visitor)

    sign_in(ada)

    assert key_of(visitor) != before
    assert is_signed_in(visitor)
    assert not is_signed_in(Client(headers={"cookie": f"session={before}"}))


def test_signing_in_keeps_the_row(visitor, sign_in, ada):
    before = row_of(visitor).pk

    sign_in(ada)

    assert row_of(visitor).pk == before


def test_a_made_up_key_is_not_adopted(client, sign_in, ada):
    client.cookies["session"] = "a" * 32

    sign_in(ada)

    assert key_of(client) != "a" * 32
    assert not rows_with("a" * 32).exists()


def test_waiting_for_the_code_gives_the_session_a_new_key(visitor, directus):
    user = directus.add_user("otto@example.com", otp_secret="JBSWY3DPEHPK3PXP")
    before = key_of(visitor)

    visitor.post("/login/", {"email": user.email, "password": user.password})

    assert key_of(visitor) != before
    assert not rows_with(before).exists()


@pytest.mark.parametrize("path", ["/", "/admin/", "/admin/accounts/user/"])
def test_waiting_for_the_code_opens_nothing(waiting_for_code, path):
    response = waiting_for_code.get(path, follow=True)

    assert response.redirect_chain[-1][0].startswith("/login/?next=")
    assert row_of(waiting_for_code).user is None


def test_waiting_for_the_code_keeps_no_readable_password(waiting_for_code):
    password = "Ada's secret 1815"
    row = rows_with(key_of(waiting_for_code)).values().get()
    stored = f"{row} {json.dumps(store_of(waiting_for_code).load())}"

    assert "otto@example.com" in stored
    assert password not in stored
    assert quote(password) not in stored
    assert base64.b64encode(password.encode()).decode().strip("=") not in stored


# How long a session lives


def test_a_session_ends_after_a_day_without_a_request(signed_in_client, later):
    later(hours=23)
    assert is_signed_in(signed_in_client)
    later(hours=46)
    assert is_signed_in(signed_in_client)

    later(hours=70, seconds=1)

    assert not is_signed_in(signed_in_client)


def test_a_session_ends_after_a_week_however_busy_it_is(signed_in_client, later):
    for hours in range(12, 7 * 24, 12):
        later(hours=hours)
        assert is_signed_in(signed_in_client)

    later(days=7, seconds=1)

    assert not is_signed_in(signed_in_client)


def test_the_week_begins_with_the_sign_in(visitor, sign_in, ada, later):
    later(hours=20)
    sign_in(ada)

    row = row_of(visitor)

    assert row.authenticated_at - row.created_at >= timedelta(hours=20)
    assert row.expire_date - row.authenticated_at >= timedelta(hours=24)


def test_the_last_visit_is_noted_once_a_minute(signed_in_client, later):
    begin = row_of(signed_in_client).last_seen_at
    later(seconds=50)
    signed_in_client.get("/", headers={"user-agent": "Browser/2"})
    assert row_of(signed_in_client).last_seen_at == begin

    later(seconds=70)
    signed_in_client.get("/", headers={"user-agent": "Browser/2"})

    assert row_of(signed_in_client).last_seen_at > begin
    assert row_of(signed_in_client).user_agent == "Browser/2"


def test_rows_that_have_ended_can_be_cleared_away(signed_in_client, later):
    later(days=2)

    SessionStore.clear_expired()

    assert not Session.objects.exists()


# Stored values


def test_a_pickle_in_the_store_is_an_empty_session(signed_in_client):
    row = rows_with(key_of(signed_in_client))
    row.update(session_data=base64.b64encode(pickle.dumps(Bomb())).decode())

    assert not is_signed_in(signed_in_client)
    assert not Bomb.exploded


class Bomb:
    exploded = False

    def __reduce__(self):
        return setattr, (Bomb, "exploded", True)


@pytest.mark.parametrize(
    "key", ["short", "a" * 31 + "\0", "a" * 33, "Ä" * 32, "'" * 32]
)
def test_a_key_that_cannot_be_one_is_not_looked_up(key, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert "word" not in SessionStore(key)


def test_an_unknown_key_gets_no_row(client):
    client.cookies["session"] = "a" * 32

    client.get("/")

    assert not Session.objects.exists()


def test_saving_twice_keeps_one_row():
    session = SessionStore()
    session["word"] = "one"
    session.save()
    session["word"] = "two"
    session.save()

    assert SessionStore(session.session_key)["word"] == "two"
    assert Session.objects.count() == 1


# Parallel requests


def test_saving_changes_no_other_column(signed_in_client):
    slow = store_of(signed_in_client)
    slow["word"] = "kept"
    store_of(signed_in_client).update_row(sealed_tokens="newer", user_agent="newer")

    slow.save()

    row = row_of(signed_in_client)
    assert (row.sealed_tokens, row.user_agent) == ("newer", "newer")
    assert store_of(signed_in_client)["word"] == "kept"


def test_a_slow_request_cannot_bring_an_ended_session_back(signed_in_client):
    slow = store_of(signed_in_client)
    slow["word"] = "late"
    signed_in_client.post("/logout/")

    with pytest.raises(UpdateError):
        slow.save()

    assert not Session.objects.exclude(user=None).exists()


def test_a_new_key_for_an_ended_session_opens_an_empty_one(signed_in_client):
    slow = store_of(signed_in_client)
    assert "_auth_user_id" in slow
    store_of(signed_in_client).delete()

    slow.cycle_key()

    assert SessionStore(slow.session_key).load() == {}


def test_a_session_that_is_ended_during_the_sign_in_gets_a_new_row(
    visitor, ada, sign_in, monkeypatch
):
    begin = SessionStore.begin

    def end_and_begin(*given, **options):
        Session.objects.all().delete()
        begin(*given, **options)

    monkeypatch.setattr(SessionStore, "begin", end_and_begin)
    sign_in(ada)

    assert is_signed_in(visitor)
    assert row_of(visitor).user.email == ada.email
    assert store_of(visitor).tokens.load() is not None


# Ending sessions


def test_all_sessions_of_a_user_end_together(sign_in, ada, directus):
    grace = directus.add_user("grace@example.com")
    browsers = [sign_in(ada, Client()) for _ in range(3)]
    other = sign_in(grace, Client())

    ended = end_sessions(User.objects.get(email=ada.email).sessions.all())

    assert ended == 3
    assert not any(is_signed_in(browser) for browser in browsers)
    assert is_signed_in(other)


def test_sessions_found_by_the_address_of_their_user_end(signed_in_client):
    ended = end_sessions(Session.objects.filter(user__email__iexact="ADA@example.com"))

    assert ended == 1
    assert not is_signed_in(signed_in_client)


def test_a_session_that_gets_a_new_key_meanwhile_ends_too(
    signed_in_client, monkeypatch
):
    sessions = rows_with(key_of(signed_in_client))
    store = store_of(signed_in_client)
    assert store.row is not None
    listed = sessions.model.objects.filter(pk=store.row.pk)
    store.cycle_key()

    assert end_sessions(listed) == 1
    assert not Session.objects.exists()


def test_a_new_password_ends_every_session(sign_in, ada, directus, client):
    browsers = [sign_in(ada, Client()) for _ in range(3)]
    client.post("/request-reset-password/", {"email": ada.email})
    client.get(directus.last_link(ada.email))

    new = "another secret 1815"
    form = {"new_password": new, "new_password_again": new}
    response = client.post("/reset-password/", form)

    assert response.status_code == 302
    for browser in browsers:
        assert browser.get("/")["Location"] == "/login/?next=/"


# Pages


@pytest.mark.parametrize(
    "path",
    [
        "/login/",
        "/register/",
        "/request-reset-password/",
        "/reset-password/?token=aaa.bbb.ccc",
        "/reset-password/",
        "/verify-email/?token=aaa.bbb.ccc",
        "/verify-email/",
        "/",
        "/admin/",
        "/nowhere/",
    ],
)
@pytest.mark.parametrize("browser", ["client", "signed_in_client"])
def test_no_cache_keeps_a_page(path, browser, request):
    response = request.getfixturevalue(browser).get(path)

    assert "no-store" in response["Cache-Control"]
    assert "Cookie" in response["Vary"]


def test_the_dashboard_costs_two_queries_and_no_call(
    signed_in_client, directus, django_assert_max_num_queries
):
    with django_assert_max_num_queries(1):
        response = signed_in_client.get("/")

    assert response.status_code == 200
    directus.was_not_asked()
