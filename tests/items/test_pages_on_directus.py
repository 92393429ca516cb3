"""The pages of a collection on a real Directus."""

import pytest

pytestmark = [pytest.mark.real, pytest.mark.versions, pytest.mark.django_db]


@pytest.fixture
def ada(make_customer):
    """A customer."""
    return make_customer()


@pytest.fixture
def her_browser(real_shop, sign_in, ada):
    """A browser in which Ada has signed in."""
    return sign_in(ada)


def test_a_row_is_made_read_changed_and_deleted(her_browser, real_shop, ada):
    product = real_shop.add_item("products", name="Engine")

    form = {"subject": "Help", "product": product}
    made = her_browser.post("/tickets/new/", form)
    (row,) = real_shop.items_of("tickets")
    assert made["Location"] == f"/tickets/{row['id']}/"
    assert (row["owner"], row["subject"]) == (ada.id, "Help")

    assert "Help" in her_browser.get("/tickets/").content.decode()
    assert "Help" in her_browser.get(made["Location"]).content.decode()
    her_browser.post(f"{made['Location']}edit/", {"subject": "Done"})
    assert real_shop.items_of("tickets")[0]["subject"] == "Done"
    her_browser.post(f"{made['Location']}delete/")
    assert real_shop.items_of("tickets") == []
