"""Odd answers of Directus to signed-in users: they get a page, never a 500.

Operators' Flows can answer with any status and code.
"""

import pytest
from django.core import mail
from django.test import Client

from accounts.models import MailedLink

from ..account_pages import ask_email, change_password, confirm_email
from ..flows.deleting import ask as ask_to_delete
from ..flows.email_change.mails import asked
from ..second_steps import OFF, SET_UP, begin, code_for, enrol, secret_on
from ..signed_in import make_old
from ..steps import let_pass, open_link

pytestmark = pytest.mark.django_db

CANARY = "canary-9c1e"
STATUSES = [404, 405, 409, 418, 422]


@pytest.fixture(params=STATUSES)
def odd(request, directus):
    """Return a function that makes Directus answer oddly at a path."""

    def answer(path, method=None):
        extensions = {"code": "ODD", "reason": CANARY}
        body = {"errors": [{"message": CANARY, "extensions": extensions}]}
        directus.answers(request.param, body, path=path, method=method, times=5)

    return answer


@pytest.fixture
def here(signed_in_client, service_token):
    """Ada's browser."""
    return signed_in_client


def assert_is_page(response, statuses=frozenset({200, 503})):
    assert response.status_code in statuses
    assert CANARY not in response.text


def test_a_profile_is_shown_again_with_what_was_typed(here, ada, odd):
    odd(f"/users/{ada.id}", "PATCH")

    page = here.post("/account/", {"first_name": "Augusta", "last_name": "King"})

    assert_is_page(page)
    assert 'value="Augusta"' in page.text
    assert ada.first_name == "Ada"
    assert here.get("/").status_code == 200


def test_a_password_is_not_changed(here, ada, odd):
    odd(f"/users/{ada.id}", "PATCH")

    assert_is_page(change_password(here))

    assert here.get("/").status_code == 200


def test_a_new_address_is_shown_again(here, odd):
    odd("/users")

    page = ask_email(here, "typed@example.com")

    assert_is_page(page)
    assert "typed@example.com" in page.text
    assert mail.outbox == []


def test_a_link_to_a_new_address_stays_good_or_is_refused(here, ada, odd):
    browser = Client()
    open_link(browser, asked(here))
    odd(f"/users/{ada.id}", "PATCH")

    page = confirm_email(browser)

    assert_is_page(page, {400, 503})
    assert MailedLink.objects.filter(used_at=None).exists() is (page.status_code == 503)
    assert ada.email == "ada@example.com"


def test_a_second_factor_is_not_switched_on(here, ada, odd):
    begin(here, ada.password)
    secret = secret_on(here.get(SET_UP))
    odd("/users/me/tfa/enable")

    assert_is_page(here.post(SET_UP, {"otp": code_for(secret)}))


def test_a_second_factor_is_not_switched_off(here, ada, odd):
    secret, _codes = enrol(here, ada)
    let_pass(minutes=5)
    odd("/users/me/tfa/disable")

    data = {"current_password": ada.password, "otp": code_for(secret)}
    assert_is_page(here.post(OFF, data))


def test_nothing_is_exported_by_halves(here, odd):
    odd("/users/me")

    assert_is_page(here.post("/account/export/"), {503})


def test_an_account_is_not_deleted_by_halves(here, ada, odd, settings):
    settings.ACCOUNT_DELETION_DAYS = 0
    odd(f"/users/{ada.id}", "DELETE")

    assert ask_to_delete(here).status_code == 302


def test_a_user_due_for_validation_goes_on(here, odd):
    make_old(here, minutes=2)
    odd("/users/me")

    assert_is_page(here.get("/account/"), {200})
