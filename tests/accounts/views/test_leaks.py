"""No secret leaves the site.

Every flow is walked with secrets that cannot be mistaken for anything else; then
everything that the site wrote is searched for them.
"""

from urllib.parse import quote

import pytest
import requests
from django.core import mail
from django.db import DatabaseError

from accounts import models
from accounts.directus import DirectusClient
from accounts.passwords import validation
from tests.fake_directus import one_time_code

from ..canaries import NEW, PASSWORD, WRONG_CODE, everything_written, tokens_of
from ..steps import (
    OTP_SECRET,
    ask_reset,
    choose_password,
    confirm,
    confirm_with_password,
    log_in,
    mailed_link,
    open_link,
    send_code,
    sign_up,
)

pytestmark = pytest.mark.django_db


def walk(visitor, directus):
    """Sign up, confirm, sign in with a code, sign out, reset; well and badly."""
    sign_up(visitor, "grace@example.com", PASSWORD)
    sign_up(visitor, "grace@example.com", PASSWORD + "x" * 200)
    open_link(visitor, directus.last_link("grace@example.com"))
    confirm(visitor)
    user = directus.state.find("grace@example.com")
    user.otp_secret = OTP_SECRET
    log_in(visitor, user.email, PASSWORD + " wrong")
    log_in(visitor, user.email, PASSWORD)
    send_code(visitor, WRONG_CODE)
    send_code(visitor, one_time_code(OTP_SECRET))
    visitor.get("/")
    visitor.post("/logout/")
    ask_reset(visitor, user.email)
    open_link(visitor, directus.last_link(user.email))
    choose_password(visitor, NEW, again=NEW + " not")
    choose_password(visitor, NEW)


def test_no_secret_is_written_anywhere(visitor, directus, canaries, log, service_token):
    walk(visitor, directus)

    canaries.secrets |= tokens_of(directus)
    assert visitor.pages[-1].status_code == 302
    assert len(canaries.secrets) > 8
    written = everything_written(log, visitor)
    assert "grace@example.com" in written["pages"]
    assert "sign_in.done" in written["log"]
    for place, text in written.items():
        assert not canaries.found_in(text), place


def test_no_secret_of_a_sign_up_by_site_is_written_anywhere(
    visitor, directus, canaries, log, site_mails, monkeypatch
):
    email = "grace@example.com"
    directus.state.password_policy = "/never|aA1!$/"
    monkeypatch.setattr(validation, "policy", lambda: "")
    sign_up(visitor, email, PASSWORD)
    sign_up(visitor, email, PASSWORD)
    links = [mailed_link(email)]
    visitor.post("/register/done/")
    links.append(mailed_link(email))
    open_link(visitor, links[-1])
    confirm_with_password(visitor, NEW)
    directus.state.password_policy = None
    directus.loses_answer("/users", method="PATCH")
    confirm_with_password(visitor, NEW)
    confirm_with_password(visitor, NEW, again=NEW + " not")
    confirm_with_password(visitor, NEW)

    assert directus.state.find(email).status == "active"
    canaries.secrets |= {link.partition("token=")[2] for link in links}
    written = everything_written(log, visitor)
    assert email not in written["log"]
    mails = written.pop("mails")
    assert not [secret for secret in (PASSWORD, NEW) if secret in mails]
    for place, text in written.items():
        assert not canaries.found_in(text), place


def test_a_policy_that_directus_enforces_alone_leaks_no_password(
    visitor, directus, canaries, log
):
    """Directus repeats a refused password in its answer."""
    directus.state.password_policy = "/^never$/"

    sign_up(visitor, password=PASSWORD)

    directus.was_asked_once("/users/register")
    for place, text in everything_written(log, visitor).items():
        assert not canaries.found_in(text), place


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectionError("refused"),
        requests.ReadTimeout("late"),
        requests.exceptions.SSLError("bad certificate"),
    ],
)
def test_no_secret_is_written_during_an_outage(
    visitor, directus, ada, canaries, log, error
):
    ask_reset(visitor, ada.email)
    open_link(visitor, directus.last_link(ada.email))
    directus.is_down(error)

    log_in(visitor, ada.email, PASSWORD)
    sign_up(visitor, password=PASSWORD)
    ask_reset(visitor)
    choose_password(visitor, NEW)

    canaries.secrets |= tokens_of(directus)
    for place, text in everything_written(log, visitor).items():
        assert not canaries.found_in(text), place


STEPS = {
    "login": lambda visitor, link: log_in(visitor, "ada@example.com", PASSWORD),
    "register_user": lambda visitor, link: sign_up(visitor, password=PASSWORD),
    "request_password_reset": lambda visitor, link: ask_reset(visitor),
    "verify_email": lambda visitor, link: confirm(visitor),
    "reset_password": lambda visitor, link: choose_password(visitor, NEW),
}


@pytest.mark.parametrize("method", STEPS)
@pytest.mark.parametrize("error", [RuntimeError("boom"), DatabaseError("boom")])
def test_a_view_that_fails_reports_no_secret(
    visitor, directus, ada, canaries, log, monkeypatch, method, error
):
    """The log, the page, and the mail with the report."""
    ask_reset(visitor, ada.email)
    open_link(visitor, directus.last_link(ada.email))
    sign_up(visitor, "grace@example.com", PASSWORD)
    open_link(visitor, directus.last_link("grace@example.com"))
    canaries.secrets |= tokens_of(directus)

    def fail(client, *args, **kwargs):
        secrets_of_a_frame = (args, kwargs)
        raise error from ValueError(len(secrets_of_a_frame))

    monkeypatch.setattr(DirectusClient, method, fail)
    response = STEPS[method](visitor, None)

    assert response.status_code == 500
    assert "boom" in log.getvalue()
    assert len(mail.outbox) == 1
    for place, text in everything_written(log, visitor).items():
        assert not canaries.found_in(text), place


def test_what_fails_before_a_view_reports_no_secret(
    visitor, directus, canaries, log, monkeypatch
):
    """No view has marked anything as sensitive yet."""
    monkeypatch.setattr(
        "accounts.middleware.DirectusMiddleware.process_view",
        lambda *args: 1 / 0,
    )

    log_in(visitor, "ada@example.com", PASSWORD)
    visitor.get("/reset-password/?token=" + PASSWORD)
    visitor.cookies["pending"] = PASSWORD
    sign_up(visitor, password=PASSWORD)

    assert [page.status_code for page in visitor.pages] == [500] * 3
    assert len(mail.outbox) == 3
    for place, text in everything_written(log, visitor).items():
        assert not canaries.found_in(text), place


def test_the_pending_password_is_in_no_row(client, directus, canaries):
    user = directus.add_user(password=PASSWORD, otp_secret=OTP_SECRET)
    log_in(client, user.email, PASSWORD)

    row = models.Session.objects.get()
    decoded = row.get_decoded()

    assert decoded["pending_sign_in"]["email"] == user.email
    assert not canaries.found_in(row.session_data + str(decoded))


# Links in mails


@pytest.fixture(params=["verify", "reset"])
def link(request, client, directus, ada):
    """A mailed link, and the path of its page."""
    if request.param == "verify":
        sign_up(client)
        return directus.last_link("new@example.com")
    ask_reset(client)
    return directus.last_link(ada.email)


def test_opening_a_link_takes_its_token_out_of_the_address(client, link):
    path, _, token = link.removeprefix("http://testserver").partition("?token=")

    landing = client.get(path, {"token": token})
    page = client.get(landing.url)

    assert (landing.status_code, landing.url) == (302, path)
    assert landing["Referrer-Policy"] == "no-referrer"
    assert "no-store" in landing["Cache-Control"]
    assert "no-store" in page["Cache-Control"]
    assert token not in page.text
    assert page["Referrer-Policy"] in {"no-referrer", "same-origin"}


def test_another_browser_has_nothing_of_an_opened_link(client, link):
    open_link(client, link)

    other = type(client)().get(link.partition("?")[0])

    assert other.status_code == 400


def test_mail_scanners_spend_no_link(client, directus, link):
    scanner = type(client)()
    directus.forget_calls()
    for method in (scanner.get, scanner.head, scanner.get, scanner.options):
        method(link.removeprefix("http://testserver"))
    open_link(scanner, link)

    directus.was_not_asked()
    open_link(client, link)
    done = confirm(client) if "verify" in link else choose_password(client)
    assert done.status_code == 302
    assert done.url.endswith("/done/")


def test_a_token_of_any_length_is_kept_or_refused(client, directus):
    for token in ("", "x", "x" * 3000, "\x00", "a.b.c", "a" * 9000 + ".b.c"):
        open_link(client, f"/reset-password/?token={quote(token)}")
        response = choose_password(client)

        assert response.status_code == 400
        assert "This link is no longer valid" in response.text


def test_headers_of_directus_reach_no_browser(client, directus, ada):
    headers = {"X-Powered-By": "Directus", "Server": "upstream/1.2", "Via": "proxy"}
    directus.answers(503, {}, path="/auth/login", headers=headers)

    response = log_in(client)

    assert response.status_code == 503
    assert not headers.keys() & dict(response.items()).keys()
