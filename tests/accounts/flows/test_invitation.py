"""Invitations from Directus: the invited user chooses the first password."""

import pytest
from django.test import Client

from accounts.core import audit
from accounts.models import SignUp

from ..steps import NEW_PASSWORD, log_in, open_link

pytestmark = pytest.mark.django_db

EMAIL = "guest@example.com"
PATH = "/users/invite/accept"


def accept(browser, password=NEW_PASSWORD, again=None):
    data = {"new_password": password, "new_password_again": again or password}
    return browser.post("/invite/", data)


@pytest.fixture
def link(directus):
    """The link in the mail of an invitation."""
    return directus.invite(EMAIL)


@pytest.fixture
def guest(client, link):
    """A browser in which the link was opened."""
    open_link(client, link)
    return client


def test_a_guest_chooses_a_password_and_signs_in(guest, directus):
    page = guest.get("/invite/").text
    assert EMAIL in page
    assert "At least 12 characters." in page

    response = accept(guest)

    assert (response.status_code, response.url) == (302, "/invite/done/")
    assert directus.state.find(EMAIL).status == "active"
    assert "Your account is ready" in guest.get(response.url).text
    assert log_in(guest, EMAIL, NEW_PASSWORD).url == "/"


def test_accepting_asks_without_any_token(guest, directus):
    accept(guest)

    call = directus.was_asked_once(PATH)
    assert call.token == ""
    assert call.json.keys() == {"token", "password"}


def test_the_token_leaves_the_address_of_the_page(client, link):
    landing = client.get(link.removeprefix("http://testserver"))

    assert landing.url == "/invite/"
    assert landing["Referrer-Policy"] == "no-referrer"
    assert "no-store" in landing["Cache-Control"]
    assert link.rpartition("token=")[2] not in client.get("/invite/").text


def test_mail_scanners_accept_nothing(client, link, directus):
    for method in (client.get, client.head, client.options):
        method(link.removeprefix("http://testserver"))
    open_link(client, link)

    directus.was_not_asked()
    assert directus.state.find(EMAIL).status == "invited"


@pytest.mark.parametrize(
    ("password", "again", "text"),
    [("short", None, "Use at least"), (NEW_PASSWORD, "another", "The passwords don")],
)
def test_a_value_that_cannot_be_right_makes_no_call(
    guest, directus, password, again, text
):
    response = accept(guest, password, again)

    assert text in response.text
    directus.was_not_asked(PATH)


def test_a_password_that_directus_refuses_leaves_the_invitation_good(guest, directus):
    directus.state.password_policy = "/^never$/"
    response = accept(guest)
    assert response.status_code == 200
    assert "be used. Choose a different one." in response.text
    directus.state.password_policy = None

    assert accept(guest).status_code == 302


def test_an_invitation_works_once(guest, link, directus):
    accept(guest)
    other = Client()
    open_link(other, link)

    response = accept(other, "Somebody else's 1 password")

    assert response.status_code == 400
    assert "ask for a new invitation" in response.text
    assert directus.state.find(EMAIL).password == NEW_PASSWORD


def test_version_10_says_it_in_other_words(guest, directus):
    error = {"message": "Invalid payload.", "extensions": {"code": "INVALID_PAYLOAD"}}
    directus.answers(400, {"errors": [error]}, path=PATH)

    response = accept(guest)

    assert response.status_code == 400
    assert "This link is no longer valid" in response.text


def test_an_invitation_ends(guest, directus):
    directus.time_passes(8 * 24 * 3600)

    assert accept(guest).status_code == 400


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\x00", "x" * 5000])
def test_any_other_token_is_refused(client, token):
    client.get("/invite/", {"token": token})

    response = accept(client)

    assert response.status_code == 400
    assert "This link is no longer valid" in response.text


def test_a_link_of_another_kind_accepts_nothing(client, directus, ada):
    directus.state.site_url = "http://testserver"
    client.post("/request-reset-password/", {"email": ada.email})
    token = directus.last_link(ada.email).rpartition("token=")[2]
    client.get("/invite/", {"token": token})

    assert accept(client).status_code == 400
    assert ada.password != NEW_PASSWORD


def test_a_licence_without_room_is_told(guest, directus):
    directus.state.is_full = True

    response = accept(guest)

    assert response.status_code == 503
    assert "We can't add your account yet" in response.text
    directus.state.is_full = False
    assert accept(guest).status_code == 302


def test_an_outage_leaves_the_invitation_good(guest, directus):
    directus.is_down()
    assert accept(guest).status_code == 503
    directus.is_up()

    assert accept(guest).status_code == 302


def test_a_lost_answer_leads_to_sign_in(guest, directus):
    directus.loses_answer(PATH)
    unsure = accept(guest)
    assert unsure.url == "/invite/unsure/"
    assert "Your account may be ready" in guest.get(unsure.url).text

    response = accept(guest)

    assert response.status_code == 400
    assert "accepted the invitation already, sign in" in response.text
    assert log_in(guest, EMAIL, NEW_PASSWORD).url == "/"


def test_forged_invitations_are_throttled(client, directus):
    head, _, _signature = directus.invite(EMAIL).rpartition(".")

    found = []
    for _ in range(25):
        open_link(client, f"{head}.forged")
        found.append(accept(client).status_code)

    assert found == [400] * 20 + [429] * 5
    assert len(directus.calls_to(PATH)) == 20


def test_what_strangers_typed_at_sign_up_is_forgotten(guest):
    digest = audit.email_digest(EMAIL)
    SignUp.objects.create(email_digest=digest, count=2)

    accept(guest)

    assert not SignUp.objects.filter(pk=digest).exists()
