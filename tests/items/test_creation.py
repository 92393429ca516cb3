"""A form for a new row makes one row, of the customer, and loses nothing."""

import threading
from datetime import UTC, datetime

import pytest
import requests
from django.db import connection
from django.test import Client

from accounts.own_data import once
from items.sent_forms import SentForm

from . import shop
from .pages import inputs, opened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("token")]
NEW = "/tickets/new/"


def path_of(row):
    return f"/tickets/{row['id']}/"


def test_after_creation_the_new_row_is_shown_with_a_message(signed_in_client, directus):
    form = opened(signed_in_client, NEW, subject="Help")

    page = signed_in_client.post(NEW, form, follow=True)

    (row,) = directus.items_of("tickets")
    assert page.redirect_chain == [(path_of(row), 302)]
    assert "Saved." in page.content.decode()


def test_a_second_click_leads_to_the_same_row(signed_in_client, directus):
    form = opened(signed_in_client, NEW, subject="Help")
    signed_in_client.post(NEW, form)

    answer = signed_in_client.post(NEW, form)

    (row,) = directus.items_of("tickets")
    assert answer["Location"] == path_of(row)


def test_a_form_that_was_changed_after_it_was_sent_is_kept(signed_in_client, directus):
    form = opened(signed_in_client, NEW, subject="Help")
    signed_in_client.post(NEW, form)

    page = signed_in_client.post(NEW, form | {"subject": "Another"})

    assert page.status_code == 200
    assert "This form was sent before." in page.content.decode()
    assert inputs(page)["subject"] == ["Another"]
    assert len(directus.items_of("tickets")) == 1
    signed_in_client.post(NEW, inputs(page))
    assert len(directus.items_of("tickets")) == 2


def test_a_form_without_its_id_makes_a_row(signed_in_client, directus):
    for _ in range(2):
        signed_in_client.post(NEW, {"subject": "Help", "sent-form": "forged"})

    assert len(directus.items_of("tickets")) == 2


def test_after_a_lost_answer_the_row_is_found(signed_in_client, directus):
    form = opened(signed_in_client, NEW, subject="Help", description="One\nTwo")
    directus.loses_answer("/items/tickets", method="POST")

    page = signed_in_client.post(NEW, form)

    assert page.status_code == 503
    assert inputs(page)["description"] == ["One\nTwo"]
    assert "is not made twice" in page.content.decode()
    answer = signed_in_client.post(NEW, inputs(page))
    (row,) = directus.items_of("tickets")
    assert answer["Location"] == path_of(row)


def test_after_a_lost_answer_a_row_that_points_at_another_is_found(
    signed_in_client, directus, monkeypatch
):
    names = [*shop.tickets.read_fields, "product"]
    monkeypatch.setitem(vars(shop.tickets), "read_fields", names)
    boat = directus.add_item("products", name="Boat")
    form = opened(signed_in_client, NEW, subject="Help", product=boat)
    directus.loses_answer("/items/tickets", method="POST")

    page = signed_in_client.post(NEW, form)
    sent = inputs(page) | {"product": boat}
    answer = signed_in_client.post(NEW, sent)

    (row,) = directus.items_of("tickets")
    assert (row["product"], answer["Location"]) == (boat, path_of(row))
    assert signed_in_client.post(NEW, form)["Location"] == path_of(row)


def test_a_row_that_points_at_another_one_is_not_taken_for_the_new_one(
    signed_in_client, directus, monkeypatch
):
    names = [*shop.tickets.read_fields, "product"]
    monkeypatch.setitem(vars(shop.tickets), "read_fields", names)
    boat, ship = (directus.add_item("products", name=n) for n in ("Boat", "Ship"))
    form = opened(signed_in_client, NEW, subject="Help", product=boat)
    signed_in_client.post(NEW, form)

    page = signed_in_client.post(NEW, form | {"product": ship})

    assert "This form was sent before." in page.content.decode()


def test_after_a_call_that_was_not_done_the_row_is_made(signed_in_client, directus):
    form = opened(signed_in_client, NEW, subject="Help")
    directus.fails(requests.ReadTimeout("late"), "/items/tickets")

    page = signed_in_client.post(NEW, form)
    signed_in_client.post(NEW, inputs(page))

    assert page.status_code == 503
    assert len(directus.items_of("tickets")) == 1


def test_a_row_of_last_week_is_not_taken_for_the_new_one(
    signed_in_client, directus, ada
):
    old = datetime(2020, 1, 1, tzinfo=UTC).isoformat()
    directus.add_item("tickets", owner=ada.id, subject="Help", date_created=old)
    form = opened(signed_in_client, NEW, subject="Help")
    directus.fails(requests.ReadTimeout("late"), "/items/tickets")

    page = signed_in_client.post(NEW, form)
    signed_in_client.post(NEW, inputs(page))

    assert len(directus.items_of("tickets")) == 2


def test_in_an_outage_what_was_typed_is_kept(signed_in_client, directus):
    form = opened(signed_in_client, NEW, subject="Help", description="x" * 300)
    directus.is_down()

    page = signed_in_client.post(NEW, form)

    assert page.status_code == 503
    assert inputs(page) == {name: sent_list(text) for name, text in form.items()}


def sent_list(text):
    return text if isinstance(text, list) else [text]


def test_above_a_limit_of_directus_what_was_typed_is_kept(signed_in_client, directus):
    form = opened(signed_in_client, NEW, subject="Help")
    error = {"errors": [{"message": "x", "extensions": {"code": "REQUESTS_EXCEEDED"}}]}
    directus.answers(429, error, path="/items/tickets", method="POST")

    page = signed_in_client.post(NEW, form)

    assert page.status_code == 429
    assert inputs(page)["subject"] == ["Help"]
    signed_in_client.post(NEW, inputs(page))
    assert len(directus.items_of("tickets")) == 1


def test_a_refused_form_can_be_sent_again(signed_in_client, directus, tickets):
    tickets.fields["subject"]["meta"]["validation"] = {"_regex": "^A"}
    form = opened(signed_in_client, NEW, subject="Help")

    page = signed_in_client.post(NEW, form)

    assert page.status_code == 200
    assert page.context["form"].errors.keys() == {"subject"}
    signed_in_client.post(NEW, inputs(page) | {"subject": "Ask"})
    assert [row["subject"] for row in directus.items_of("tickets")] == ["Ask"]


def test_a_long_japanese_text_fits(signed_in_client, directus):
    form = opened(signed_in_client, NEW, subject="長文", description="あ" * 10_000)

    signed_in_client.post(NEW, form)

    assert directus.items_of("tickets")[0]["description"] == "あ" * 10_000


def test_the_end_of_the_session_is_said(signed_in_client):
    form = opened(signed_in_client, NEW, subject="Help")
    signed_in_client.session.flush()

    page = signed_in_client.post(NEW, form, follow=True)

    assert "Your last change wasn&#x27;t saved." in page.content.decode()
    assert page.redirect_chain[0][0].startswith("/login/?next=/tickets/new/")


@pytest.mark.django_db(transaction=True)
def test_forms_sent_at_the_same_time_make_one_row(signed_in_client, directus):
    form = opened(signed_in_client, NEW, subject="Help")
    directus.takes(0.3, "/items/tickets")
    answers = []

    def send():
        browser = Client()
        browser.cookies = signed_in_client.cookies
        answers.append(browser.post(NEW, form))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (row,) = directus.items_of("tickets")
    assert {answer.status_code for answer in answers} <= {302, 503}
    to = {answer["Location"] for answer in answers if answer.status_code == 302}
    assert to == {path_of(row)}


def test_while_the_first_form_is_at_work_the_second_is_kept(signed_in_client, directus):
    form = opened(signed_in_client, NEW, subject="Help")
    request = signed_in_client.get(NEW).wsgi_request
    sent = SentForm.read(form["sent-form"][0])
    assert once(request, f"tickets:{sent.id}").is_first()

    page = signed_in_client.post(NEW, form)

    assert page.status_code == 503
    assert inputs(page)["sent-form"] == form["sent-form"]
    assert directus.items_of("tickets") == []


def test_the_owner_is_named_in_the_call(signed_in_client, directus, ada):
    signed_in_client.post(NEW, opened(signed_in_client, NEW, subject="Help"))

    call = next(call for call in directus.calls if call.method == "POST")
    assert call.body["owner"] == ada.id


def test_without_the_right_to_the_owner_the_set_up_is_wrong(
    signed_in_client, directus, tickets, token, caplog
):
    if token == "site":
        pytest.skip("the site may write every field")
    tickets.rights["create"] -= {"owner"}
    form = opened(signed_in_client, NEW, subject="Help")

    page = signed_in_client.post(NEW, form)

    assert page.status_code == 503
    assert inputs(page)["subject"] == ["Help"]
    assert "Directus does not do what a form is for" in caplog.text
