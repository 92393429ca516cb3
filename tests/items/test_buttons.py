"""Pages offer what the declaration and Directus both allow."""

import pytest

from accounts.core import memory
from items.collection import Collection, declared

from . import shop

pytestmark = pytest.mark.django_db
ALL = {"create": True, "update": True, "delete": True}
NEW = 'href="/tickets/new/"'


@pytest.fixture
def pages(signed_in_client, directus, ada):
    """Return a function that gives what the pages of a ticket offer."""
    pk = directus.add_item("tickets", owner=ada.id, subject="Mine")

    def pages():
        memory.clear()
        found = [
            signed_in_client.get(f"/tickets/{page}").context["may"]
            for page in ("", f"{pk}/", f"{pk}/edit/", f"{pk}/delete/", "new/")
        ]
        assert found == [found[0]] * len(found)
        return found[0]

    return pages


def test_everything_that_is_declared_and_allowed(pages, token):
    assert pages() == ALL


@pytest.mark.parametrize("action", ["create", "update", "delete"])
def test_nothing_that_directus_forbids(pages, tickets, action):
    tickets.rights = {
        name: may for name, may in tickets.rights.items() if name != action
    }

    assert pages() == ALL | {action: False}


def test_version_10_leaves_it_to_the_declaration(pages, directus, tickets):
    directus.state.has_policies = False

    assert pages() == ALL


def test_nothing_that_is_not_declared(pages, monkeypatch, token):
    monkeypatch.setattr("items.collection.declared", dict(declared))
    bare = Collection("tickets", owner="owner", list_fields=["subject"])
    for view in vars(shop).values():
        if isinstance(view, type) and view.__name__.startswith("Ticket"):
            monkeypatch.setattr(view, "collection", bare)

    assert pages() == dict.fromkeys(ALL, False)


def test_the_list_has_a_button_for_a_new_row(signed_in_client, tickets):
    assert NEW in signed_in_client.get("/tickets/").content.decode()

    memory.clear()
    del tickets.rights["create"]
    assert NEW not in signed_in_client.get("/tickets/").content.decode()


def test_rights_are_asked_once_a_minute(signed_in_client, directus):
    for _ in range(3):
        signed_in_client.get("/tickets/")

    directus.was_asked_once("/permissions/me")
