"""Session rows in a shared cache: never older than the database for long."""

import pickle
import re
import socket
import time

import pytest
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from django.core.management import call_command

from accounts.core import cache as shared_cache
from accounts.core import memory, row_cache
from accounts.models import Session, User
from accounts.sessions.keys import digest
from config.cache import JSONSerializer

from ..signed_in import key_of, row_of, store_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _cached_rows(settings):
    settings.SESSION_ROW_CACHE = True


@pytest.fixture
def cache(monkeypatch):
    """A function that puts another cache in place."""
    return lambda other: monkeypatch.setattr(shared_cache, "cache", other)


@pytest.fixture
def cached_client(signed_in_client):
    """A browser with a cached row: the marks of its sign-in are over."""
    caches["default"].clear()
    assert signed_in_client.get("/").status_code == 200
    return signed_in_client


def cached(browser):
    return row_cache.get(Session, digest(key_of(browser)))


def redis(port: int) -> RedisCache:
    """Return a cache as the settings make it of CACHE_URL=redis://…"""
    options = {
        "serializer": "config.cache.JSONSerializer",
        "socket_timeout": 0.5,
        "socket_connect_timeout": 0.5,
    }
    return RedisCache(f"redis://127.0.0.1:{port}/0", {"OPTIONS": options})


# Cached columns


def test_a_cached_session_and_user_need_no_query(
    cached_client, django_assert_num_queries
):
    with django_assert_num_queries(0):
        assert cached_client.get("/").status_code == 200


def test_without_a_cached_row_one_query_reads_session_and_user(
    signed_in_client, settings, django_assert_num_queries
):
    settings.SESSION_ROW_CACHE = False

    with django_assert_num_queries(1):
        assert signed_in_client.get("/").status_code == 200


def test_the_query_gives_what_the_orm_gives(signed_in_client, settings):
    settings.SESSION_ROW_CACHE = False
    row = store_of(signed_in_client).row
    stored = row_of(signed_in_client)

    for found, expected in [(row, stored), (row.user, stored.user)]:
        for field in type(expected)._meta.concrete_fields:
            value = getattr(expected, field.attname)
            assert getattr(found, field.attname) == value, field.attname


def test_a_cached_user_is_the_user(cached_client):
    stored = row_of(cached_client).user

    for field in User._meta.concrete_fields:
        name = field.attname
        assert getattr(row_cache.get(User, stored.pk), name) == getattr(stored, name)


def test_the_password_of_a_local_user_is_not_cached(cached_client):
    user = row_of(cached_client).user
    user.directus_id = None
    user.set_password("canary-password")
    user.save()
    caches["default"].clear()

    cached_client.get("/")

    assert row_cache.get(User, user.pk) is None


def test_a_cached_row_is_the_row(cached_client):
    stored = row_of(cached_client)

    for field in Session._meta.concrete_fields:
        name = field.attname
        assert getattr(cached(cached_client), name) == getattr(stored, name), name


def test_no_token_is_readable_in_the_cache(cached_client):
    tokens = store_of(cached_client).tokens.load()

    values = str(
        shared_cache.get(row_cache.key(Session, digest(key_of(cached_client))))
    )

    assert tokens.access_token not in values
    assert tokens.refresh_token not in values
    assert not re.search(r"eyJ[\w-]+\.", values)


def test_the_cache_holds_json_and_never_a_pickle():
    assert JSONSerializer().loads(pickle.dumps({"a": 1})) is None
    assert JSONSerializer().loads(JSONSerializer().dumps({"a": 1})) == {"a": 1}


@pytest.mark.parametrize(
    "value", [None, [], "text", {}, {"id": 1}, {"expire_date": "x"}, 7]
)
def test_nonsense_in_the_cache_is_passed_over(cached_client, value):
    shared_cache.set(row_cache.key(Session, digest(key_of(cached_client))), value, 60)

    assert cached_client.get("/").status_code == 200


def test_values_of_the_wrong_type_are_passed_over(cached_client):
    key = row_cache.key(Session, digest(key_of(cached_client)))
    values = shared_cache.get(key)
    shared_cache.set(key, values | {"expire_date": "x", "user_id": "y"}, 60)

    assert cached(cached_client) is None
    assert cached_client.get("/").status_code == 200


# Changes of a user


def _saved(user):
    user.first_name = "Newer"
    user.save()


def _updated(user):
    User.objects.filter(pk=user.pk).update(first_name="Newer")


def _moved_out_of_the_queryset(user):
    User.objects.filter(first_name=user.first_name).update(first_name="Newer")


@pytest.mark.parametrize(
    "change",
    [_saved, _updated, _moved_out_of_the_queryset],
    ids=lambda each: each.__name__,
)
def test_a_changed_user_is_read_from_the_database(cached_client, change):
    change(row_of(cached_client).user)

    assert "Newer" in cached_client.get("/").text


def test_a_synced_user_is_read_from_the_database(
    cached_client, directus, ada, service_token
):
    directus.change(ada, first_name="Newer")

    call_command("directus_sync")

    assert "Newer" in cached_client.get("/").text


@pytest.mark.parametrize("delete", ["one", "many"])
def test_a_deleted_user_is_signed_out_at_once(cached_client, delete):
    user = row_of(cached_client).user
    if delete == "one":
        user.delete()
    else:
        User.objects.filter(pk=user.pk).delete()

    assert cached_client.get("/").status_code == 302


def test_an_inactive_user_is_signed_out_at_once(cached_client):
    User.objects.update(is_active=False)

    assert cached_client.get("/").status_code == 302


def test_a_new_session_hash_signs_out(cached_client):
    user = row_of(cached_client).user
    user.set_unusable_password()
    user.save()

    assert cached_client.get("/").status_code == 302


# Changes of a row


def test_a_changed_row_is_read_from_the_database(cached_client):
    store_of(cached_client).update_row(user_agent="newer")

    assert store_of(cached_client).row.user_agent == "newer"


def test_saved_data_is_read_from_the_database(cached_client):
    session = store_of(cached_client)
    session["word"] = "newer"
    session.save()

    assert store_of(cached_client)["word"] == "newer"


def test_an_ended_session_is_not_found_in_the_cache(cached_client):
    old = key_of(cached_client)

    cached_client.post("/logout/")

    assert row_cache.get(Session, digest(old)) is None
    cached_client.cookies["session"] = old
    assert cached_client.get("/").status_code == 302


@pytest.mark.parametrize("change", ["end", "change", "end and change"])
def test_a_slow_reader_cannot_put_an_old_row_back(cached_client, change):
    began = time.monotonic()
    read = row_of(cached_client)
    if "end" in change:
        store_of(cached_client).delete()
    if "change" in change:
        # Also when its UPDATE came before the end, and its mark comes after.
        row_cache.invalidate(Session, [digest(key_of(cached_client))])

    row_cache.remember(read, read.session_key, began)

    assert cached(cached_client) is None


def test_a_read_longer_than_a_mark_lasts_is_not_cached(cached_client):
    row = row_of(cached_client)
    caches["default"].clear()

    row_cache.remember(row, row.session_key, time.monotonic() - row_cache.MARK_SECONDS)

    assert cached(cached_client) is None


def test_a_session_that_ended_behind_the_cache_ends_within_a_minute(cached_client):
    row = row_of(cached_client)
    Session.objects.all().delete()
    values = shared_cache.get(row_cache.key(Session, digest(key_of(cached_client))))
    a_minute_ago = "2020-01-01T00:00:00+00:00"
    values |= {"last_seen_at": a_minute_ago}
    shared_cache.set(row_cache.key(Session, row.session_key), values, 60)

    response = cached_client.get("/")

    assert response["Location"] == "/login/?next=/"


# A cache that is away


def test_a_cache_that_is_down_costs_nothing_but_queries(signed_in_client, cache):
    cache(redis(1))

    assert signed_in_client.get("/").status_code == 200
    assert signed_in_client.post("/logout/").status_code == 302
    assert not Session.objects.exclude(user=None).exists()


def test_a_cache_that_hangs_is_left_alone_for_a_while(signed_in_client, cache):
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        cache(redis(hanging.getsockname()[1]))
        began = time.monotonic()
        for _ in range(10):
            assert signed_in_client.get("/").status_code == 200

    # Half a second once, not for each.
    assert time.monotonic() - began < 4


def test_an_outage_of_the_cache_is_logged_once(signed_in_client, cache, caplog):
    cache(redis(1))

    for _ in range(5):
        signed_in_client.get("/")

    lines = [line for line in caplog.messages if "cache" in line]
    assert lines == ["The cache is away: ConnectionError"]


def test_a_cache_that_is_back_is_used_again(signed_in_client, cache):
    cache(redis(1))
    signed_in_client.get("/")
    cache(caches["default"])
    memory.clear()
    caches["default"].clear()

    signed_in_client.get("/")

    assert cached(signed_in_client) is not None
