"""Tickets in the fake, and the pages of tests/items/shop.py."""

import pytest

from items.collection import declared

from . import shop
from .documents_on_directus import RealDocuments
from .fields import add_to
from .on_directus import RealShop


@pytest.fixture(autouse=True)
def _shop(request, settings, monkeypatch):
    """Serve tests/items/shop.py; unless a test is marked `real`, from the fake."""
    settings.ROOT_URLCONF = "tests.items.shop"
    # Made of what another test had changed.
    for name in ("read_fields", "exported_fields"):
        vars(shop.tickets).pop(name, None)
    # Other modules of tests declare collections, too.
    for name in list(declared):
        monkeypatch.delitem(declared, name)
    monkeypatch.setitem(declared, "tickets", shop.tickets)
    if not request.node.get_closest_marker("real"):
        request.getfixturevalue("tickets")


@pytest.fixture
def tickets(directus, service_token):
    """The collection of tests/items/shop.py in the fake."""
    return add_to(directus)


@pytest.fixture
def change(tickets):
    """A function that changes the description of a field."""

    def change(name, *, schema=None, **meta):
        field = tickets.fields[name]
        field["meta"] |= meta
        field["schema"] |= schema or {}

    return change


@pytest.fixture
def bob(directus):
    """Another customer."""
    return directus.add_user("bob@example.com", "Bob's secret 1815")


@pytest.fixture(params=["customer", "site"])
def token(request, directus, tickets):
    """Whose token reads and writes: the customer's, or the site's."""
    if request.param == "site":
        directus.state.takes_rules = False
        for collection in directus.state.collections.values():
            collection.rights = {}
    return request.param


@pytest.fixture(scope="module")
def _real_shop(directus_server):
    found = RealShop(directus_server)
    yield found
    found.close()


@pytest.fixture
def real_shop(_real_shop, directus_server, settings):
    """`tickets` and `products` on a real Directus, which the site in this process asks.

    Sign in with `sign_in(make_customer())`.
    """
    settings.DIRECTUS_URL = directus_server.directus.url
    settings.DIRECTUS_SERVICE_TOKEN = directus_server.service_token
    settings.DIRECTUS_CUSTOMER_ROLE = directus_server.customer_role
    yield _real_shop
    _real_shop.empty()


@pytest.fixture(scope="module")
def _real_documents(directus_server):
    found = RealDocuments(directus_server)
    yield found
    found.close()


@pytest.fixture
def real_documents(_real_documents, directus_server, settings):
    """`documents` on a real Directus, its pages, and the site's token."""
    settings.ROOT_URLCONF = "tests.items.documents"
    settings.DIRECTUS_URL = directus_server.directus.url
    settings.DIRECTUS_SERVICE_TOKEN = directus_server.service_token
    settings.DIRECTUS_CUSTOMER_ROLE = directus_server.customer_role
    yield _real_documents
    _real_documents.empty()
