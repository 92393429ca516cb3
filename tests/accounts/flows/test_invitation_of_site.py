"""Invitations with the site's own link: the invited user chooses the first password."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.core import audit
from accounts.directus import DirectusClient, DirectusUser
from accounts.flows import mailed_links
from accounts.flows.mailed_links import Purpose
from accounts.mirror.users import mirror_user
from accounts.models import MailedLink, SignUp, TermsAcceptance, User

from ..canaries import everything_written
from ..steps import NEW_PASSWORD, ask_reset, log_in, open_link

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("site_mails")]

EMAIL = "guest@example.com"
ACCOUNT_CHANGES = [
    {"status": "active"},
    {"status": "suspended"},
    {"status": "unverified"},
    {"email": "other@example.com"},
    {"role": "Editor"},
    {"role": None},
    {"provider": "exampleid"},
]


def accept(browser, password=NEW_PASSWORD, again=None, **extra):
    data = {"new_password": password, "new_password_again": again or password}
    return browser.post("/invite/", data | extra)


def make_link(user):
    digest = audit.email_digest(user.email)
    return mailed_links.make(Purpose.INVITATION, digest, user.email, user.id)


@pytest.fixture
def invited(directus, site_mails):
    """The account in Directus: it has no password."""
    return directus.add_user(EMAIL, None, status="invited", first_name="Gu")


@pytest.fixture
def link(invited):
    """The link in the mail."""
    return make_link(invited)


@pytest.fixture
def guest(client, link, directus):
    """A browser in which the link was opened."""
    open_link(client, link)
    directus.forget_calls()
    return client


def test_a_guest_chooses_a_password_and_signs_in(guest, invited, directus):
    page = guest.get("/invite/").text
    assert EMAIL in page
    directus.was_not_asked()

    response = accept(guest)

    assert (response.status_code, response.url) == (302, "/invite/done/")
    assert (invited.status, invited.password) == ("active", NEW_PASSWORD)
    assert [call.method for call in directus.calls] == ["GET", "PATCH"]
    assert log_in(guest, EMAIL, NEW_PASSWORD).url == "/"


def test_the_browser_is_known_from_then_on(guest):
    accept(guest)
    for n in range(25):
        log_in(Client(REMOTE_ADDR=f"203.0.113.{n}"), EMAIL)

    assert log_in(guest, EMAIL, NEW_PASSWORD).url == "/"


def test_the_row_of_the_user_is_active_at_once(guest, invited):
    row = mirror_user(
        DirectusUser(
            invited.id, EMAIL, status="invited", role_id=invited.role, policies=None
        )
    )
    assert not row.is_active

    accept(guest)

    row = User.objects.get()
    assert (row.status, row.is_active, row.email) == ("active", True, EMAIL)


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_mail_scanners_accept_nothing(client, link, invited, directus, method):
    getattr(client, method)(link.removeprefix("http://testserver"))
    open_link(client, link)

    directus.was_not_asked("/users")
    assert invited.status == "invited"
    assert MailedLink.objects.get().used_at is None


def test_an_invitation_works_once(guest, link, invited):
    accept(guest)
    other = Client()

    page = open_link(other, link)
    response = accept(other, "Another reader's 1 password")

    assert page.status_code == response.status_code == 400
    assert "ask for a new invitation" in page.text
    assert invited.password == NEW_PASSWORD


def test_of_two_tabs_one_accepts(guest, link, invited):
    other = Client()
    open_link(other, link)

    accept(guest)
    response = accept(other, "The other tab's 1 password")

    assert response.status_code == 400
    assert invited.password == NEW_PASSWORD


def test_a_newer_link_voids_the_older_one(guest, invited):
    newer = make_link(invited)

    assert accept(guest).status_code == 400
    open_link(guest, newer)
    assert accept(guest).url == "/invite/done/"


@pytest.mark.parametrize("changes", ACCOUNT_CHANGES)
def test_only_an_invited_customer_gets_a_password(guest, invited, directus, changes):
    directus.change(invited, **changes)

    response = accept(guest)

    assert response.status_code == 400
    assert "This link is no longer valid" in response.text
    assert invited.password is None
    assert not [call for call in directus.calls if call.method == "PATCH"]


def test_an_account_that_is_gone_gets_no_password(guest, invited, directus):
    directus.delete(invited)

    assert accept(guest).status_code == 400


def test_an_account_that_changes_meanwhile_keeps_its_password(guest, invited, directus):
    directus.is_late(
        "/users", '"invited"', lambda: directus.change(invited, status="suspended")
    )

    assert accept(guest).status_code == 400
    assert (invited.status, invited.password) == ("suspended", None)


def test_a_link_for_another_purpose_accepts_nothing(client, invited, directus):
    digest = audit.email_digest(EMAIL)
    reset = mailed_links.make(Purpose.PASSWORD_RESET, digest, EMAIL, invited.id)
    directus.forget_calls()

    page = open_link(client, reset.replace("/reset-password/", "/invite/"))

    assert page.status_code == 400
    assert accept(client).status_code == 400
    directus.was_not_asked()


def test_a_made_up_link_tells_nothing(client, link, invited, directus):
    """The same page, and the same work, with and without accounts."""
    directus.forget_calls()
    seen = []
    for letter in "ab":
        with CaptureQueriesContext(connection) as queries:
            page = open_link(client, f"/invite/?token={letter * 43}")
            sent = accept(client)
        seen.append((page.status_code, sent.status_code, len(queries), EMAIL in page))
        invited.email = "moved@example.com"

    assert seen == [(400, 400, seen[0][2], False)] * 2
    directus.was_not_asked()


def test_made_up_links_are_throttled(client, directus):
    found = []
    for n in range(25):
        client.get("/invite/", {"token": f"{n:043}"})
        found.append(accept(client).status_code)

    assert found == [400] * 20 + [429] * 5


@pytest.mark.parametrize("password", ["short", EMAIL, "guest@example"])
def test_a_password_that_cannot_be_right_makes_no_call(guest, directus, password):
    response = accept(guest, password)

    assert response.status_code == 200
    assert 'class="invalid-feedback"' in response.text
    directus.was_not_asked("/users")


def test_a_password_that_directus_refuses_leaves_the_invitation_good(guest, directus):
    directus.state.password_policy = "/^never$/"
    response = accept(guest)
    assert response.status_code == 200
    assert "be used. Choose a different one." in response.text
    directus.state.password_policy = None

    assert accept(guest).url == "/invite/done/"


def test_a_licence_without_room_is_told(guest, directus):
    error = {"message": "x", "extensions": {"code": "LIMIT_EXCEEDED"}}
    directus.answers(403, {"errors": [error]}, path="/users", method="PATCH")

    response = accept(guest)

    assert response.status_code == 503
    assert "Your invitation stays valid" in response.text
    assert accept(guest).url == "/invite/done/"


@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.parametrize("code", ["FORBIDDEN", "INVALID_CREDENTIALS"])
def test_a_refused_service_token_leaves_the_invitation_good(
    guest, directus, method, code
):
    status = 403 if code == "FORBIDDEN" else 401
    error = {"message": "x", "extensions": {"code": code}}
    directus.answers(status, {"errors": [error]}, path="/users", method=method)

    response = accept(guest)

    assert response.status_code == 503
    assert "available right now" in response.text
    assert accept(guest).url == "/invite/done/"


def test_an_outage_leaves_the_invitation_good(guest, directus):
    directus.is_down()
    response = accept(guest)
    assert response.status_code == 503
    assert NEW_PASSWORD not in response.text
    directus.is_up()

    assert accept(guest).url == "/invite/done/"


def test_a_lost_answer_leads_to_sign_in(guest, directus, invited):
    directus.loses_answer("/users", method="PATCH")

    response = accept(guest)

    assert response.url == "/invite/unsure/"
    assert "tell whether your password was saved" in guest.get(response.url).text
    assert log_in(Client(), EMAIL, NEW_PASSWORD).url == "/"
    assert accept(guest, "Another 1 password still").status_code == 400
    assert invited.password == NEW_PASSWORD


def test_a_question_that_was_lost_can_be_sent_again(guest, directus):
    """Directus answered 500, and has changed nothing."""
    error = {"message": "x", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}
    directus.answers(500, {"errors": [error]}, path="/users", method="PATCH")
    assert accept(guest).url == "/invite/unsure/"

    assert guest.get("/invite/").status_code == 200
    assert accept(guest).url == "/invite/done/"


def test_all_other_links_of_the_account_are_void(guest, invited):
    digest = audit.email_digest(EMAIL)
    mailed_links.make(Purpose.PASSWORD_RESET, digest, EMAIL, invited.id)

    accept(guest)

    assert not MailedLink.objects.exists()


def test_what_strangers_typed_at_sign_up_is_forgotten(guest):
    digest = audit.email_digest(EMAIL)
    SignUp.objects.create(email_digest=digest, count=2)

    accept(guest)

    assert not SignUp.objects.filter(pk=digest).exists()


@pytest.mark.parametrize("is_lost", [True, False])
def test_the_terms_are_accepted_with_the_password(guest, settings, directus, is_lost):
    settings.TERMS_URL = "https://www.example.com/terms"
    assert "Accept the terms" in accept(guest).text
    directus.was_not_asked("/users")
    if is_lost:
        directus.loses_answer("/users", method="PATCH")

    accept(guest, terms="on")

    assert TermsAcceptance.objects.get().pk == audit.email_digest(EMAIL)
    log_in(guest, EMAIL, NEW_PASSWORD)
    assert User.objects.get().terms_accepted_at is not None


def test_a_reset_activates_no_invitation(client, invited):
    ask_reset(client, EMAIL)

    assert invited.status == "invited"


def test_directus_links_work_too(client, directus, invited):
    open_link(client, directus.invite(EMAIL))

    assert accept(client).url == "/invite/done/"
    assert invited.password == NEW_PASSWORD


def test_neither_link_nor_password_is_logged(guest, link, caplog, directus):
    directus.state.password_policy = "/^never$/"
    accept(guest)
    directus.state.password_policy = None
    accept(guest)

    written = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert "invite.accepted" in written
    for secret in (NEW_PASSWORD, link.partition("token=")[2], EMAIL):
        assert secret not in written


@pytest.mark.parametrize("method", ["get_users", "update_user_if"])
def test_a_failure_reports_no_secret(visitor, link, canaries, log, monkeypatch, method):
    def fail(*args, **kwargs):
        secrets_of_a_frame = (args, kwargs)
        raise RuntimeError("boom") from ValueError(len(secrets_of_a_frame))

    open_link(visitor, link)
    monkeypatch.setattr(DirectusClient, method, fail)

    response = accept(visitor)

    assert response.status_code == 500
    assert "boom" in log.getvalue()
    canaries.secrets |= {NEW_PASSWORD, link.partition("token=")[2]}
    written = everything_written(log, visitor)
    for place, text in written.items():
        assert not canaries.found_in(text), place
    assert EMAIL not in written["log"] + written["mails"]
