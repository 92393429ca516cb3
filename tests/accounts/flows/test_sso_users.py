"""The account pages of users that a provider signs in, who have no password."""

import json

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import MailedLink, Session, User
from tests.fake_directus import Person

from ..account_pages import (
    ask_email,
    change_password,
    confirm_email,
    confirm_password,
    confirmed_long_ago,
)
from ..signed_in import make_old, row_of, store_of
from ..sso_steps import come_back, sign_in_with_provider, way_to_provider
from ..steps import OTP_SECRET, ask_reset, log_in
from .deleting import KEEP, PATH, days_pass, run

pytestmark = pytest.mark.django_db

GRACE = Person("grace@example.com", first_name="Grace")
WITHOUT_EMAIL = Person(None, sub="no-mail-1", first_name="Nora")
CONFIRM = "/account/confirm/?next="
SENSITIVE = ("/account/export/", "/account/delete/", KEEP)
PASSWORD_FIELD = 'name="current_password"'


@pytest.fixture
def visitor(directus, provider, service_token):
    """A browser in which Grace has signed in with Example ID a while ago."""
    visitor = Client()
    sign_in_with_provider(visitor, directus, GRACE)
    confirmed_long_ago(visitor)
    mail.outbox.clear()
    directus.forget_calls()
    return visitor


@pytest.fixture
def grace(visitor, directus):
    return directus.state.find(GRACE.email)


def confirm_with_provider(visitor, directus, person=GRACE, next="/account/export/"):
    """Press the button of the confirm page, and come back from the provider."""
    page = visitor.post("/account/confirm/exampleid/", {"next": next})
    return come_back(visitor, directus.approve(way_to_provider(page), person))


# What the provider manages


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_password_is_managed_elsewhere(visitor, directus, grace, method):
    send = {
        "get": lambda: visitor.get("/account/password/"),
        "post": lambda: change_password(visitor),
    }

    page = send[method]()

    assert page.status_code == 200
    assert "Your password is managed at Example ID" in page.text
    assert "<input" not in page.text.partition('id="page"')[2]
    assert "no-store" in page["Cache-Control"]
    assert grace.password is None
    directus.was_not_asked("/auth/login")
    assert not mail.outbox


@pytest.mark.parametrize("has_factor", [False, True])
def test_the_overview_offers_nothing_of_a_password(visitor, directus, has_factor):
    User.objects.update(has_two_factor=has_factor)

    page = visitor.get("/account/overview/").text

    # The address, the password, and a second factor of the provider's own.
    assert page.count("Managed at Example ID") == (2 if has_factor else 3)
    assert "Choose a new password" not in page


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_address_is_managed_elsewhere(visitor, directus, grace, method):
    confirmed_long_ago(visitor, minutes=0)
    send = {
        "get": lambda: visitor.get("/account/email/"),
        "post": lambda: ask_email(visitor),
    }

    page = send[method]()

    assert page.status_code == 200
    assert "Your email address is managed at Example ID" in page.text
    assert GRACE.email in page.text
    assert not MailedLink.objects.exists()
    assert not mail.outbox


def test_a_link_from_before_the_provider_changes_no_address(
    sign_in, ada, directus, provider, service_token
):
    visitor = sign_in(ada, Client())
    ask_email(visitor, "new@example.com")
    link = next(m for m in mail.outbox if m.to == ["new@example.com"])
    directus.change(ada, provider="exampleid")
    visitor = Client()
    token = link.body.partition("token=")[2].split()[0]
    visitor.get(f"/account/email/confirm/?token={token}")

    page = confirm_email(visitor)

    assert page.status_code == 400
    assert ada.email == "ada@example.com"


def test_the_profile_says_who_signs_the_user_in(visitor, signed_in_client):
    assert "You sign in with Example ID." in visitor.get("/account/").text
    assert "You sign in with" not in signed_in_client.get("/account/").text


# Confirming


def test_the_confirm_page_has_the_providers_button_alone(visitor):
    page = visitor.get(CONFIRM + "/account/export/")

    assert 'action="/account/confirm/exampleid/"' in page.text
    assert "Continue with Example ID" in page.text
    assert 'name="next" value="/account/export/"' in page.text
    assert PASSWORD_FIELD not in page.text
    assert "Forgot your password" not in page.text


def test_a_password_confirms_nothing(visitor, directus):
    page = confirm_password(visitor, "any password", next="/account/export/")

    assert "Continue with Example ID" in page.text
    assert not store_of(visitor).is_confirmed
    directus.was_not_asked("/auth/login")


@pytest.mark.parametrize("path", SENSITIVE)
def test_sensitive_pages_ask_for_the_provider(visitor, directus, path):
    assert visitor.post(path, {"current_password": "x"}).url == CONFIRM + path

    done = confirm_with_provider(visitor, directus, next=path)

    assert done.url == path
    assert store_of(visitor).is_confirmed
    assert "/account/confirm/" not in visitor.get(path).headers.get("Location", "")


def test_other_devices_are_signed_out_after_it(visitor, directus):
    other = Client()
    sign_in_with_provider(other, directus, GRACE)
    page = visitor.post("/account/sessions/", {"others": "1"})
    assert page.url == CONFIRM + "/account/sessions/"
    confirm_with_provider(visitor, directus, next="/account/sessions/")

    page = visitor.post("/account/sessions/", {"others": "1"}, follow=True)

    assert "Signed out of 1 other device." in page.text
    assert "Check your account at Example ID." in page.text
    assert other.get("/").status_code == 302


def test_the_export_names_the_provider(visitor, directus):
    confirm_with_provider(visitor, directus)

    held = json.loads(visitor.post("/account/export/").content)

    assert held["site"]["user"]["provider"] == "exampleid"
    assert held["site"]["sessions"][0]["provider"] == "exampleid"


def test_a_sign_in_is_no_confirmation(directus, provider, service_token):
    """The provider may have asked nothing; it is asked for a new sign-in."""
    visitor = Client()
    sign_in_with_provider(visitor, directus, GRACE)

    assert row_of(visitor).confirmed_at is None
    assert visitor.get("/account/export/").url == CONFIRM + "/account/export/"


# Deletion


def test_the_account_is_deleted_without_a_password(visitor, directus, grace):
    confirm_with_provider(visitor, directus, next=PATH)
    page = visitor.get(PATH)
    assert PASSWORD_FIELD not in page.text
    assert "your account at Example ID stays" in page.text

    assert visitor.post(PATH).url == PATH

    assert User.objects.get(email=GRACE.email).delete_at
    (sent,) = mail.outbox
    assert "Check your account at Example ID" in sent.body
    assert "password" not in sent.body.lower()
    # Then the page needs no confirmation, but keeping the account does.
    confirmed_long_ago(visitor)
    assert visitor.get(PATH).status_code == 200
    assert visitor.post(KEEP).url == CONFIRM + KEEP
    days_pass()
    run()
    assert grace.id not in directus.state.users
    row = User.objects.get(directus_id=grace.id)
    assert (row.email, row.provider) == ("", "")


def test_without_a_recent_confirmation_nothing_is_deleted(visitor, grace):
    assert visitor.get(PATH).url == CONFIRM + PATH
    assert visitor.post(PATH).url == CONFIRM + PATH
    assert User.objects.get(email=GRACE.email).delete_at is None


def test_a_second_factor_is_asked_for_by_the_confirmation_alone(
    visitor, directus, grace
):
    grace.otp_secret = OTP_SECRET
    User.objects.update(has_two_factor=True)
    confirmed_long_ago(visitor, minutes=0)

    assert 'name="otp"' not in visitor.get(PATH).text
    assert visitor.post(PATH).url == PATH
    assert User.objects.get(email=GRACE.email).delete_at


# A forgotten password


def test_a_forgotten_password_looks_as_for_an_unknown_address(visitor, directus, grace):
    mails_before = len(directus.mails)
    found = []
    for email in (GRACE.email, "nobody@example.com"):
        directus.forget_calls()
        address = f"203.0.113.{len(found)}"
        with CaptureQueriesContext(connection) as queries:
            answer = ask_reset(Client(), email, REMOTE_ADDR=address)
        verbs = [query["sql"].split()[0] for query in queries]
        calls = [call.path for call in directus.calls]
        found.append((answer.status_code, answer["Location"], verbs, calls))

    assert found[0] == found[1]
    # Directus mails no link to a user of a provider.
    assert len(directus.mails) == mails_before
    assert not mail.outbox


def test_a_sign_in_with_a_password_looks_as_for_an_unknown_address(visitor, grace):
    texts = [log_in(Client(), email).text for email in (GRACE.email, "no@example.com")]

    assert all("Incorrect email address or password." in text for text in texts)


# Suspended


@pytest.mark.parametrize("status", ["suspended", "archived"])
def test_a_user_who_is_suspended_meanwhile_cannot_confirm(
    visitor, directus, grace, status
):
    before = row_of(visitor).confirmed_at
    way = way_to_provider(visitor.post("/account/confirm/exampleid/"))
    directus.change(grace, status=status)

    come_back(visitor, directus.approve(way, GRACE))

    assert not Session.objects.filter(
        user__email=GRACE.email, confirmed_at__gt=before
    ).exists()
    make_old(visitor, minutes=2)
    assert visitor.get("/").status_code == 302


# Accounts without an address


@pytest.fixture
def nora(directus, provider, service_token):
    """A browser of a user without an address."""
    visitor = Client()
    done = sign_in_with_provider(visitor, directus, WITHOUT_EMAIL)
    assert done.url == "/", done.url
    confirmed_long_ago(visitor, minutes=0)
    return visitor


@pytest.fixture
def another(nora, directus):
    """A browser of another user without an address."""
    visitor = Client()
    person = Person(None, sub="no-mail-2", first_name="Otto")
    sign_in_with_provider(visitor, directus, person)
    return visitor


PAGES = (
    "/",
    "/account/",
    "/account/email/",
    "/account/password/",
    "/account/two-factor/",
    "/account/sessions/",
    "/account/export/",
    "/account/delete/",
    "/account/confirm/",
)


def test_every_page_bears_it(nora):
    for path in PAGES:
        page = nora.get(path)
        assert page.status_code == 200, path
        assert "None" not in page.text, path
    assert "Nora" in nora.get("/").text
    assert "<strong>Nora</strong>" in nora.get("/account/delete/").text
    assert "has no email address" in nora.get("/account/email/").text


def test_a_user_without_names_has_an_id(directus, provider, service_token):
    visitor = Client()
    sign_in_with_provider(visitor, directus, Person(None, sub="bare"))

    user = User.objects.get()

    assert str(user) == user.account_name == str(user.directus_id)
    assert str(user.directus_id) in visitor.get("/").text


def test_no_mail_is_sent_to_nowhere(nora, directus):
    other = Client()
    sign_in_with_provider(other, directus, WITHOUT_EMAIL)
    nora.post(PATH)
    nora.post(KEEP)

    nora.post(PATH)
    days_pass()
    run()

    assert not mail.outbox
    assert User.objects.get().deleted_at


def test_the_export_has_no_counts_of_others(nora, another):
    found = json.loads(nora.post("/account/export/").content)["site"]

    assert (found["user"]["email"], found["sign_ups"], found["attempts"]) == (
        "",
        [],
        [],
    )


def test_two_of_them_share_nothing(nora, another):
    first, second = User.objects.order_by("pk")

    assert first.account_key != second.account_key
    assert not User.objects.with_email("").exists()
    assert row_of(nora).user == first
    assert row_of(another).user == second


def test_one_of_them_is_deleted_and_the_other_stays(nora, another, directus):
    nora.post(PATH)
    days_pass()
    run()

    first, second = User.objects.order_by("pk")
    assert (bool(first.deleted_at), second.deleted_at) == (True, None)
    assert another.get("/account/").status_code == 200


def test_the_admin_bears_it(nora, client, settings):
    root = User.objects.create_superuser("root@example.com", "root's secret")
    client.force_login(root)
    user = User.objects.exclude(directus_id=None).get()

    for path in (
        "/admin/accounts/user/",
        f"/admin/accounts/user/{user.pk}/change/",
        f"/admin/accounts/user/{user.pk}/history/",
        f"/admin/accounts/user/{user.pk}/send-password-reset/",
        "/admin/accounts/session/",
    ):
        assert client.get(path).status_code in {200, 302}, path
