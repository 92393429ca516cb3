"""What Django documents of sessions: their own end, and the asynchronous methods."""

from datetime import timedelta
from functools import wraps

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import aauthenticate, alogin, alogout
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpResponse
from django.test import override_settings
from django.utils import timezone

from accounts.models import Session
from accounts.sessions import SessionStore

from ..signed_in import row_of, rows_with, store_of

pytestmark = pytest.mark.django_db
WEEK = 7 * 24 * 3600


@pytest.fixture
def session():
    """A session with a word in it, and its row."""
    session = SessionStore()
    session["word"] = "kept"
    session.create()
    return session


@pytest.fixture
def later(monkeypatch):
    """A function that moves the clock on, counted from the beginning of the test."""
    real_now = timezone.now

    def later(**ahead):
        monkeypatch.setattr(timezone, "now", lambda: real_now() + timedelta(**ahead))

    return later


def awaited(test):
    """Run an asynchronous test in a loop of its own."""

    @wraps(test)
    def run():
        async_to_sync(test)()

    return run


def again(session) -> SessionStore:
    return SessionStore(session.session_key)


def is_there(session) -> bool:
    return "word" in again(session)


def end_of(session):
    return rows_with(session.session_key).get().expire_date


def seconds_until(moment) -> float:
    return (moment - timezone.now()).total_seconds()


# How long it lives


def test_without_a_word_about_it_a_session_has_the_age_of_the_settings():
    session = SessionStore()

    assert session.get_expiry_age() == WEEK
    assert seconds_until(session.get_expiry_date()) == pytest.approx(WEEK, abs=5)
    assert not session.get_expire_at_browser_close()


@pytest.mark.parametrize(
    "value", [10, 3 * 24 * 3600, timedelta(seconds=10), timedelta(days=3)]
)
def test_a_session_ends_when_it_was_told_to(session, value, later):
    seconds = getattr(value, "total_seconds", lambda: value)()

    session.set_expiry(value)
    session.save()

    assert session.get_expiry_age() == pytest.approx(seconds, abs=2)
    assert seconds_until(session.get_expiry_date()) == pytest.approx(seconds, abs=2)
    assert seconds_until(end_of(session)) == pytest.approx(seconds, abs=2)
    later(seconds=seconds - 5)
    assert is_there(session)
    later(seconds=seconds + 1)
    assert not is_there(session)


def test_a_moment_is_an_end_too(session):
    moment = timezone.now() + timedelta(minutes=3)
    session.set_expiry(moment)
    session.save()

    assert end_of(session) == moment
    assert again(session).get_expiry_date() == moment


@pytest.mark.parametrize("value", [-3600, timedelta(days=-1)])
def test_an_end_that_is_over_ends_it(session, value):
    session.set_expiry(value)
    session.save()

    assert not is_there(session)


@pytest.mark.parametrize("value", [365 * 24 * 3600, timedelta(days=365)])
def test_no_session_gets_older_than_sessions_may(session, value, later):
    session.set_expiry(value)
    session.save()
    assert session.get_expiry_age() <= WEEK

    later(days=5)
    session.save()

    assert session.get_expiry_age() <= 2 * 24 * 3600 + 1
    assert seconds_until(end_of(session)) <= 2 * 24 * 3600 + 1


def test_none_is_the_end_of_the_settings_again(session):
    session.set_expiry(10)
    session.set_expiry(None)
    session.save()

    assert session.get_expiry_age() == pytest.approx(WEEK, abs=2)
    assert seconds_until(end_of(session)) > 60


def test_an_end_of_its_own_is_not_moved_by_reading(signed_in_client, later):
    session = store_of(signed_in_client)
    session.set_expiry(300)
    session.save()
    end = row_of(signed_in_client).expire_date

    later(seconds=200)
    assert signed_in_client.get("/").status_code == 200

    assert row_of(signed_in_client).expire_date == end
    later(seconds=301)
    assert signed_in_client.get("/").status_code == 302


@pytest.mark.parametrize(
    ("value", "age"), [(None, WEEK), (0, ""), (300, 300), (365 * 24 * 3600, WEEK)]
)
def test_the_cookie_lives_as_long_as_the_session(rf, value, age):
    def view(request):
        request.session.set_expiry(value)
        request.session["word"] = "kept"
        return HttpResponse()

    response = SessionMiddleware(view)(rf.get("/"))

    max_age = response.cookies["session"]["max-age"]
    assert max_age == "" if age == "" else abs(max_age - age) <= 2


@override_settings(SESSION_EXPIRE_AT_BROWSER_CLOSE=True)
def test_all_sessions_may_end_with_the_browser(session):
    assert session.get_expire_at_browser_close()
    session.set_expiry(10)
    assert not session.get_expire_at_browser_close()


def test_a_visitor_has_an_hour(session, later):
    assert seconds_until(end_of(session)) <= 3600
    later(minutes=59)
    assert is_there(session)

    later(minutes=61)
    assert not is_there(session)


def test_what_a_visitor_changes_begins_the_hour_again_for_a_week_at_most(
    session, later
):
    for hours in range(1, 7 * 24 * 2):
        later(minutes=30 * hours)
        session.save()

    assert seconds_until(end_of(session)) <= 31 * 60
    later(days=7, minutes=1)
    assert not is_there(session)


# New keys


def test_a_database_that_takes_no_row_is_not_asked_for_ever(monkeypatch):
    session = SessionStore()
    tries = []

    def refuse(key, data):
        tries.append(key)
        raise CreateError

    monkeypatch.setattr(session, "_insert", refuse)

    with pytest.raises(CreateError):
        session.create()
    assert 1 < len(tries) < 100


def test_a_key_that_is_taken_is_left_to_its_session(session, monkeypatch):
    other = SessionStore()
    keys = [session.session_key, "b" * 32]
    monkeypatch.setattr(other, "_get_new_session_key", lambda: keys.pop(0))

    other.create()

    assert other.session_key == "b" * 32
    assert is_there(session)


# The asynchronous methods


@awaited
async def test_a_session_is_made_changed_and_found():
    session = SessionStore()
    await session.aset("word", "one")
    await session.acreate()
    await session.aset("word", "two")
    await session.asave()

    assert await session.aexists(session.session_key)
    assert not await session.aexists("c" * 32)
    assert await again(session).aget("word") == "two"
    assert await again(session).aload() == {"word": "two"}
    assert await Session.objects.acount() == 1


@awaited
async def test_a_new_key_keeps_the_row():
    session = SessionStore()
    await session.aset("word", "kept")
    await session.acreate()
    old, pk = session.session_key, session.row.pk

    await session.acycle_key()

    assert session.session_key != old
    assert not await session.aexists(old)
    found = SessionStore(session.session_key)
    assert await found.aget("word") == "kept"
    assert found.row.pk == pk


@awaited
async def test_a_session_is_ended():
    session = SessionStore()
    await session.aset("word", "kept")
    await session.acreate()
    key = session.session_key
    slow = SessionStore(key)
    await slow.aget("word")

    await session.aflush()

    assert session.session_key is None
    assert session.row is None
    assert await SessionStore(key).aload() == {}
    with pytest.raises(UpdateError):
        await slow.asave()
    await slow.adelete()
    await slow.adelete("d" * 32)


@awaited
async def test_the_end_is_the_same():
    session = SessionStore()
    await session.aset_expiry(300)
    await session.acreate()

    assert await session.aget_expiry_age() == session.get_expiry_age() == 300
    assert not await session.aget_expire_at_browser_close()
    await session.aset_expiry(365 * 24 * 3600)
    assert await session.aget_expiry_age() <= WEEK
    assert seconds_until(await session.aget_expiry_date()) <= WEEK + 1


@awaited
async def test_what_has_ended_is_cleared():
    session = SessionStore()
    await session.aset_expiry(-10)
    await session.acreate()

    await SessionStore.aclear_expired()

    assert not await Session.objects.aexists()


def test_django_signs_in_and_out_asynchronously(rf, ada, directus):
    request = rf.get("/")
    request.client_address = "192.0.2.7"
    request.session = SessionStore()

    @async_to_sync
    async def there_and_back():
        user = await aauthenticate(request, username=ada.email, password=ada.password)
        await alogin(request, user)
        key = request.session.session_key
        held = await Session.objects.aget(user=user)
        await alogout(request)
        return key, held

    key, held = there_and_back()

    assert held.sealed_tokens
    assert SessionStore(key).load() == {}
    assert directus.sessions_of(ada) == []
