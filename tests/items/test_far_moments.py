"""Moments at the ends of the calendar, which have no date in some time zones."""

import pytest

from .pages import opened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("token", "until")]
LAST, FIRST = "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"
ENDS = [(LAST, "Europe/Berlin"), (FIRST, "America/New_York")]


@pytest.fixture
def until(tickets, monkeypatch):
    """Let tickets have a moment that customers read, change and filter by."""
    from . import shop

    tickets.fields["until"] = {
        **tickets.fields["date_created"],
        "field": "until",
        "meta": {"interface": "datetime"},
    }
    for action, names in tickets.rights.items():
        tickets.rights[action] = frozenset({*names, "until"})
    declaration = vars(shop.tickets)
    monkeypatch.delitem(declaration, "read_fields", raising=False)
    monkeypatch.delitem(declaration, "exported_fields", raising=False)
    for name in ("list_fields", "create_fields", "update_fields"):
        monkeypatch.setitem(declaration, name, [*declaration[name], "until"])
    monkeypatch.setattr(shop.TicketList, "filter_fields", ["until"])
    yield
    declaration.pop("read_fields", None)
    declaration.pop("exported_fields", None)


@pytest.fixture
def browse(signed_in_client):
    """Return a function that sets the time zone of the page."""

    def browse(zone):
        user = signed_in_client.get("/tickets/").context["user"]
        user.time_zone = zone
        user.save()
        return signed_in_client

    return browse


@pytest.mark.parametrize(
    ("typed", "zone"),
    [("9999-12-31T23:59", "America/New_York"), ("0001-01-01T00:00", "Europe/Berlin")],
)
def test_one_that_is_typed_is_refused_at_its_field(browse, directus, typed, zone):
    page = browse(zone).post("/tickets/new/", {"subject": "Help", "until": typed})

    assert page.status_code == 200
    assert list(page.context["form"].errors) == ["until"]
    assert f'value="{typed}"' in page.text
    assert directus.items_of("tickets") == []


@pytest.mark.parametrize(("stored", "zone"), ENDS)
def test_a_stored_one_stays_while_another_field_is_saved(
    browse, directus, ada, stored, zone
):
    pk = directus.add_item("tickets", owner=ada.id, subject="Old", until=stored)
    browser, path = browse(zone), f"/tickets/{pk}/edit/"

    form = opened(browser, path, subject="New")
    answer = browser.post(path, form)

    assert answer.status_code == 302
    (row,) = directus.items_of("tickets")
    assert (row["subject"], row["until"]) == ("New", stored)


@pytest.mark.parametrize(("stored", "zone"), ENDS)
def test_a_stored_one_can_be_replaced(browse, directus, ada, stored, zone):
    pk = directus.add_item("tickets", owner=ada.id, subject="Old", until=stored)
    browser, path = browse(zone), f"/tickets/{pk}/edit/"

    browser.post(path, opened(browser, path, until="2026-12-01T12:00"))

    assert directus.items_of("tickets")[0]["until"].startswith("2026-12-01T")


@pytest.mark.parametrize(("stored", "zone"), ENDS)
@pytest.mark.parametrize("path", ["/tickets/", "/tickets/{pk}/", "/tickets/{pk}/edit/"])
def test_pages_show_it(browse, directus, ada, stored, zone, path):
    pk = directus.add_item("tickets", owner=ada.id, subject="Old", until=stored)

    page = browse(zone).get(path.format(pk=pk))

    assert page.status_code == 200
    assert ("edit" in path) or f'datetime="{stored[:19]}+00:00"' in page.text


@pytest.mark.parametrize(("stored", "zone"), ENDS)
def test_the_download_and_the_export_have_it(browse, directus, ada, stored, zone):
    directus.add_item("tickets", owner=ada.id, subject="Old", until=stored)
    browser = browse(zone)

    text = b"".join(browser.get("/tickets/csv/").streaming_content).decode()
    held = browser.post("/account/export/").json()["apps"]["items"]["tickets"]

    assert stored in text
    assert [row["until"] for row in held] == [stored]


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_filter_says_that_it_is_wrong(browse, day):
    page = browse("Europe/Berlin").get("/tickets/", {"until__from": day})

    assert "until__from" in page.context["filter_form"].errors
