"""Limits, known browsers and sessions after a change of the address."""

import pytest
from django.db.models import QuerySet
from django.test import Client

from accounts.core import audit
from accounts.models import Attempts, SignUp, User
from accounts.throttling import attempts
from accounts.throttling.limits import ACCOUNT_FAILURES, Attempt

from ...account_pages import confirm_email
from ...steps import log_in, open_link, sign_up
from .mails import NEW, OLD, asked

pytestmark = pytest.mark.django_db


def test_failures_count_for_the_account_whatever_its_address(opened, directus, ada):
    stranger = Client()
    for _ in range(5):
        log_in(stranger, OLD, "wrong", REMOTE_ADDR="192.0.2.9")

    confirm_email(opened)

    response = log_in(stranger, NEW, ada.password, REMOTE_ADDR="192.0.2.10")
    assert response.status_code == 429
    assert not Attempts.objects.filter(
        pk=ACCOUNT_FAILURES.key(audit.email_digest(OLD))
    ).exists()


def test_failures_of_the_new_address_stay_where_there_are_no_others(db):
    Attempt(ACCOUNT_FAILURES, audit.email_digest(NEW)).take()

    attempts.follow_address(OLD, NEW)

    assert Attempts.objects.get().count == 1


def test_an_attempt_that_is_counted_meanwhile_undoes_no_change(
    opened, directus, ada, monkeypatch
):
    """The new address gets a count between the two statements, as in a race."""
    for _ in range(2):
        log_in(Client(), OLD, "wrong", REMOTE_ADDR="192.0.2.9")
    delete, races = QuerySet.delete, [1, 1, 1, 1]

    def delete_and_count(rows):
        deleted = delete(rows)
        if rows.model is Attempts and races:
            races.pop()
            Attempt(ACCOUNT_FAILURES, audit.email_digest(NEW)).take()
        return deleted

    monkeypatch.setattr(QuerySet, "delete", delete_and_count)

    assert confirm_email(opened).status_code == 302

    assert User.objects.get().email == NEW
    assert not User.objects.get().sessions.exists()


def test_a_known_browser_stays_known(here, directus, ada):
    open_link(here, asked(here))
    confirm_email(here)
    stranger = Client()
    for _ in range(5):
        log_in(stranger, NEW, "wrong", REMOTE_ADDR="192.0.2.9")

    assert log_in(here, NEW, ada.password).status_code == 302


def test_a_browser_that_only_confirms_does_not_become_known(here):
    browser = Client()
    open_link(browser, asked(here))

    confirm_email(browser)

    assert "device" not in browser.cookies


def test_what_strangers_typed_at_sign_up_is_forgotten(opened, directus, ada):
    digest = audit.email_digest(NEW)
    SignUp.objects.create(email_digest=digest, count=2)

    confirm_email(opened)

    assert not SignUp.objects.filter(pk=digest).exists()


def test_the_old_address_can_be_another_users(opened, directus, ada):
    confirm_email(opened)
    visitor = Client()
    sign_up(visitor, OLD)
    open_link(visitor, directus.last_link(OLD))
    visitor.post("/verify-email/")

    assert log_in(visitor, OLD, "correct horse battery").url == "/"
    assert User.objects.count() == 2
    assert User.objects.get(directus_id=ada.id).email == NEW


def test_another_users_session_in_the_confirming_browser_stays(here, grace, sign_in):
    browser = sign_in(grace, Client())
    open_link(browser, asked(here))

    confirm_email(browser)

    assert browser.get("/").status_code == 200
    assert here.get("/").status_code == 302
