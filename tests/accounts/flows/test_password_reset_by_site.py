"""A forgotten password, reset by the site's own link."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape

import pytest
import requests
from django.core import mail
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.core import audit, clients
from accounts.flows import mailed_links
from accounts.models import MailedLink, Session, SignUp, User

from ..canaries import NEW, everything_written, tokens_of
from ..steps import (
    NEW_PASSWORD,
    ask_reset,
    choose_password,
    log_in,
    open_link,
    sign_up,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("site_mails")]
DONE, UNSURE = "/reset-password/done/", "/reset-password/unsure/"
RESET = mailed_links.Purpose.PASSWORD_RESET


def mailed_link(to="ada@example.com"):
    """Return the link in the newest mail to an address."""
    letters = [letter for letter in mail.outbox if letter.to == [to]]
    (link,) = re.findall(r"http\S+token=\S+", letters[-1].body)
    return link


def asked(browser, email="ada@example.com"):
    """Ask for a link; return it."""
    assert ask_reset(browser, email).status_code == 302
    return mailed_link(email)


@pytest.fixture
def reset_page(client, directus, ada):
    """A browser on the page to choose a new password."""
    open_link(client, asked(client))
    directus.forget_calls()
    return client


def patches(directus):
    return [call for call in directus.calls if call.method == "PATCH"]


def test_the_mail_about_it_names_all_devices(reset_page):
    mail.outbox.clear()

    assert choose_password(reset_page).url == DONE

    (letter,) = mail.outbox
    assert letter.subject == "Your Directus site password was changed"
    html, _type = letter.alternatives[0]
    for text in (letter.body, unescape(html)):
        assert "You've been signed out on all devices." in text
        assert "other devices" not in text


# Request


def test_a_customer_gets_the_sites_link(client, ada, directus):
    link = asked(client)

    (letter,) = mail.outbox
    assert letter.to == [ada.email]
    assert link.startswith("http://testserver/reset-password/?token=")
    assert directus.mails == []
    directus.was_not_asked("/auth/password/request")


@pytest.mark.parametrize("status", ["unverified", "invited"])
def test_an_account_that_waits_gets_a_link_too(client, directus, status):
    directus.add_user("grace@example.com", status=status)

    assert asked(client, "grace@example.com")


@pytest.mark.parametrize("status", ["suspended", "archived", "draft"])
def test_an_account_that_is_shut_gets_no_mail(client, directus, status):
    directus.add_user("grace@example.com", status=status)

    assert ask_reset(client, "grace@example.com").status_code == 302

    assert mail.outbox == []
    assert directus.mails == []
    row = MailedLink.objects.get()
    assert (row.directus_id, row.email) == (None, "")


def test_an_unknown_address_gets_no_mail_and_is_not_kept(client, directus):
    assert ask_reset(client, "new@example.com").status_code == 302

    assert mail.outbox == []
    assert MailedLink.objects.get().email == ""


def test_two_accounts_with_one_address_get_no_mail(client, directus, ada, caplog):
    directus.state.users[ada.id].email = "Ada@example.com"
    twin = directus.add_user("other@example.com")
    twin.email = "ada@example.com"

    assert ask_reset(client).status_code == 302

    assert mail.outbox == []
    assert "several users with one address" in caplog.text


def test_the_mail_goes_to_the_address_that_directus_has(client, directus, ada):
    ada.email = "Ada@example.com"

    ask_reset(client, "ada@example.com")

    assert [letter.to for letter in mail.outbox] == [["Ada@example.com"]]


def test_a_providers_user_is_told_where_to_sign_in(client, directus, provider):
    directus.add_user("grace@example.com", provider="exampleid", password=None)

    ask_reset(client, "grace@example.com")

    (letter,) = mail.outbox
    assert "Example ID" in letter.body
    assert "token=" not in letter.body


@pytest.mark.parametrize("role", ["Administrator", "Editor"])
def test_staff_get_directus_own_mail(client, directus, role):
    directus.add_user("root@example.com", role=role)

    ask_reset(client, "root@example.com")

    assert mail.outbox == []
    assert [sent.to for sent in directus.mails] == ["root@example.com"]


def test_a_suspended_administrator_gets_none(client, directus):
    directus.add_user("root@example.com", role="Administrator", status="suspended")

    ask_reset(client, "root@example.com")

    assert mail.outbox == []
    assert directus.mails == []


def test_the_log_says_what_directus_lacks_to_mail_staff(client, directus, caplog):
    directus.add_user("root@example.com", role="Administrator")
    refusal = {"errors": [{"extensions": {"code": "INVALID_PAYLOAD"}}]}
    directus.answers(400, refusal, path="/auth/password/request")

    assert ask_reset(client, "root@example.com").status_code == 302

    assert "PASSWORD_RESET_URL_ALLOW_LIST" in caplog.text
    assert "http://testserver/reset-password/" in caplog.text
    assert "root@example.com" not in caplog.text


@pytest.mark.parametrize("email", ["ada@example.com", "new@example.com"])
def test_an_outage_is_told_and_makes_no_link(client, ada, directus, email):
    directus.is_down()

    page = ask_reset(client, email)

    assert page.status_code == 503
    assert f'value="{email}"' in page.text
    assert not MailedLink.objects.exists()
    directus.is_up()
    clients._transport.cache_clear()
    for _ in range(5):
        assert ask_reset(client, email).status_code == 302


def test_a_service_token_that_may_not_read_sends_nothing(client, ada, directus, caplog):
    refusal = {"errors": [{"extensions": {"code": "FORBIDDEN"}}]}
    directus.answers(403, refusal, path="/users")

    assert ask_reset(client).status_code == 503

    assert "service token" in caplog.text
    assert mail.outbox == []


# Reset


def test_the_walk_through_mail_and_link(reset_page, ada, directus, settings):
    response = choose_password(reset_page)

    assert response.url == DONE
    (patch,) = patches(directus)
    assert patch.token == settings.DIRECTUS_SERVICE_TOKEN
    assert patch.json["data"] == {"password": NEW_PASSWORD}
    assert mail.outbox[-1].subject == "Your Directus site password was changed"
    assert mail.outbox[-1].to == [ada.email]
    assert log_in(Client(), ada.email, NEW_PASSWORD).url == "/"


def test_the_page_tells_password_managers_whose_password_it_is(client, ada):
    page = open_link(client, asked(client))

    assert 'value="ada@example.com"' in page.text


def test_all_sessions_are_dead_afterwards(client, ada, sign_in, directus):
    elsewhere = sign_in(ada, Client())
    open_link(client, asked(client))

    choose_password(client)

    assert elsewhere.get("/").status_code == 302
    assert not Session.objects.exclude(user=None).exists()
    assert directus.sessions_of(ada) == []


def test_the_tokens_of_ended_sessions_are_revoked(client, ada, sign_in, directus):
    """Directus 10 ends no session after a new password."""
    sign_in(ada, Client())
    open_link(client, asked(client))
    directus.forget_calls()

    choose_password(client)

    directus.was_asked_once("/auth/logout")


@pytest.mark.parametrize("status", ["unverified", "invited"])
def test_a_reset_confirms_the_address(client, directus, status):
    """The password of a stranger who signed up with the address is replaced."""
    user = directus.add_user("grace@example.com", "Mallory's 1", status=status)
    SignUp.objects.create(pk=audit.email_digest(user.email), is_void=True)
    sign_up_link = mailed_links.make(
        mailed_links.Purpose.SIGN_UP, "s", user.email, user.id
    )
    open_link(client, asked(client, user.email))

    assert choose_password(client).url == DONE

    assert (user.status, user.password) == ("active", NEW_PASSWORD)
    assert log_in(Client(), user.email, NEW_PASSWORD).url == "/"
    assert log_in(Client(), user.email, "Mallory's 1").status_code == 200
    assert not SignUp.objects.exists()
    token = sign_up_link.partition("token=")[2]
    assert mailed_links.find(mailed_links.Purpose.SIGN_UP, token) is None


def test_a_link_works_once_in_any_browser(client, ada, directus):
    link = asked(client)
    browsers = Client(), Client()
    for browser in browsers:
        open_link(browser, link)

    answers = [choose_password(browser) for browser in browsers]

    assert answers[0].url == DONE
    assert answers[1].status_code == 400
    assert "This link is no longer valid" in answers[1].text
    assert len(patches(directus)) == 1
    assert "This link is no longer valid" in open_link(Client(), link).text


@pytest.mark.django_db(transaction=True)
def test_of_parallel_resets_one_writes(client, ada, directus):
    link = asked(client)
    browsers = [Client() for _ in range(4)]
    for browser in browsers:
        open_link(browser, link)

    def choose(number):
        try:
            return choose_password(browsers[number], f"{NEW_PASSWORD} {number}")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(page.status_code for page in pool.map(choose, range(4)))

    assert statuses == [302, 400, 400, 400]
    assert len(patches(directus)) == 1


def test_a_newer_link_voids_the_older_one(client, ada):
    older = asked(client)
    newer = asked(client)

    assert "no longer valid" in open_link(Client(), older).text
    open_link(client, newer)
    assert choose_password(client).url == DONE


def test_scanners_spend_no_link(client, ada, directus):
    link = asked(client)
    scanner = Client()
    for method in (scanner.get, scanner.head, scanner.options):
        method(link.removeprefix("http://testserver"))
        method("/reset-password/")
    open_link(scanner, link)
    assert patches(directus) == []

    open_link(client, link)
    assert choose_password(client).url == DONE


def test_a_link_expires(client, ada, directus):
    open_link(client, asked(client))
    MailedLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    directus.forget_calls()

    page = choose_password(client)

    assert page.status_code == 400
    assert "This link is no longer valid" in page.text
    assert "It may have expired or been used." in page.text
    assert 'href="/request-reset-password/"' in page.text
    directus.was_not_asked()


@pytest.mark.parametrize(
    "change",
    [
        {"email": "moved@example.com"},
        {"status": "suspended"},
        {"status": "archived"},
        {"role": "Administrator"},
        {"provider": "google"},
    ],
)
def test_an_account_that_has_changed_is_left_alone(reset_page, ada, directus, change):
    directus.change(ada, **change)

    page = choose_password(reset_page)

    assert page.status_code == 400
    assert "This link is no longer valid" in page.text
    assert patches(directus) == []
    assert ada.password != NEW_PASSWORD


@pytest.mark.parametrize(
    "change", [{"email": "moved@example.com"}, {"status": "suspended"}]
)
def test_an_account_that_changes_at_that_moment_is_left_alone(
    reset_page, ada, directus, change
):
    directus.is_late("/users", ada.email, lambda: directus.change(ada, **change))

    assert choose_password(reset_page).status_code == 400

    assert len(patches(directus)) == 1
    assert ada.password != NEW_PASSWORD


def test_a_deleted_account_has_no_valid_link(reset_page, ada, directus):
    directus.delete(ada)

    assert choose_password(reset_page).status_code == 400


def test_a_refused_password_keeps_the_link(reset_page, ada, directus):
    directus.state.password_policy = "/^never$/"
    refused = choose_password(reset_page)
    directus.state.password_policy = None

    assert refused.status_code == 200
    assert refused.context["form"].errors["new_password"]
    assert choose_password(reset_page).url == DONE


def test_an_outage_keeps_the_link(reset_page, ada, directus):
    directus.is_down()
    assert choose_password(reset_page).status_code == 503
    directus.is_up()
    clients._transport.cache_clear()

    assert choose_password(reset_page).url == DONE


def test_an_outage_before_the_write_is_none_of_unknown_result(
    reset_page, ada, directus
):
    directus.fails(requests.ReadTimeout("late"), "/users", times=9)

    assert choose_password(reset_page).status_code == 503


def test_a_lost_answer_is_told_and_keeps_the_link(reset_page, ada, directus):
    directus.loses_answer("/users", method="PATCH")

    page = choose_password(reset_page, follow=True)

    assert page.redirect_chain == [(UNSURE, 302)]
    assert ada.password == NEW_PASSWORD
    assert len(patches(directus)) == 1
    assert choose_password(reset_page, "another long password").url == DONE
    assert ada.password == "another long password"


@pytest.mark.parametrize(
    "rows", [[], [{"id": "x"}], [{"id": 1}, {"id": 2}], {}, None, "x"]
)
def test_an_odd_answer_is_no_success(reset_page, ada, directus, rows):
    directus.answers(200, {"data": rows}, path="/users", method="PATCH")

    page = choose_password(reset_page)

    assert page.status_code == 400 if rows == [] else page.url == UNSURE
    assert mail.outbox[-1].subject != "Your Directus site password was changed"


@pytest.mark.parametrize(
    ("status", "code"), [(401, "INVALID_CREDENTIALS"), (403, "FORBIDDEN")]
)
def test_a_refused_service_token_keeps_the_link(
    reset_page, ada, directus, caplog, status, code
):
    refusal = {"errors": [{"extensions": {"code": code}}]}
    directus.answers(status, refusal, path="/users", method="PATCH")

    assert choose_password(reset_page).status_code == 503

    assert "service token" in caplog.text
    assert choose_password(reset_page).url == DONE


def test_a_rush_keeps_the_link(reset_page, ada, directus):
    directus.answers(
        429, {"errors": []}, path="/users", method="PATCH", headers={"Retry-After": "2"}
    )

    assert choose_password(reset_page).status_code == 429
    assert choose_password(reset_page).url == DONE


def test_a_reset_cancels_a_deletion_and_voids_all_links(client, ada, sign_in):
    sign_in(ada, Client())
    user = User.objects.get()
    User.objects.update(delete_at=timezone.now() + timedelta(days=9))
    mailed_links.make("email_change", str(user.pk), "n@example.com", user.directus_id)
    open_link(client, asked(client))

    choose_password(client)

    assert User.objects.get().delete_at is None
    assert not MailedLink.objects.exists()


def test_links_of_directus_work_on_the_same_page(client, directus):
    root = directus.add_user("root@example.com", role="Administrator")
    ask_reset(client, root.email)
    open_link(client, directus.last_link(root.email))

    assert choose_password(client).url == DONE

    assert root.password == NEW_PASSWORD


def test_without_a_service_token_any_more_the_link_waits(reset_page, settings):
    settings.DIRECTUS_SERVICE_TOKEN = ""

    assert choose_password(reset_page).status_code == 503


@pytest.mark.parametrize("purpose", [p for p in mailed_links.Purpose if p != RESET])
def test_a_link_for_something_else_resets_no_password(client, ada, purpose):
    link = mailed_links.make(purpose, "s", ada.email, ada.id)
    token = link.partition("token=")[2]

    client.get("/reset-password/", {"token": token})

    assert choose_password(client).status_code == 400


def test_no_secret_is_written(visitor, directus, ada, canaries, log):
    open_link(visitor, asked(visitor))
    token = mailed_link().partition("token=")[2]
    mail.outbox.clear()
    directus.answers(403, {"errors": []}, path="/users", method="PATCH")
    choose_password(visitor, NEW)
    directus.state.password_policy = "/^never$/"
    choose_password(visitor, NEW)
    directus.state.password_policy = None
    directus.loses_answer("/users", method="PATCH")
    choose_password(visitor, NEW)
    choose_password(visitor, NEW)
    sign_up(visitor)
    ask_reset(visitor, "new@example.com")

    assert ada.password == NEW
    mail.outbox = [one for one in mail.outbox if "token=" not in one.body]
    canaries.secrets |= tokens_of(directus) | {token}
    written = everything_written(log, visitor)
    for place, text in written.items():
        assert not canaries.found_in(text), place
    assert ada.email not in written["log"]
