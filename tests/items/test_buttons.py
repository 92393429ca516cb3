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

    def pages(*actions):
        memory.clear()
        paths = ["", f"{pk}/", *(f"{pk}/{action}/" for action in actions)]
        answers = [signed_in_client.get(f"/tickets/{path}") for path in paths]
        found = [answer.context["may"] for answer in answers]
        assert found == [found[0]] * len(found)
        return found[0]

    return pages


def test_everything_that_is_declared_and_allowed(pages, token):
    assert pages("edit", "delete") == ALL


@pytest.mark.parametrize("action", ["create", "update", "delete"])
def test_nothing_that_directus_forbids(pages, tickets, action):
    del tickets.rights[action]

    assert pages() == ALL | {action: False}


def test_version_10_leaves_it_to_the_declaration(pages, directus, tickets):
    directus.state.has_policies = False

    assert pages() == ALL


@pytest.mark.usefixtures("token")
def test_nothing_that_is_not_declared(signed_in_client, monkeypatch):
    monkeypatch.setattr("items.collection.declared", dict(declared))
    bare = Collection("tickets", owner="owner", list_fields=["subject"])
    monkeypatch.setattr(shop.TicketList, "collection", bare)

    page = signed_in_client.get("/tickets/")
    assert page.context["may"] == dict.fromkeys(ALL, False)


def test_the_list_has_a_button_for_a_new_row(signed_in_client, tickets):
    assert NEW in signed_in_client.get("/tickets/").content.decode()

    memory.clear()
    del tickets.rights["create"]
    assert NEW not in signed_in_client.get("/tickets/").content.decode()


def test_rights_are_asked_once_a_minute(signed_in_client, directus):
    for _ in range(3):
        signed_in_client.get("/tickets/")

    directus.was_asked_once("/permissions/me")
