"""Rows are made once, changed and deleted on a real Directus."""

import threading

import pytest
from django.db import connection
from django.test import Client

from accounts.directus import DirectusClient, DirectusUnavailable
from tests.browser.conftest import until

from .pages import inputs, opened

pytestmark = [
    pytest.mark.real,
    pytest.mark.versions,
    pytest.mark.django_db(transaction=True),
]
NEW = "/tickets/new/"


@pytest.fixture
def ada(make_customer):
    """A customer."""
    return make_customer()


@pytest.fixture
def browser(real_shop, sign_in, ada):
    """A browser in which Ada has signed in."""
    return sign_in(ada)


@pytest.fixture
def other_browser(browser, sign_in, ada):
    """Another one of hers."""
    return sign_in(ada, Client())


def only_row(shop):
    (row,) = shop.items_of("tickets")
    return row


def test_two_browsers_change_the_same_row(browser, other_browser, real_shop, ada):
    pk = real_shop.add_item("tickets", owner=ada.id, subject="Old", description="Text")
    edit = f"/tickets/{pk}/edit/"
    for number in range(2):
        # The first time it was never changed before.
        mine = opened(browser, edit, subject=f"Mine {number}", description="Mine, too")
        theirs = opened(other_browser, edit, subject=f"Theirs {number}")
        assert other_browser.post(edit, theirs).status_code == 302

        page = browser.post(edit, mine)

        assert page.status_code == 409
        assert f"Theirs {number}" in page.content.decode()
        assert only_row(real_shop)["subject"] == f"Theirs {number}"
        choice = {"choose-subject": "mine"}
        assert browser.post(edit, inputs(page) | choice).status_code == 302
        assert only_row(real_shop)["subject"] == f"Mine {number}"
        assert only_row(real_shop)["description"] == "Mine, too"


def test_changes_of_different_fields_are_both_kept(
    browser, other_browser, real_shop, ada
):
    pk = real_shop.add_item("tickets", owner=ada.id, subject="Old", description="Text")
    edit = f"/tickets/{pk}/edit/"
    mine = opened(browser, edit, subject="Mine")
    other_browser.post(edit, opened(other_browser, edit, description="Theirs"))

    assert browser.post(edit, mine).status_code == 302

    row = only_row(real_shop)
    assert (row["subject"], row["description"]) == ("Mine", "Theirs")


def test_a_row_is_deleted_twice(browser, other_browser, real_shop, ada):
    pk = real_shop.add_item("tickets", owner=ada.id, subject="Old")

    first = browser.post(f"/tickets/{pk}/delete/", follow=True)
    second = other_browser.post(f"/tickets/{pk}/delete/", follow=True)

    assert "Deleted: " in first.content.decode()
    assert "This was already deleted." in second.content.decode()


def test_selected_rows_are_deleted_and_no_others(
    browser, real_shop, ada, make_customer
):
    bob = make_customer()
    keys = [
        real_shop.add_item("tickets", owner=owner.id, subject="x")
        for owner in (ada, ada, bob)
    ]

    question = browser.post("/tickets/delete/", {"key": keys})
    answer = inputs(question) | {"key": keys}
    page = browser.post("/tickets/delete/", answer, follow=True)

    assert "2 entries deleted." in page.content.decode()
    assert only_row(real_shop)["id"] == keys[2]


def test_a_form_that_is_sent_four_times_at_once_makes_one_row(browser, real_shop):
    form = opened(browser, NEW, subject="Help")
    answers = []

    def send():
        tab = Client()
        tab.cookies = browser.cookies
        answers.append(tab.post(NEW, form))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    path = f"/tickets/{only_row(real_shop)['id']}/"
    assert {answer["Location"] for answer in answers if "Location" in answer} == {path}


def test_an_outage_in_the_middle_of_a_form_loses_nothing(
    browser, real_shop, ada, directus_server
):
    text = "長い文章" * 2500
    pk = real_shop.add_item("tickets", owner=ada.id, subject="Old")
    edit = f"/tickets/{pk}/edit/"
    new = opened(browser, NEW, subject="Help", description=text)
    change = opened(browser, edit, subject="Mine")
    directus_server.stop_directus()

    created, changed = browser.post(NEW, new), browser.post(edit, change)

    assert (created.status_code, changed.status_code) == (503, 503)
    assert inputs(created)["description"] == [text]
    assert inputs(changed)["subject"] == ["Mine"]
    directus_server.start_directus()
    # The client pauses after failures.
    until(lambda: browser.get(edit).status_code == 200)
    assert browser.post(NEW, inputs(created)).status_code == 302
    assert browser.post(edit, inputs(changed)).status_code == 302
    rows = {row["subject"]: row["description"] for row in real_shop.items_of("tickets")}
    assert rows == {"Help": text, "Mine": None}


def test_a_lost_answer_makes_no_second_row(browser, real_shop, monkeypatch):
    create = DirectusClient.create_item

    def create_and_lose(*args, **kwargs):
        create(*args, **kwargs)
        raise DirectusUnavailable("late", timed_out=True)

    form = opened(browser, NEW, subject="Help", description="One\r\nTwo")
    monkeypatch.setattr(DirectusClient, "create_item", create_and_lose)
    page = browser.post(NEW, form)
    monkeypatch.undo()

    answer = browser.post(NEW, inputs(page))

    assert page.status_code == 503
    assert answer["Location"] == f"/tickets/{only_row(real_shop)['id']}/"
