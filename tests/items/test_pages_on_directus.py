"""The pages of a collection on a real Directus."""

import pytest

pytestmark = [pytest.mark.real, pytest.mark.versions, pytest.mark.django_db]


@pytest.fixture
def ada(make_customer):
    """A customer."""
    return make_customer()


@pytest.fixture
def browser(real_shop, sign_in, ada):
    """A browser in which Ada has signed in."""
    return sign_in(ada)


def test_a_row_is_made_read_changed_and_deleted(browser, real_shop, ada):
    product = real_shop.add_item("products", name="Engine")

    form = {"subject": "Help", "product": product}
    made = browser.post("/tickets/new/", form)
    (row,) = real_shop.items_of("tickets")
    assert made["Location"] == f"/tickets/{row['id']}/"
    assert (row["owner"], row["subject"]) == (ada.id, "Help")

    assert "Help" in browser.get("/tickets/").content.decode()
    assert "Help" in browser.get(made["Location"]).content.decode()
    browser.post(f"{made['Location']}edit/", {"subject": "Done"})
    assert real_shop.items_of("tickets")[0]["subject"] == "Done"
    browser.post(f"{made['Location']}delete/")
    assert real_shop.items_of("tickets") == []
