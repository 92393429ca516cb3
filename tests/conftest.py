"""Fixtures for all tests. Unit tests talk to a fake Directus."""

import gc
from pathlib import Path

import pytest
import responses
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection

from accounts.core import background, delivery, memory, postman, sign_in_ways
from accounts.directus import transport
from items.collection import all_declared, declared

from .fake_directus import FakeDirectus

# Now, or else the first request of a test declares them.
all_declared()

# These talk to sockets of their own, or to a real Directus.
WITHOUT_FAKE = Path(__file__).parent / "accounts" / "directus"


# Modules and collected tests are some million objects, which live until the end; to
# look for garbage among them took a fifth of the time.
gc.disable()


def pytest_collection_finish():
    """Forget the declared collections: a test that exports accounts declares its own.

    Look for garbage from now on, less often, and only among what tests make.
    """
    declared.clear()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()


@pytest.fixture(autouse=True)
def _clean_process():
    """Forget what a process remembers: caches, connections, the state of breakers."""
    yield
    cache.clear()
    memory.clear()


@pytest.fixture(autouse=True)
def _nothing_is_put_off(monkeypatch):
    """Do background work at once, and send mails at once."""
    monkeypatch.setattr(background, "run", lambda work: work())
    monkeypatch.setattr(postman, "call", deliver_uncounted)


def deliver_uncounted():
    """Send the waiting mails; its statements are none of the page's."""
    counts, connection.force_debug_cursor = connection.force_debug_cursor, False
    try:
        delivery.deliver()
    finally:
        connection.force_debug_cursor = counts


@pytest.fixture(autouse=True)
def _hasty_retries(monkeypatch):
    """Wait less before a retry; there are many in these tests."""
    monkeypatch.setattr(transport, "RETRY_DELAY", (0.005, 0.01))


@pytest.fixture
def directus():
    """A Directus in memory; a call that it does not know fails the test."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        fake = FakeDirectus(mock, django_settings.DIRECTUS_URL)
        yield fake
    assert not fake.unexpected


@pytest.fixture(autouse=True)
def _no_network(request):
    """Put the fake in place of Directus, unless a test talks to a real one."""
    node = request.node
    is_real = node.get_closest_marker("real") or node.get_closest_marker("browser")
    if not is_real and not node.path.is_relative_to(WITHOUT_FAKE):
        request.getfixturevalue("directus")
        # The process has asked for the providers a moment ago, and there are none.
        sign_in_ways._asked.set(django_settings.DIRECTUS_URL, True)


@pytest.fixture
def ada(directus):
    """A customer, known to Directus only."""
    return directus.add_user(
        "ada@example.com",
        "Ada's secret 1815",
        first_name="Ada",
        last_name="Lovelace",
    )


@pytest.fixture
def sign_in(client):
    """Return a function that signs a user in through the site's own page, to stay."""

    def sign_in(user, browser=client, **extra):
        data = {"email": user.email, "password": user.password, "remember": "on"}
        response = browser.post("/login/", data, **extra)
        assert response.status_code == 302, "the sign-in was refused"
        return browser

    return sign_in


@pytest.fixture
def signed_in_client(db, sign_in, ada, directus):
    """A browser in which Ada has signed in; its calls to Directus are forgotten."""
    browser = sign_in(ada)
    directus.forget_calls()
    return browser


@pytest.fixture
def provider(directus):
    """A provider that Directus and this process know."""
    found = directus.add_provider("exampleid", label="Example ID", icon="key")
    sign_in_ways._asked.clear()
    sign_in_ways.sign_in_ways()
    directus.forget_calls()
    return found


@pytest.fixture
def service_token(settings, directus):
    """Let the site have its service token."""
    settings.DIRECTUS_SERVICE_TOKEN = directus.add_service_user()
    settings.DIRECTUS_CUSTOMER_ROLE = directus.state.role_id("Customer")
    return settings.DIRECTUS_SERVICE_TOKEN


@pytest.fixture
def site_mails(settings, service_token):
    """Let the site mail the links of sign-up, reset and invitation itself."""
    settings.ACCOUNT_MAILS = "site"


@pytest.fixture
def add_declared(directus, service_token):
    """Return a function that adds a declared collection, as `directus_setup` leaves it.

    It takes the declaration and, as `directus.add_collection` does, the type of each
    field. The key, the owner and the time of the last change are there without.
    """

    def add_declared(collection, *, key_type="uuid", **fields):
        declaration = collection.declaration
        owner, changed_at = declaration.owner, declaration.changed_at
        users = {"foreign_key_table": "directus_users"}
        usual = {owner: {"type": "uuid", "schema": users}}
        if changed_at:
            usual[changed_at] = {"type": "timestamp", "special": ["date-updated"]}
        read = {path.partition(".")[0] for path in declaration.read_fields}
        rights = {"read": {*read, *usual, declaration.key}}
        if declaration.create_fields:
            rights["create"] = {*declaration.create_fields, owner}
        if declaration.update_fields:
            rights["update"] = declaration.update_fields
        if declaration.can_delete:
            rights["delete"] = ()
        return directus.add_collection(
            collection.name,
            usual | fields,
            owner=owner,
            rights=rights,
            key=declaration.key,
            key_type=key_type,
        )

    return add_declared
