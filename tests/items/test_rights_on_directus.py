"""Rights on a row, and filters by related rows, on a real Directus."""

import pytest

pytestmark = [pytest.mark.real, pytest.mark.versions, pytest.mark.django_db]
OPEN = {"status": {"_eq": "open"}}


@pytest.fixture
def ada(make_customer):
    """A customer."""
    return make_customer()


@pytest.fixture
def browser(real_shop, sign_in, ada):
    """A browser in which Ada has signed in."""
    return sign_in(ada)


@pytest.mark.directus(10, 11)
def test_a_row_that_may_only_be_read_has_no_form(browser, real_shop, ada):
    answered, opened = (
        real_shop.add_item("tickets", owner=ada.id, subject="x", status=status)
        for status in ("answered", "open")
    )
    tells = real_shop.major > 10

    with real_shop.narrowed("tickets", "update", OPEN):
        for pk, may in ((answered, not tells), (opened, True)):
            page = browser.get(f"/tickets/{pk}/").text
            assert (f"/tickets/{pk}/edit/" in page) == may
            assert f"/tickets/{pk}/delete/" in page
        form = {"subject": "Changed"}
        codes = [
            browser.post(f"/tickets/{pk}/edit/", form).status_code
            for pk in (answered, opened)
        ]

    assert codes == [403, 302]
    subjects = {row["id"]: row["subject"] for row in real_shop.items_of("tickets")}
    assert subjects == {answered: "x", opened: "Changed"}


def test_a_list_is_filtered_by_a_related_row(
    browser, real_shop, ada, make_customer, monkeypatch
):
    monkeypatch.setattr("tests.items.shop.TicketList.filter_fields", ["product"])
    boat, sail = (real_shop.add_item("products", name=n) for n in ("Boat", "Sail"))
    for owner, product in ((ada, boat), (ada, sail), (make_customer(), boat)):
        values = {"owner": owner.id, "subject": f"On {product}", "product": product}
        real_shop.add_item("tickets", **values)

    page = browser.get(f"/tickets/?product={boat}")
    wrong = browser.get("/tickets/?product=999999")

    assert [item["subject"] for item in page.context["object_list"]] == [f"On {boat}"]
    choices = page.context["filter_form"].fields["product"].choices
    assert choices == [("", "All"), (str(boat), "Boat"), (str(sail), "Sail")]
    assert wrong.context["filter_form"].errors["product"]
