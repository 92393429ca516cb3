"""A copy of the database or of the cache opens nothing."""

import importlib
import re
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Session
from accounts.sessions import SessionStore
from accounts.sessions.keys import digest, stored_forms

from ..account_pages import confirm_password
from ..signed_in import key_of, row_of, rows_with, store_of
from ..steps import ask_reset, choose_password, open_link

pytestmark = pytest.mark.django_db

LIKE_A_KEY = re.compile(r"[A-Za-z0-9_-]{8,}")


def copy_of_everything() -> set[str]:
    """Return every text in the database and the cache, in all its parts."""
    texts = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            texts += [str(value) for row in cursor.fetchall() for value in row]
    cache = caches["default"]
    texts += [str(name) for name in cache._cache]
    texts += [str(cache.get(name.split(":", 2)[2])) for name in list(cache._cache)]
    return {*texts, *(part for text in texts for part in LIKE_A_KEY.findall(text))}


def opens(value: str) -> bool:
    thief = Client()
    thief.cookies["session"] = value
    return thief.get("/").status_code == 200


@pytest.fixture
def cached(settings, signed_in_client):
    """A browser in which Ada is signed in; its session row is cached."""
    settings.SESSION_ROW_CACHE = True
    caches["default"].clear()
    assert signed_in_client.get("/").status_code == 200
    return signed_in_client


def test_nothing_in_a_copy_is_a_session_key(cached):
    confirm_password(cached)
    cached.get("/")
    copied = copy_of_everything()

    assert opens(key_of(cached))
    assert digest(key_of(cached)) in copied
    assert not [text for text in copied if key_of(cached) in text]
    assert not [text for text in copied if opens(text) or opens(text[:32])]


def test_the_token_of_a_mailed_link_is_in_no_copy(client, directus, ada, cached):
    ask_reset(client)
    link = directus.last_link(ada.email)
    token = link.partition("token=")[2]
    open_link(client, link)
    copied = copy_of_everything()

    assert not [text for text in copied if token in text]
    for row in Session.objects.all():
        assert token not in str(SessionStore().decode(row.session_data))
    assert choose_password(client).url == "/reset-password/done/"


# Keys of before


def test_a_row_of_an_older_version_still_opens(signed_in_client):
    key = key_of(signed_in_client)
    Session.objects.update(session_key=key)

    assert signed_in_client.get("/").status_code == 200
    assert confirm_password(signed_in_client).status_code == 302
    assert row_of(signed_in_client).session_key != key
    assert not opens(key)


def test_a_digest_is_no_key(signed_in_client):
    stored = row_of(signed_in_client).session_key

    assert not opens(stored)
    assert stored not in stored_forms(stored[:32])


def test_keys_of_before_become_digests_and_no_session_ends(
    signed_in_client, sign_in, ada
):
    other = sign_in(ada, Client())
    keys = [key_of(browser) for browser in (signed_in_client, other)]
    rows_with(keys[0]).update(session_key=keys[0])
    visitor = SessionStore()
    visitor["password_reset_token"] = "a link's"
    visitor.create()

    migrate()
    migrate()

    stored = set(Session.objects.values_list("session_key", flat=True))
    assert stored == {digest(key) for key in keys}
    for browser in (signed_in_client, other):
        assert browser.get("/").status_code == 200


def test_many_keys_are_converted(monkeypatch, ada, signed_in_client):
    migration = importlib.import_module("accounts.migrations.0010_session_digests")
    monkeypatch.setattr(migration, "BATCH", 7)
    user = row_of(signed_in_client).user
    Session.objects.bulk_create(
        Session(session_key=f"{n:032}", user=user, expire_date=timezone.now())
        for n in range(30)
    )

    migrate()

    assert all(rows_with(f"{n:032}").exists() for n in range(30))


def migrate():
    """Do what the migration does with the rows."""
    migration = importlib.import_module("accounts.migrations.0010_session_digests")
    migration.keep_digests(apps, SimpleNamespace(connection=connection))


def test_tokens_of_the_session_stay_when_the_password_is_confirmed(signed_in_client):
    before = row_of(signed_in_client)
    tokens = store_of(signed_in_client).tokens.load()
    key = key_of(signed_in_client)

    confirm_password(signed_in_client)

    after = row_of(signed_in_client)
    assert key_of(signed_in_client) != key
    assert not opens(key)
    assert store_of(signed_in_client).tokens.load() == tokens
    same = ("pk", "user_id", "authenticated_at", "validated_at", "sealed_tokens")
    assert [getattr(before, n) for n in same] == [getattr(after, n) for n in same]
