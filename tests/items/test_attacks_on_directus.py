"""The attacks on items against a real Directus, on each version."""

from urllib.parse import quote

import pytest
import requests

from .attacks import MORE_FIELDS, NO_KEYS, OBJECTS, PAGES, PROBES

pytestmark = [pytest.mark.real, pytest.mark.versions, pytest.mark.django_db]


@pytest.fixture
def ada(make_customer):
    """The customer that attacks."""
    return make_customer()


@pytest.fixture
def bob(make_customer):
    """The customer that is attacked."""
    return make_customer()


@pytest.fixture
def browser(real_shop, sign_in, ada):
    """A browser in which Ada has signed in."""
    return sign_in(ada)


@pytest.fixture
def mine(real_shop, ada):
    """The key of a ticket of Ada."""
    return real_shop.add_item("tickets", owner=ada.id, subject="Mine", secret="s")


@pytest.fixture
def theirs(real_shop, bob):
    """The key of a ticket of Bob."""
    return real_shop.add_item("tickets", owner=bob.id, subject="Theirs", secret="t")


@pytest.fixture
def ask(real_shop, ada):
    """Return a function that asks Directus itself with Ada's token."""
    token = real_shop.admin.sign_in(ada.email, ada.password)

    def ask(method, path, json=None):
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{real_shop.url}{path}"
        return requests.request(method, url, json=json, headers=headers, timeout=20)

    return ask


def row(shop, pk):
    (found,) = [row for row in shop.items_of("tickets") if row["id"] == pk]
    return found


def test_a_page_of_another_row_is_not_found(browser, real_shop, theirs):
    before = row(real_shop, theirs)

    for page in PAGES:
        path = f"/tickets/{theirs}/{page}"
        assert browser.get(path).status_code == 404
        answer = browser.post(path, {"subject": "Mine now"})
        assert answer.status_code in {404, 405, 302}
        assert "Theirs" not in answer.content.decode()
    assert row(real_shop, theirs) == before
    assert "Theirs" not in browser.get("/tickets/").content.decode()


def test_malformed_keys_are_not_found(browser, mine):
    for key in NO_KEYS:
        path = f"/tickets/{quote(key, safe='%=')}/"
        assert browser.get(path).status_code == 404, key
        assert browser.get(f"{path}edit/").status_code == 404, key


def test_a_new_row_has_the_declared_fields_alone(browser, real_shop, ada):
    browser.post("/tickets/new/", MORE_FIELDS | {"subject": "New"})

    (made,) = real_shop.items_of("tickets")
    assert (made["owner"], made["subject"]) == (ada.id, "New")
    for name in ("status", "number", "code", "phone", "reply", "secret"):
        assert made[name] is None, name
    assert made["id"] != MORE_FIELDS["id"]
    assert not made["date_created"].startswith("2001")


def test_a_change_has_the_declared_fields_alone(browser, real_shop, mine):
    before = row(real_shop, mine)

    browser.post(f"/tickets/{mine}/edit/", MORE_FIELDS | {"subject": "New"})

    after = row(real_shop, mine)
    changed = {"subject": "New", "date_updated": after["date_updated"]}
    assert after == before | changed
    assert not after["date_updated"].startswith("2001")


def test_related_rows_stay_as_they_are(browser, real_shop, mine):
    product = real_shop.add_item("products", name="Engine", price=100)
    before = real_shop.items_of("products")

    for value in OBJECTS:
        form = dict.fromkeys(("subject", "description", "product"), value)
        form = {name: text % {"product": product} for name, text in form.items()}
        for path in ("/tickets/new/", f"/tickets/{mine}/edit/"):
            assert browser.post(path, form).status_code < 500
    assert real_shop.items_of("products") == before


def test_nothing_is_probed_through_the_address(browser, mine, theirs):
    for path in ("/tickets/", f"/tickets/{mine}/", f"/tickets/{mine}/edit/"):
        for query in PROBES:
            answer = browser.get(f"{path}?{query}")
            text = answer.content.decode()
            assert answer.status_code == 200, query
            assert "Theirs" not in text
            assert "Mine" in text, query


def test_a_row_that_changes_hands_is_lost(browser, real_shop, bob, mine):
    assert browser.get(f"/tickets/{mine}/edit/").status_code == 200
    real_shop.change_item("tickets", mine, owner=bob.id)
    before = row(real_shop, mine)

    answer = browser.post(f"/tickets/{mine}/edit/", {"subject": "x"})
    assert answer.status_code == 404
    browser.post(f"/tickets/{mine}/delete/")
    assert row(real_shop, mine) == before


# Past the site, with the customer's own token


def test_directus_gives_no_row_of_another_customer(ask, bob, mine, theirs):
    for path in (
        f"/items/tickets/{theirs}",
        f"/items/tickets/{theirs}?fields=*.*",
        "/items/tickets?fields=*.*&limit=-1",
        f"/items/tickets?filter[owner][_eq]={bob.id}",
        "/items/tickets?search=Theirs",
        "/items/tickets?aggregate[count]=id&groupBy[]=subject",
        "/items/tickets?filter[_or][0][owner][_nnull]=true",
        f"/users/{bob.id}?fields=*,tickets.*",
    ):
        assert "Theirs" not in ask("GET", path).text, path


def test_directus_changes_no_row_of_another_customer(ask, real_shop, ada, theirs):
    before = row(real_shop, theirs)
    everything = {"query": {"filter": {"id": {"_nnull": True}}}}
    row_path = f"/items/tickets/{theirs}"

    replies = [
        ask("PATCH", row_path, {"subject": "x"}),
        ask("PATCH", row_path, {"owner": ada.id}),
        ask("PATCH", "/items/tickets", everything | {"data": {"subject": "x"}}),
        ask("PATCH", "/items/tickets", [{"id": theirs, "subject": "x"}]),
        ask("PATCH", "/items/tickets", {"keys": [theirs], "data": {"subject": "x"}}),
        ask("POST", "/items/tickets", {"id": theirs, "subject": "x"}),
        ask("DELETE", row_path),
        ask("DELETE", "/items/tickets", [theirs]),
        ask("DELETE", "/items/tickets", everything),
    ]

    assert {reply.status_code for reply in replies} <= {400, 403}
    assert row(real_shop, theirs) == before


def test_directus_takes_no_row_for_another_customer(ask, real_shop, bob):
    product = real_shop.add_item("products", name="Engine", price=100)

    replies = [
        ask("POST", "/items/tickets", {"owner": bob.id, "subject": "x"}),
        ask("POST", "/items/tickets", {"owner": {"id": bob.id}, "subject": "x"}),
        ask("POST", "/items/tickets", {"secret": "x"}),
        ask("POST", "/items/tickets", {"product": {"id": product, "name": "Cheap"}}),
        ask("PATCH", f"/items/products/{product}", {"price": 1}),
    ]

    assert {reply.status_code for reply in replies} <= {400, 403}
    assert real_shop.items_of("tickets") == []
    assert real_shop.items_of("products")[0]["name"] == "Engine"
