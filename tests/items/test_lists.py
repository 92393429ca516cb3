"""The list page: search, filters, order and pages, of the customer's own rows alone."""

import json
import re

import pytest

from . import shop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("token")]


@pytest.fixture
def rows(directus, ada, bob):
    """Tickets of Ada, and one of Bob that every search would find."""
    made = {
        1: ("Broken boat", "open", "2026-11-01T22:30:00.000Z"),
        2: ("Boat lost", "answered", "2026-11-02T12:00:00.000Z"),
        3: ("Wet garden", "open", "2026-11-03T12:00:00.000Z"),
        12: ("100% wool_socks", None, "2026-11-04T12:00:00.000Z"),
    }
    for number, (subject, status, created) in made.items():
        directus.add_item(
            "tickets",
            owner=ada.id,
            number=number,
            subject=subject,
            status=status,
            date_created=created,
            is_urgent=number == 2,
            due=f"2026-12-{number:02}",
        )
    directus.add_item("tickets", owner=bob.id, subject="Boat of Bob", number=1)


def numbers(client, query=""):
    """Return the numbers of the tickets on a page, as it shows them."""
    page = client.get(f"/tickets/{query}")
    assert page.status_code == 200
    assert "Boat of Bob" not in page.content.decode()
    return [item["number"] for item in page.context["object_list"]]


@pytest.mark.usefixtures("rows")
class TestRows:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("boat", [2, 1]),
            ("  BOAT  broken ", [1]),
            ("boat garden", []),
            ("2", [2]),
            ("wool_", [12]),
            ("null", []),
            ("$CURRENT_USER", []),
            ("99999999999999999999", []),
            ("\U0001f642", []),
            ("%20%20", [12, 3, 2]),
        ],
    )
    def test_every_word_has_to_occur(self, signed_in_client, text, found):
        assert numbers(signed_in_client, f"?q={text}") == found

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("status=open", [3, 1]),
            ("status=open&q=boat", [1]),
            ("is_urgent=yes", [2]),
            ("is_urgent=no&number__max=3", [3, 1]),
            ("number__min=2&number__max=3", [3, 2]),
            ("due__from=2026-12-02&due__to=2026-12-03", [3, 2]),
            ("date_created__from=2026-11-02&date_created__to=2026-11-03", [3, 2]),
            ("date_created__to=2026-11-01", [1]),
        ],
    )
    def test_filters_narrow_the_list(self, signed_in_client, query, found):
        assert numbers(signed_in_client, f"?{query}") == found

    def test_days_are_those_of_the_customers_time_zone(
        self, signed_in_client, ada, django_user_model
    ):
        user = django_user_model.objects.get(email=ada.email)
        user.time_zone = "Europe/Berlin"
        user.save()
        session = "date_created__from=2026-11-02&date_created__to=2026-11-02"

        assert numbers(signed_in_client, f"?{session}") == [2]
        user.time_zone = "Asia/Tokyo"
        user.save()
        assert numbers(signed_in_client, f"?{session}") == [2, 1]

    @pytest.mark.parametrize(
        "query",
        [
            "status=closed",
            "is_urgent=maybe",
            "number__min=abc",
            "number__max=99999999999",
            "due__from=yesterday",
            "date_created__to=9999-12-31",
            "date_created__from=0001-01-01",
            f"q={'x' * 101}",
            "q=%00",
        ],
    )
    def test_a_wrong_value_is_said_and_ignored(self, signed_in_client, query):
        page = signed_in_client.get(f"/tickets/?{query}")

        assert [item["number"] for item in page.context["object_list"]] == [12, 3, 2]
        assert 'aria-invalid="true"' in page.content.decode()

    def test_an_end_before_the_start_is_said(self, signed_in_client):
        page = signed_in_client.get("/tickets/?number__min=3&number__max=2")

        assert "before the start" in page.content.decode()
        assert [item["number"] for item in page.context["object_list"]] == [12, 3]

    @pytest.mark.parametrize(
        ("sort", "found"),
        [
            ("number", [1, 2, 3]),
            ("-number", [12, 3, 2]),
            ("-subject", [3, 1, 2]),
            ("secret", [12, 3, 2]),
            ("-owner", [12, 3, 2]),
            ("number,secret", [12, 3, 2]),
            ("--number", [12, 3, 2]),
        ],
    )
    def test_headings_sort_and_other_names_do_not(self, signed_in_client, sort, found):
        assert numbers(signed_in_client, f"?sort={sort}") == found

    def test_one_name_is_an_order(self, signed_in_client, monkeypatch):
        monkeypatch.setattr("tests.items.shop.TicketList.ordering", "number")

        assert numbers(signed_in_client) == [1, 2, 3]

    def test_headings_say_the_order_and_turn_it(self, signed_in_client):
        page = signed_in_client.get("/tickets/?sort=number&q=boat").content.decode()

        heading = re.search(
            r'<th[^>]*aria-sort="ascending"[^>]*>(.*?)</th>', page, re.DOTALL
        )
        assert 'href="?sort=-number&amp;q=boat"' in heading[1]
        assert page.count("aria-sort") == 1

    def test_headings_of_relations_sort_by_nothing(self, signed_in_client, monkeypatch):
        names = ["number", "product", "owner", "product.name"]
        monkeypatch.setitem(vars(shop.tickets), "list_fields", names)

        page = signed_in_client.get("/tickets/?sort=product")

        found = re.findall(r'href="\?sort=-?([\w.]+)', page.text)
        assert (found, page.context["sort"]) == (["number"], "")

    def test_links_to_pages_keep_the_rest(self, signed_in_client):
        page = signed_in_client.get("/tickets/?sort=number&number__min=1&status=")

        assert page.context["page_links"] == {
            "next": "?sort=number&number__min=1&page=2",
            "last": "?sort=number&number__min=1&page=2",
        }
        assert "Page 1 of 2" in page.content.decode()

    @pytest.mark.parametrize("number", ["0", "-1", "abc", "1.5", "\u0663", "\u00b2"])
    def test_what_is_no_page_is_not_found(self, signed_in_client, number):
        assert signed_in_client.get(f"/tickets/?page={number}").status_code == 404

    @pytest.mark.parametrize("number", ["last", "3", "100001", "9" * 50])
    def test_beyond_the_end_is_the_last_page(self, signed_in_client, number):
        page = signed_in_client.get(f"/tickets/?q=o&page={number}", follow=True)

        assert page.redirect_chain == [("?q=o&page=1", 302)] or numbers(
            signed_in_client, f"?q=o&page={number}"
        )
        assert page.status_code == 200
        assert page.context["page_obj"].number == page.context["paginator"].num_pages

    def test_the_number_of_rows_is_said(self, signed_in_client):
        assert "4 Tickets" in " ".join(
            signed_in_client.get("/tickets/").content.decode().split()
        )
        assert "1 Ticket " in " ".join(
            signed_in_client.get("/tickets/?q=garden").content.decode().split()
        )

    def test_a_page_with_everything_is_one_call(self, signed_in_client, directus):
        signed_in_client.get("/tickets/")
        directus.forget_calls()

        signed_in_client.get("/tickets/?q=boat+1&status=open&sort=subject&page=1")

        assert [call.path for call in directus.calls] == ["/items/tickets"]

    def test_only_values_of_the_address_reach_directus(
        self, signed_in_client, directus
    ):
        signed_in_client.get("/tickets/")
        directus.forget_calls()

        signed_in_client.get(
            "/tickets/?filter=zz&fields=zz&search=zz&zz=1&sort=zz&limit=zz&status=zz"
            "&number__zz=1&owner=zz&secret=zz&q=value"
        )

        (call,) = directus.calls
        rule = json.loads(call.query["filter"])
        assert "zz" not in str(call.query)
        assert rule["_and"][1:] == [{"_or": [{"subject": {"_icontains": "value"}}]}]
        assert call.query["sort"] == "-date_created,id"


def test_nothing_yet_offers_to_begin(signed_in_client):
    page = signed_in_client.get("/tickets/").content.decode()

    assert "Nothing here yet." in page
    assert "/tickets/new/" in page
    assert 'role="search"' not in page


@pytest.mark.usefixtures("rows")
def test_no_match_offers_to_clear_the_filters(signed_in_client):
    page = signed_in_client.get("/tickets/?q=nowhere").content.decode()

    assert "Nothing matches your search." in page
    assert "Clear filters" in page
    assert 'value="nowhere"' in page


def test_a_field_named_like_a_parameter_has_another_one(
    signed_in_client, directus, tickets, monkeypatch, ada
):
    from .shop import TicketList

    tickets.fields["page"] = tickets.fields["is_urgent"] | {"field": "page"}
    tickets.rights = {a: may | {"page"} for a, may in tickets.rights.items()}
    monkeypatch.setattr(TicketList, "filter_fields", ("page", "gone"))
    directus.add_item("tickets", owner=ada.id, number=1, page=True)
    directus.add_item("tickets", owner=ada.id, number=2, page=False)

    assert numbers(signed_in_client, "?page=1&page_=yes") == [1]


def test_values_of_visitors_are_escaped(signed_in_client, directus, ada):
    directus.add_item("tickets", owner=ada.id, subject="<b>x", status="<i>y")

    page = signed_in_client.get("/tickets/?q=%22%3E%3Cb%3E").content.decode()
    page += signed_in_client.get("/tickets/").content.decode()

    assert "<b>" not in page
    assert "<i>" not in page


def test_an_outage_is_a_page(signed_in_client, directus):
    signed_in_client.get("/tickets/")
    directus.is_down()

    assert signed_in_client.get("/tickets/?q=x").status_code == 503


@pytest.mark.parametrize("most", [2, 100])
def test_a_limit_of_directus_makes_pages_shorter(
    signed_in_client, directus, ada, monkeypatch, most
):
    directus.state.query_limit_max = most
    monkeypatch.setattr(shop.TicketList, "paginate_by", 200)
    for number in range(most + 1):
        directus.add_item("tickets", owner=ada.id, subject=f"No {number}")

    pages = [signed_in_client.get(f"/tickets/?page={n}") for n in (1, 2)]

    assert [len(page.context["object_list"]) for page in pages] == [most, 1]
    assert pages[0].context["paginator"].num_pages == 2
