"""Attacks on items: keys of others, more fields, probing through the address.

With the customer's token Directus has rules; with the site's only the site keeps
customers apart.
"""

import json
from urllib.parse import quote

import pytest

from items.collection import Collection, NotAKey, declared

from .attacks import MORE_FIELDS, NO_KEYS, OBJECTS, PAGES, PROBES, UUID, is_plain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("token")]
ITEMS = "/items/tickets"


@pytest.fixture
def mine(directus, ada):
    """The key of a ticket of Ada."""
    return directus.add_item("tickets", owner=ada.id, subject="Mine", secret="s")


@pytest.fixture
def theirs(directus, bob):
    """The key of a ticket of Bob."""
    return directus.add_item("tickets", owner=bob.id, subject="Theirs", secret="t")


def row(directus, pk):
    (found,) = [row for row in directus.items_of("tickets") if row["id"] == pk]
    return dict(found)


def rules(call):
    """Return the parts of the filter of a call, all of which must hold."""
    if call.method == "GET":
        return json.loads(call.query["filter"])["_and"]
    return call.body["query"]["filter"]["_and"]


# Keys


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_another_row_is_not_found(signed_in_client, directus, theirs, page):
    before = row(directus, theirs)

    for method in (signed_in_client.get, signed_in_client.post):
        answer = method(f"/tickets/{theirs}/{page}", {"subject": "Mine now"})
        # Only a deletion does not look first: nothing of it is told.
        assert answer.status_code in {404, 405, 302}
        assert "Theirs" not in answer.content.decode()
        assert row(directus, theirs) == before


def test_a_foreign_row_looks_like_no_row(signed_in_client, theirs):
    for page in PAGES:
        found = [signed_in_client.get(f"/tickets/{pk}/{page}") for pk in (theirs, UUID)]
        assert [answer.status_code for answer in found] == [404, 404]


def test_each_call_names_the_owner(signed_in_client, directus, ada, mine):
    for page in ("", *(f"{mine}/{page}" for page in PAGES)):
        signed_in_client.get(f"/tickets/{page}")
    signed_in_client.post("/tickets/new/", {"subject": "New"})
    signed_in_client.post(f"/tickets/{mine}/edit/", {"subject": "Newer"})
    signed_in_client.post(f"/tickets/{mine}/delete/")

    calls = directus.calls_to(ITEMS)
    assert {call.method for call in calls} == {"GET", "POST", "PATCH", "DELETE"}
    for call in calls:
        if call.method == "POST":
            assert call.body["owner"] == ada.id
        else:
            assert {"owner": {"_eq": ada.id}} in rules(call)


@pytest.mark.parametrize("key", NO_KEYS)
def test_a_malformed_key_is_not_found_and_not_sent(signed_in_client, directus, key):
    path = quote(key, safe="%=")

    for page in PAGES:
        assert signed_in_client.get(f"/tickets/{path}/{page}").status_code == 404
    signed_in_client.post(f"/tickets/{path}/delete/")
    signed_in_client.post(f"/tickets/{path}/edit/", {"subject": "x"})
    directus.was_not_asked(ITEMS)


def test_a_key_in_capitals_is_the_same_key(signed_in_client, mine):
    assert signed_in_client.get(f"/tickets/{mine.upper()}/").status_code == 200


@pytest.fixture
def numbered(directus, monkeypatch):
    """Return a collection with keys of a type."""

    def make(type):
        directus.add_collection("notes", {"owner": "uuid"}, key_type=type)
        monkeypatch.setattr("items.collection.declared", dict(declared))
        return Collection("notes", owner="owner", list_fields=["id"])

    return make


@pytest.mark.parametrize(
    ("type", "text", "key"),
    [
        ("integer", "42", 42),
        ("integer", "2147483647", 2147483647),
        ("bigInteger", "9007199254740991", 9007199254740991),
        ("string", "A-1", "A-1"),
        ("string", "\N{LATIN SMALL LETTER E WITH ACUTE}", "\xe9"),
    ],
)
def test_keys(rf, numbered, type, text, key):
    assert numbered(type).clean_key(rf.get("/"), text) == key


@pytest.mark.parametrize(
    ("type", "text"),
    [
        ("integer", "2147483648"),
        ("bigInteger", "9007199254740992"),
        ("integer", "1" + "0" * 30),
        ("integer", "1" * 5000),
        ("integer", ""),
        ("integer", "-1"),
        ("integer", "1.0"),
        ("integer", "1e3"),
        ("integer", "1_0"),
        ("integer", " 1"),
        ("integer", "1\n"),
        ("integer", "\N{ARABIC-INDIC DIGIT ONE}"),
        ("string", "$CURRENT_USER"),
        ("string", "null"),
        ("string", "true"),
        ("string", "a\0"),
        ("string", "a\n"),
        ("string", "x" * 256),
        ("string", ""),
    ],
)
def test_no_keys(rf, numbered, type, text):
    with pytest.raises(NotAKey):
        numbered(type).clean_key(rf.get("/"), text)


# More fields


def test_a_new_row_has_the_declared_fields_alone(signed_in_client, directus, ada):
    signed_in_client.post("/tickets/new/", MORE_FIELDS | {"subject": "New"})

    (call,) = [call for call in directus.calls_to(ITEMS) if call.method == "POST"]
    assert call.body == {"subject": "New", "owner": ada.id}


def test_a_change_has_the_declared_fields_alone(signed_in_client, directus, mine):
    before = row(directus, mine)

    form = MORE_FIELDS | {"subject": "New"}
    signed_in_client.post(f"/tickets/{mine}/edit/", form)

    (call,) = [call for call in directus.calls_to(ITEMS) if call.method == "PATCH"]
    assert call.body["data"] == {"subject": "New"}
    changed = {"subject": "New", "date_updated": row(directus, mine)["date_updated"]}
    assert row(directus, mine) == before | changed


@pytest.mark.parametrize("value", OBJECTS)
def test_no_object_is_sent(signed_in_client, directus, mine, value):
    product = directus.add_item("products", name="Engine", price=100)
    form = {"subject": value, "description": value, "product": value}
    form = {name: text % {"product": product} for name, text in form.items()}

    signed_in_client.post("/tickets/new/", form)
    signed_in_client.post(f"/tickets/{mine}/edit/", form)

    for call in directus.calls_to(ITEMS):
        if call.method != "GET":
            assert is_plain(call.body.get("data", call.body))
    assert directus.items_of("products")[0]["name"] == "Engine"


def test_the_last_of_several_values_counts(signed_in_client, directus):
    signed_in_client.post("/tickets/new/", {"subject": ["First", "Last"]})

    assert [row["subject"] for row in directus.items_of("tickets")] == ["Last"]


# Probing


@pytest.mark.parametrize("query", PROBES)
def test_nothing_is_probed_through_the_address(
    signed_in_client, directus, mine, theirs, query
):
    def asked(path):
        directus.forget_calls()
        assert signed_in_client.get(path).status_code == 200
        return [call.query for call in directus.calls_to(ITEMS)]

    for path in ("/tickets/", f"/tickets/{mine}/", f"/tickets/{mine}/edit/"):
        usual = asked(path)
        assert usual
        assert asked(f"{path}?{query}") == usual


def test_odd_pages_are_no_pages(signed_in_client, directus, mine):
    for page in ("0", "-1", "2", "99999999999999999999", "x", "1e3", "%00"):
        answer = signed_in_client.get(f"/tickets/?page={page}")
        # Beyond the last page there is the last one.
        assert answer.status_code == 404 or answer["Location"] == "?page=1"
    for call in directus.calls_to(ITEMS):
        assert int(call.query["offset"]) >= 0


def test_no_page_shows_a_hidden_field(signed_in_client, mine):
    for page in ("", f"{mine}/", f"{mine}/edit/"):
        text = signed_in_client.get(f"/tickets/{page}").content.decode()
        assert "secret" not in text.lower()


def test_stored_scripts_are_shown_as_text(signed_in_client, directus, ada):
    script = "<script>alert(1)</script>"
    values = {"subject": script, "description": script, "status": script}
    pk = directus.add_item("tickets", owner=ada.id, **values)

    for page in ("", f"{pk}/", f"{pk}/edit/", f"{pk}/delete/"):
        text = signed_in_client.get(f"/tickets/{page}").content.decode()
        assert script not in text


# Meanwhile


def test_a_row_that_changes_hands_is_lost(signed_in_client, directus, bob, mine):
    pages = [f"/tickets/{mine}/{page}" for page in PAGES]
    for page in pages:
        assert signed_in_client.get(page).status_code == 200
    directus.items_of("tickets")[0]["owner"] = bob.id
    before = row(directus, mine)

    assert signed_in_client.post(pages[1], {"subject": "x"}).status_code == 404
    signed_in_client.post(pages[2])
    assert row(directus, mine) == before


def test_a_row_that_changes_hands_within_a_request_is_not_changed(
    signed_in_client, directus, bob, mine
):
    def give_away():
        directus.items_of("tickets")[0]["owner"] = bob.id

    directus.is_late(ITEMS, mine, give_away)

    answer = signed_in_client.post(f"/tickets/{mine}/edit/", {"subject": "x"})
    assert answer.status_code in {404, 409}
    assert row(directus, mine)["subject"] == "Mine"


# A wrong set-up


@pytest.mark.parametrize("token", ["customer"], indirect=True)
@pytest.mark.parametrize("action", ["update", "delete"])
def test_a_right_on_a_row_that_is_missing_is_403(
    signed_in_client, directus, tickets, mine, action
):
    del tickets.rights[action]
    path = {"update": f"{mine}/edit/", "delete": f"{mine}/delete/"}

    answer = signed_in_client.post(f"/tickets/{path[action]}", {"subject": "Typed"})

    assert answer.status_code == 403
    assert row(directus, mine)["subject"] == "Mine"


@pytest.mark.parametrize("token", ["customer"], indirect=True)
@pytest.mark.parametrize("action", ["create"])
def test_a_right_that_is_missing_is_503_and_one_line(
    signed_in_client, directus, tickets, mine, caplog, action
):
    del tickets.rights[action]

    answer = signed_in_client.post("/tickets/new/", {"subject": "Typed"})

    assert answer.status_code == 503
    errors = [line for line in caplog.records if line.levelname == "ERROR"]
    ours = [line for line in errors if line.name.startswith("accounts")]
    assert [line.getMessage() for line in ours] == [
        "Directus does not do what a form is for: 403 FORBIDDEN"
    ]
    assert row(directus, mine)["subject"] == "Mine"
    assert "Typed" in answer.content.decode()
