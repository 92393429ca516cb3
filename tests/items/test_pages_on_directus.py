"""The pages of a collection on a real Directus."""

import pytest

from tests.accounts.flows.deleting import days_pass, run

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


def test_a_copy_has_the_rows_and_a_deleted_account_has_none(
    her_browser, real_shop, ada, make_customer
):
    other = make_customer()
    for number in range(103):
        real_shop.add_item("tickets", owner=ada.id, subject=str(number), secret="s")
    real_shop.add_item("tickets", owner=other.id, subject="Theirs")

    held = her_browser.post("/account/export/").json()["apps"]["items"]["tickets"]
    assert len({row["id"] for row in held}) == 103
    assert not any("secret" in row for row in held)

    form = {"current_password": ada.password}
    assert her_browser.post("/account/delete/", form).status_code == 302
    days_pass()
    assert run()[1] == 0
    assert [row["subject"] for row in real_shop.items_of("tickets")] == ["Theirs"]
    assert real_shop.admin.find_user(ada.email) is None
