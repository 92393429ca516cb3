"""A form with some twenty types of fields, sent to a real Directus and read back."""

import pytest
from django.utils import translation

from tests.stack import is_on_postgresql

from .twenty import collections

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.real,
    pytest.mark.versions,
]

TYPED = {
    "subject": "<b>Engine</b>",
    "notes": "One\r\nTwo",
    "reply": "**Bold** <script>alert(1)</script>",
    "amount": "7",
    "large": "-9007199254740991",
    "ratio": "0.125",
    "price": "12345678.90",
    "level": "5",
    "is_urgent": "on",
    "day": "1815-12-10",
    "at": "23:59:58",
    "meeting": "2026-02-28T23:00",
    "seen": "2026-07-01T12:00",
    "state": "o",
    "reason": "日本語",
    "size": "l",
    "words": 'one, "two, three"',
    "sizes": ["s", "l"],
    "codes": ["o"],
    "reference": "6F9619FF-8B86-D011-B42D-00CF4FC964FF",
    "colour": "#ff0000",
}
# As Directus has them in SQLite; PostgreSQL's large numbers are texts.
STORED = {
    "subject": "<b>Engine</b>",
    "notes": "One\nTwo",
    "amount": 7,
    "large": -9007199254740991,
    "ratio": 0.125,
    "price": 12345678.9,
    "level": 5,
    "is_urgent": 1,
    "day": "1815-12-10",
    "at": "23:59:58",
    "meeting": "2026-02-28T23:00:00",
    "seen": "2026-07-01T12:00:00.000Z",
    "state": "o",
    "reason": "日本語",
    "words": ["one", "two, three"],
    "sizes": ["s", "l"],
    "codes": ["o"],
    "reference": "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
    "colour": "#ff0000",
}


@pytest.fixture(scope="module")
def parts(directus_server):
    with collections(directus_server) as keys:
        yield keys


@pytest.fixture
def customer_site(client, settings, directus_server, parts, make_customer):
    """A browser in which a customer has signed in."""
    settings.ROOT_URLCONF = "tests.on_directus.twenty"
    settings.DIRECTUS_URL = directus_server.directus.url
    settings.DIRECTUS_SERVICE_TOKEN = directus_server.service_token
    client.customer = make_customer()
    data = {"email": client.customer.email, "password": client.customer.password}
    assert client.post("/login/", data).status_code == 302
    return client


def created(customer_site, **values):
    answer = customer_site.post("/samples/new/", TYPED | values)
    assert answer.status_code == 302, answer.context["form"].errors
    return answer["Location"]


def row_at(stack, address):
    return stack.admin.call("GET", f"/items/samples/{address.split('/')[2]}")


def test_what_is_typed_is_stored_shown_and_offered_again(
    customer_site, directus_server, parts
):
    address = created(customer_site, part=str(parts[0]))

    row = row_at(directus_server, address)
    numbers = {name: float(row[name]) for name in ("large", "price")}
    assert {name: (row | numbers)[name] for name in STORED} == STORED
    assert row["part"] == parts[0]
    assert row["owner"] == customer_site.customer.id
    page = customer_site.get(address).text
    for text in (
        *("&lt;b&gt;Engine&lt;/b&gt;", "<p>One<br>Two</p>", "<strong>Bold</strong>"),
        *("12345678.9", "Boiler (12.5", "10 December 1815", "Other"),
        "<li>two, three</li>",
    ):
        assert text in page, text
    assert "<script>alert" not in page
    form = customer_site.get(f"{address}edit/").context["form"]
    again = {name: form[name].value() for name in form.fields}
    assert again["part"] == str(parts[0])
    assert again["price"] == pytest.approx(again["price"].__class__("12345678.90"))
    assert customer_site.post(f"{address}edit/", TYPED | {"part": str(parts[0])})
    assert row_at(directus_server, address)["date_updated"] is None


def test_changes_are_stored(customer_site, directus_server, parts):
    address = created(customer_site, part=str(parts[0]))

    customer_site.post(
        f"{address}edit/",
        TYPED | {"is_urgent": "", "part": str(parts[1]), "day": "", "large": "1"},
    )

    row = row_at(directus_server, address)
    assert (bool(row["is_urgent"]), row["part"], row["day"]) == (False, parts[1], None)
    assert int(row["large"]) == 1


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("subject", ""),
        ("subject", "x" * 41),
        ("amount", "10"),
        ("amount", "abc"),
        ("level", "6"),
        ("large", "9007199254740993"),
        ("day", "31.31.2026"),
        ("state", "x"),
        ("sizes", ["x"]),
        ("reason", ""),
        ("reference", "abc"),
        ("part", "99999"),
        ("part", "99999999999"),
        ("part", "abc"),
        ("colour", "red"),
    ],
)
def test_a_value_that_no_database_may_get_is_refused_at_its_field(
    customer_site, name, typed
):
    page = customer_site.post("/samples/new/", TYPED | {name: typed})

    assert page.status_code == 200
    assert list(page.context["form"].errors) == [name]


@pytest.mark.parametrize("typed", ["1.234", "123456789.00"])
def test_a_decimal_has_the_places_of_its_column(customer_site, typed):
    page = customer_site.post("/samples/new/", TYPED | {"price": typed})

    # SQLite has no such columns, so Directus does not know how many places they have.
    assert page.status_code == (200 if is_on_postgresql() else 302)


def test_the_operators_message_is_shown(customer_site):
    page = customer_site.post("/samples/new/", TYPED | {"colour": "red"})

    assert page.context["form"].errors["colour"] == ["Begin with #."]


def test_related_rows_come_with_the_row(customer_site, directus_server):
    address = created(customer_site)
    pk = int(address.split("/")[2])
    for text in ("First reply", "Second reply"):
        body = {"text": text, "sample": pk}
        directus_server.admin.call("POST", "/items/replies", body)

    page = customer_site.get(address).text

    assert "<li>First reply</li><li>Second reply</li>" in page


def test_labels_are_in_the_language_of_the_page(customer_site):
    page = customer_site.get("/samples/new/", headers={"Accept-Language": "de"})

    assert page.context["form"]["subject"].label == "Betreff"
    with translation.override("de"):
        assert "Nicht" in page.text


def test_a_list_shows_labels(customer_site, parts):
    created(customer_site, part=str(parts[1]))

    page = customer_site.get("/samples/").text

    assert "Wheel (3" in page
    assert "Bold &lt;script&gt;" in page
