"""Another e-mail address: confirmed at the new one, told to the old one.

Controls C-ATO-4, C-ENUM-8, C-NOT-1.
"""

import re
from datetime import timedelta

import pytest
import requests
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import attempts, audit, email_change
from accounts.models import Attempts, EmailChange, Session, SignUp, User
from accounts.throttling import ACCOUNT_FAILURES, Attempt

from .account_pages import ask_email, change_password, confirm_email
from .flows import ask_reset, choose_password, let_pass, log_in, open_link, sign_up

pytestmark = pytest.mark.django_db

OLD, NEW = "ada@example.com", "new@example.com"
PATH = "/account/email/"


@pytest.fixture
def here(signed_in_client, service_token):
    """Ada's browser."""
    return signed_in_client


@pytest.fixture
def grace(directus):
    """Somebody else, who has an account."""
    return directus.add_user("grace@example.com", "Grace's secret 1906")


def link_in_mail(to=NEW):
    """Return the link in the only mail to an address."""
    (letter,) = [letter for letter in mail.outbox if letter.to == [to]]
    (link,) = re.findall(r"http\S+token=\S+", letter.body)
    return link


def asked(here):
    """Ask for the new address; return the link."""
    assert ask_email(here).status_code == 302
    return link_in_mail()


def patches(directus):
    return [call for call in directus.calls if call.method == "PATCH"]


# Asking


def test_asking_changes_nothing_and_says_what_happens(here, directus, ada):
    response = ask_email(here)

    assert (response.status_code, response.url) == (302, PATH)
    page = here.get(PATH).text
    assert "We have sent a mail to the new address." in page
    assert "<strong>new@example.com</strong> is not confirmed yet" in page
    assert ada.email == OLD
    assert patches(directus) == []


def test_the_new_address_gets_a_link_and_the_old_one_a_notice(here):
    ask_email(here)

    to_new, to_old = mail.outbox
    assert (to_new.to, to_old.to) == ([NEW], [OLD])
    assert "http://testserver/account/email/confirm/?token=" in to_new.body
    assert OLD not in to_new.body
    assert "token=" not in to_old.body
    assert NEW not in to_old.body
    assert "127.0.0.1" in to_old.body


def test_only_a_digest_of_the_token_is_kept(here):
    token = asked(here).partition("token=")[2]

    row = EmailChange.objects.get()
    assert len(token) >= 43
    assert token not in str(vars(row))
    assert (row.old_email, row.new_email) == (OLD, NEW)


def test_a_taken_address_is_told_in_the_mail_to_it_alone(here, grace, directus):
    """Control C-ENUM-8: the same pages, calls, queries and mails."""
    seen = []
    for email in (NEW, grace.email):
        directus.forget_calls()
        mail.outbox.clear()
        EmailChange.objects.all().delete()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            response = ask_email(here, email)
        page = here.get(PATH).text.replace(email, "")
        page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)
        page = re.sub(r"before [^<]* UTC", "", page)
        calls = [(call.method, call.path) for call in directus.calls]
        mails = [letter.to == [email] for letter in mail.outbox]
        seen.append(
            (response.status_code, response.url, page, calls, mails, len(queries))
        )

    assert seen[0] == seen[1]
    assert "has an account already" in mail.outbox[0].body
    assert "token=" not in mail.outbox[0].body


def test_an_address_is_taken_in_whatever_letters(here, grace, directus):
    directus.change(grace, email="Grace@Example.com")

    ask_email(here, "grace@example.com")

    assert "has an account already" in mail.outbox[0].body


@pytest.mark.parametrize(
    ("email", "text"),
    [
        ("ADA@example.com", "This is your address already."),
        ("nonsense", "Enter a valid"),
        ("a@example.com,b@example.com", "Enter a valid"),
        ("m\u0131ke@example.com", "Enter a valid"),
        ("a" * 120 + "@example.com", "at most 128"),
        ("", "This field is required."),
    ],
)
def test_what_is_no_new_address_is_told_at_once(here, directus, email, text):
    response = ask_email(here, email)

    assert text in response.text
    assert mail.outbox == []
    directus.was_not_asked()


def test_an_account_may_ask_so_often(here, directus):
    for number in range(5):
        assert ask_email(here, f"new{number}@example.com").status_code == 302
    mail.outbox.clear()
    directus.forget_calls()

    response = ask_email(here)

    assert response.status_code == 429
    assert 'value="new@example.com"' in response.text
    assert mail.outbox == []
    directus.was_not_asked()
    let_pass(hours=1)
    assert ask_email(here).status_code == 302


def test_accounts_together_fill_nobodys_mailbox(here, directus, sign_in):
    for number in range(5):
        user = directus.add_user(f"u{number}@example.com", "Somebody's secret 1")
        assert ask_email(sign_in(user, Client())).status_code == 302

    assert ask_email(here).status_code == 429


def test_an_outage_uses_up_no_attempt(here, directus):
    directus.is_down()
    assert ask_email(here).status_code == 503

    counts = Attempts.objects.filter(key__contains="mail").values_list("count")
    assert list(counts) == [(0,), (0,), (0,)]


def test_without_a_service_token_the_page_says_what_to_grant(signed_in_client):
    page = signed_in_client.get(PATH).text

    assert "DIRECTUS_SERVICE_TOKEN" in page
    assert 'name="email"' not in page
    assert ask_email(signed_in_client).status_code == 503


def test_a_service_token_that_may_not_read_is_the_operators_to_mend(
    here, directus, caplog
):
    directus.answers(
        403, {"errors": [{"extensions": {"code": "FORBIDDEN"}}]}, path="/users"
    )

    assert ask_email(here).status_code == 503

    assert "service token" in caplog.text
    assert not EmailChange.objects.exists()


# Confirming


@pytest.fixture(params=["here", "elsewhere"])
def opened(request, here):
    """The browser in which the link was opened: Ada's, or one that knows nobody."""
    link = asked(here)
    browser = here if request.param == "here" else Client()
    page = open_link(browser, link)
    assert page.status_code == 200
    assert NEW in page.text
    mail.outbox.clear()
    return browser


def test_confirming_changes_the_address(opened, directus, ada, service_token):
    response = confirm_email(opened)

    assert (response.status_code, response.url) == (302, "/account/email/done/")
    assert ada.email == NEW
    (patch,) = patches(directus)
    assert (patch.token, patch.json) == (service_token, {"email": NEW})
    user = User.objects.get()
    assert user.email == NEW
    assert not EmailChange.objects.exists()
    assert "Your address is changed" in opened.get(response.url).text


def test_all_sessions_end_and_the_new_address_signs_in(opened, here, directus, ada):
    confirm_email(opened)

    assert not Session.objects.exclude(user=None).exists()
    assert directus.sessions_of(ada) == []
    assert here.get("/").status_code == 302
    assert log_in(here, NEW, ada.password).url == "/"
    assert log_in(Client(), OLD, ada.password).status_code == 200
    assert User.objects.count() == 1


def test_the_old_address_is_told(opened):
    """Control C-NOT-1."""
    confirm_email(opened)

    (letter,) = mail.outbox
    assert letter.to == [OLD]
    assert letter.subject == "Your e-mail address was changed"
    assert "127.0.0.1" in letter.body


def test_a_link_works_once(here, directus):
    link = asked(here)
    browser = Client()
    open_link(browser, link)
    confirm_email(browser)
    directus.forget_calls()

    open_link(browser, link)
    response = confirm_email(browser)

    assert response.status_code == 400
    assert "This link does not work" in response.text
    directus.was_not_asked()


def test_mail_scanners_spend_no_link(here, directus, ada):
    link = asked(here)
    scanner = Client()
    for method in (scanner.get, scanner.head, scanner.options):
        method(link.removeprefix("http://testserver"))
    open_link(scanner, link)
    assert ada.email == OLD

    open_link(here, link)
    assert confirm_email(here).status_code == 302


def test_the_token_leaves_the_address_of_the_page(here):
    path = asked(here).removeprefix("http://testserver")

    landing = Client().get(path)

    assert landing.url == "/account/email/confirm/"
    assert landing["Referrer-Policy"] == "no-referrer"
    assert "no-store" in landing["Cache-Control"]


def test_a_link_ends_after_a_day(opened, ada):
    past = timezone.now() - timedelta(seconds=1)
    EmailChange.objects.update(expires_at=past)

    assert confirm_email(opened).status_code == 400

    assert ada.email == OLD
    call_command("clearsessions")
    assert not EmailChange.objects.exists()


def test_a_newer_link_replaces_the_older(here, ada):
    older = asked(here)
    ask_email(here, "newer@example.com")
    browser = Client()

    open_link(browser, older)

    assert confirm_email(browser).status_code == 400
    assert ada.email == OLD


def test_a_new_password_voids_the_link(here, opened, ada):
    change_password(here)

    assert confirm_email(opened).status_code == 400
    assert ada.email == OLD


def test_a_new_password_by_mail_voids_the_link_and_is_told(here, directus, ada):
    browser = Client()
    open_link(browser, asked(here))
    ask_reset(here)
    owner = Client()
    open_link(owner, directus.last_link(OLD))
    mail.outbox.clear()

    choose_password(owner)

    assert confirm_email(browser).status_code == 400
    assert [letter.subject for letter in mail.outbox] == ["Your password was changed"]
    assert mail.outbox[0].to == [OLD]


def test_a_link_is_bound_to_the_address_it_began_from(opened, directus, ada):
    directus.change(ada, email="third@example.com")

    assert confirm_email(opened).status_code == 400
    assert ada.email == "third@example.com"


@pytest.mark.parametrize("status", ["suspended", "archived"])
def test_who_is_not_active_confirms_nothing(opened, directus, ada, status):
    directus.change(ada, status=status)

    assert confirm_email(opened).status_code == 400
    assert ada.email == OLD


@pytest.mark.parametrize("token", ["", "x", "\x00", "a.b.c", "é", "x" * 5000])
def test_any_other_token_is_refused(client, db, token):
    client.get("/account/email/confirm/", {"token": token})

    assert confirm_email(client).status_code == 400


def test_an_address_that_was_taken_meanwhile_is_told_neutrally(opened, directus, ada):
    directus.add_user(NEW, "The other's secret 1")

    response = confirm_email(opened)

    assert response.status_code == 400
    assert "This link does not work" in response.text
    assert ada.email == OLD
    assert User.objects.get().email == OLD
    assert mail.outbox == []


def test_an_outage_leaves_the_link_good(opened, directus, ada):
    directus.is_down()
    assert confirm_email(opened).status_code == 503
    directus.is_up()

    assert confirm_email(opened).status_code == 302
    assert ada.email == NEW


def test_a_refusal_to_write_leaves_the_link_good(opened, directus, ada, caplog):
    refusal = {"errors": [{"extensions": {"code": "FORBIDDEN"}}]}
    directus.answers(403, refusal, path=f"/users/{ada.id}")
    assert confirm_email(opened).status_code == 503
    assert "service token" in caplog.text

    assert confirm_email(opened).status_code == 302


def test_a_lost_answer_is_made_good_by_the_next_try(opened, here, directus, ada):
    real = directus._answer_or_trouble

    def lose(asked, special):
        answer = real(asked, special)
        if asked.method == "PATCH":
            raise requests.ReadTimeout("lost")
        return answer

    directus._answer_or_trouble = lose
    assert confirm_email(opened).status_code == 503
    assert ada.email == NEW
    directus._answer_or_trouble = real
    directus.forget_calls()

    assert confirm_email(opened).status_code == 302

    assert patches(directus) == []
    assert User.objects.get().email == NEW
    assert [letter.to for letter in mail.outbox] == [[OLD]]


def test_two_confirmations_at_once_change_it_once(here, directus, monkeypatch):
    token = asked(here).partition("token=")[2]
    first = email_change.find(token)
    monkeypatch.setattr(email_change, "find", lambda token: first)
    browser = Client()
    open_link(browser, link_in_mail())
    confirm_email(browser)
    other = Client()
    open_link(other, link_in_mail())

    assert confirm_email(other).status_code == 400


# What follows the new address


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


def test_the_old_address_can_be_somebody_elses(opened, directus, ada):
    confirm_email(opened)
    visitor = Client()
    sign_up(visitor, OLD)
    open_link(visitor, directus.last_link(OLD))
    visitor.post("/verify-email/")

    assert log_in(visitor, OLD, "correct horse battery").url == "/"
    assert User.objects.count() == 2
    assert User.objects.get(directus_id=ada.id).email == NEW


def test_somebody_elses_session_in_the_confirming_browser_stays(here, grace, sign_in):
    browser = sign_in(grace, Client())
    open_link(browser, asked(here))

    confirm_email(browser)

    assert browser.get("/").status_code == 200
    assert here.get("/").status_code == 302
