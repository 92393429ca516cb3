"""An account belongs to the owner of its address, and has no additional rights."""

import re

import pytest
from django.core.management import call_command

from accounts.core import clients, sign_in_ways
from accounts.directus import InvalidPayload
from accounts.directus.passwords import PASSWORD_POLICIES
from accounts.models import Attempts, Session, SignUp, User
from tests.fake_directus import CUSTOMER, FakeDirectus, Person

from ..sso_steps import come_back, sign_in_with_provider, way_to_provider
from ..steps import (
    NEW_PASSWORD,
    PASSWORD,
    ask_reset,
    choose_password,
    confirm,
    confirm_with_password,
    log_in,
    mailed_link,
    open_link,
    sign_up,
)

pytestmark = pytest.mark.django_db

VICTIM = "victim@example.com"
STRANGERS = "typed by a stranger"


@pytest.fixture
def hijacked(client, directus):
    """A stranger signed up with the victim's address before the victim did."""
    sign_up(type(client)(), VICTIM, STRANGERS)
    sign_up(client, VICTIM, PASSWORD)
    open_link(client, directus.last_link(VICTIM))
    return directus


def passwords_that_work(client):
    """Try all passwords that were typed; return those that work."""
    return [
        password
        for password in (STRANGERS, PASSWORD, NEW_PASSWORD)
        if log_in(type(client)(), VICTIM, password).status_code == 302
    ]


@pytest.mark.parametrize("with_token", [True, False])
def test_a_strangers_password_never_works(client, hijacked, with_token, request):
    if with_token:
        request.getfixturevalue("service_token")

    done = confirm(client, follow=True)

    assert "choose a new password. We've emailed you a link." in done.text
    assert passwords_that_work(client) == []
    assert not Session.objects.exclude(user=None).exists()
    open_link(client, hijacked.last_link(VICTIM))
    choose_password(client)
    assert passwords_that_work(client) == [NEW_PASSWORD]


def test_without_a_token_the_strangers_tokens_are_revoked(client, hijacked):
    confirm(client)

    passwords_that_work(client)

    user = hijacked.state.find(VICTIM)
    assert hijacked.sessions_of(user) == []
    assert not User.objects.exists()


def test_with_a_token_the_password_is_replaced_before_the_address_is_confirmed(
    client, hijacked, service_token
):
    hijacked.forget_calls()

    confirm(client)

    paths = [(call.method, call.path) for call in hijacked.calls]
    changed = next(n for n, (method, _) in enumerate(paths) if method == "PATCH")
    assert changed < paths.index(("GET", "/users/register/verify-email"))


def test_a_sign_up_long_ago_gives_no_password(client, directus, service_token):
    """An unconfirmed account keeps its first password long after its link."""
    sign_up(type(client)(), VICTIM, STRANGERS)
    SignUp.objects.update(last_at="2020-01-01T00:00:00Z")
    call_command("clearsessions")
    assert not SignUp.objects.exists()
    sign_up(client, VICTIM, PASSWORD)
    open_link(client, directus.last_link(VICTIM))
    confirm(client)

    assert passwords_that_work(client) == []


def test_a_password_that_is_void_stays_void(client, directus):
    SignUp.objects.create(email_digest="x", is_void=True)
    SignUp.objects.update(last_at="2020-01-01T00:00:00Z")

    call_command("clearsessions")

    assert SignUp.objects.exists()


def test_one_sign_up_keeps_its_password(client, directus, service_token):
    sign_up(client, VICTIM, PASSWORD)
    open_link(client, directus.last_link(VICTIM))

    done = confirm(client, follow=True)

    assert "You can now sign in." in done.text
    assert passwords_that_work(client) == [PASSWORD]
    assert not SignUp.objects.exists()


def test_a_sign_up_that_never_reached_directus_is_not_counted(
    client, directus, service_token
):
    """An outage forces no user to choose another password."""
    directus.is_down()
    assert sign_up(client, VICTIM, PASSWORD).status_code == 503
    directus.is_up()
    clients._transport.cache_clear()

    sign_up(client, VICTIM, PASSWORD)
    open_link(client, directus.last_link(VICTIM))
    confirm(client)

    assert passwords_that_work(client) == [PASSWORD]


def test_a_sign_up_whose_answer_was_lost_is_counted(client, directus):
    directus.loses_answer("/users/register")
    sign_up(type(client)(), VICTIM, STRANGERS)

    sign_up(client, VICTIM, PASSWORD)
    open_link(client, directus.last_link(VICTIM))
    confirm(client)

    assert passwords_that_work(client) == []


def test_signing_up_with_a_customers_address_does_not_lock_the_customer_out(
    client, ada, directus, sign_in
):
    """It would be a weapon otherwise."""
    sign_in(ada)
    stranger = type(client)()
    for _ in range(3):
        sign_up(stranger, ada.email, STRANGERS)

    assert log_in(type(client)(), ada.email, ada.password).status_code == 302


def test_a_forged_link_replaces_no_password_of_a_customer(
    client, ada, directus, service_token
):
    for _ in range(2):
        sign_up(client, ada.email, STRANGERS)
    forged = directus.sign_in(ada)["access_token"].split(".")[1]
    password = ada.password

    client.get(f"/verify-email/?token=x.{forged}.x")
    response = confirm(client)

    assert response.status_code == 400
    assert ada.password == password


def test_a_service_token_that_may_not_replace_passwords_confirms_nothing(
    client, hijacked, settings
):
    settings.DIRECTUS_SERVICE_TOKEN = "a-token-that-directus-does-not-know"

    response = confirm(client)

    assert response.status_code == 503
    assert hijacked.state.find(VICTIM).status == "unverified"
    # No page says that the link or the session is bad: neither is.
    assert confirm(client).status_code == 503


@pytest.mark.parametrize("with_token", [True, False])
def test_a_lost_answer_to_a_confirmation_can_be_sent_again(
    client, hijacked, with_token, request
):
    if with_token:
        request.getfixturevalue("service_token")
    hijacked.loses_answer("/users/register/verify-email")

    lost = confirm(client)
    again = confirm(client, follow=True)

    assert lost.status_code == 503
    assert again.redirect_chain == [("/verify-email/done/", 302)]
    assert passwords_that_work(client) == []
    assert hijacked.mails[-1].subject == "Password Reset Request"


def test_a_used_link_is_no_second_confirmation(client, directus, service_token):
    sign_up(client, VICTIM)
    link = directus.last_link(VICTIM)
    open_link(client, link)
    confirm(client)

    open_link(client, link)
    response = confirm(client)

    assert response.status_code == 400
    assert "This link is no longer valid" in response.text


def test_a_reset_before_the_first_sign_in_frees_the_account(client, hijacked):
    confirm(client)

    ask_reset(client, VICTIM)
    open_link(client, hijacked.last_link(VICTIM))
    choose_password(client)

    assert not SignUp.objects.exists()
    assert passwords_that_work(client) == [NEW_PASSWORD]


# The site mails the links


@pytest.fixture
def hijacked_at_site(client, directus, site_mails):
    """A stranger signed up first, and the victim opens the newest link."""
    sign_up(type(client)(), VICTIM, STRANGERS)
    sign_up(client, VICTIM, PASSWORD)
    open_link(client, mailed_link(VICTIM))
    return directus


def test_by_site_a_strangers_password_never_works(client, hijacked_at_site):
    assert passwords_that_work(client) == []
    Attempts.objects.all().delete()

    confirm_with_password(client)

    assert passwords_that_work(client) == [NEW_PASSWORD]


def test_by_site_a_stranger_who_signs_up_meanwhile_gets_nothing(
    client, directus, site_mails
):
    """The victim has the page open; the stranger's sign-up voids its link."""
    sign_up(client, VICTIM, PASSWORD)
    open_link(client, mailed_link(VICTIM))
    sign_up(type(client)(), VICTIM, STRANGERS)

    assert confirm(client).status_code == 400
    open_link(client, mailed_link(VICTIM))
    confirm_with_password(client)

    assert passwords_that_work(client) == [NEW_PASSWORD]


def test_by_site_a_sign_up_long_ago_gives_no_password(client, directus, site_mails):
    sign_up(type(client)(), VICTIM, STRANGERS)
    SignUp.objects.update(last_at="2020-01-01T00:00:00Z")
    call_command("clearsessions")
    sign_up(client, VICTIM, PASSWORD)
    open_link(client, mailed_link(VICTIM))

    assert confirm(client).status_code == 200
    confirm_with_password(client)

    assert passwords_that_work(client) == [NEW_PASSWORD]


def test_by_site_a_sign_up_sends_the_fields_of_its_form_alone(
    client, directus, site_mails, settings
):
    sign_up(client, data=EXTRA)

    (call,) = [call for call in directus.calls_to("/users") if call.method == "POST"]
    assert call.json == {
        "email": "new@example.com",
        "password": PASSWORD,
        "first_name": "New",
        "last_name": "Person",
        "language": "en-GB",
        "role": settings.DIRECTUS_CUSTOMER_ROLE,
        "status": "unverified",
    }


# One address, and nothing but an address


@pytest.mark.parametrize("path", ["/register/", "/request-reset-password/", "/login/"])
@pytest.mark.parametrize(
    "email",
    [
        "a@example.com,b@example.com",
        "a@example.com;b@example.com",
        "a@example.com b@example.com",
        '"a@example.com"@example.org',
        '"a"@example.com',
        "a@example.com\nBcc: b@example.com",
        "a@example.com\r\nBcc: b@example.com",
        "a@example.com%0aBcc:b@example.com",
        "a@[127.0.0.1]",
        "a(b)@example.com",
        "m\u0131ke@example.com",
        "\uff41@example.com",
        "a@\uff45xample.com",
        "a@example.com\u202e",
        "\u212aate@example.com",
        "<a@example.com>",
        "a" * 250 + "@example.com",
        "@example.com",
        "a@",
        "\x00a@example.com",
    ],
)
def test_what_is_not_one_plain_address_never_reaches_directus(
    client, directus, path, email
):
    data = {"email": email, "password": PASSWORD, "first_name": "A", "last_name": "B"}

    response = client.post(path, data)

    assert response.status_code == 200
    assert response.context["form"].errors["email"]
    directus.was_not_asked()


@pytest.mark.parametrize(
    "email", ["a+b@example.com", "o'hara@example.com", "a.b-c_d@sub.example.co.uk"]
)
def test_usual_addresses_are_sent_on_in_small_letters(client, directus, email):
    sign_up(client, f"  {email.upper()} ")

    assert directus.was_asked_once("/users/register").json["email"] == email


# Only the fields of the form

EXTRA = {
    "role": "00000000-0000-4000-8000-000000000001",
    "status": "active",
    "is_staff": "on",
    "is_superuser": "on",
    "is_active": "on",
    "directus_id": "00000000-0000-4000-8000-000000000002",
    "id": "1",
    "token": "static",
    "provider": "google",
    "external_identifier": "x",
    "tfa_secret": "x",
    "mode": "session",
    "otp": "123456",
    "verification_url": "https://evil.example/",
    "reset_url": "https://evil.example/",
}


def test_a_sign_up_sends_the_fields_of_its_form_alone(client, directus):
    sign_up(client, data=EXTRA)

    assert directus.was_asked_once("/users/register").json == {
        "email": "new@example.com",
        "password": PASSWORD,
        "first_name": "New",
        "last_name": "Person",
        "verification_url": "http://testserver/verify-email/",
    }
    user = directus.state.find("new@example.com")
    assert directus.state.role_name(user.role) == CUSTOMER


def test_a_classic_sign_up_sends_role_and_language_besides(
    client, directus: FakeDirectus, settings, service_token
):
    settings.DIRECTUS_SIGNUP = "create"

    sign_up(client, data=EXTRA)

    assert directus.was_asked_once("/users").json == {
        "email": "new@example.com",
        "password": PASSWORD,
        "first_name": "New",
        "last_name": "Person",
        "language": "en-GB",
        "role": settings.DIRECTUS_CUSTOMER_ROLE,
    }


def test_a_sign_in_sends_e_mail_and_password_alone(client, ada, directus):
    log_in(client, ada.email, ada.password, data=EXTRA)

    assert directus.was_asked_once("/auth/login").json == {
        "email": ada.email,
        "password": ada.password,
        "mode": "json",
    }


def test_a_reset_sends_the_sites_own_address(client, directus):
    client.post("/request-reset-password/", EXTRA | {"email": "ada@example.com"})

    assert directus.was_asked_once("/auth/password/request").json == {
        "email": "ada@example.com",
        "reset_url": "http://testserver/reset-password/",
    }


@pytest.mark.parametrize("policy", ["strong", "^.{1,32}$"])
def test_a_policy_of_directus_makes_no_link_invalid(
    client, hijacked, service_token, monkeypatch, policy
):
    """What replaces a stranger's password has to pass it; a link stays good else."""
    strong = PASSWORD_POLICIES["strong"].strip("/")
    pattern = re.compile(strong if policy == "strong" else policy)
    update = clients.DirectusClient.update_user
    monkeypatch.setattr("secrets.token_urlsafe", lambda size: "a-0B" * 16)

    def checked(self, user_id, changes):
        if not pattern.search(changes["password"]):
            raise InvalidPayload(400, "FAILED_VALIDATION", "password", "regex")
        update(self, user_id, changes)

    monkeypatch.setattr(clients.DirectusClient, "update_user", checked)

    response = confirm(client, follow=True)

    assert response.status_code == (200 if policy == "strong" else 503)


# The owner signs in with a provider


def remove_sign_up(browser, **extra):
    return browser.post("/verify-email/", {"provider": "exampleid"}, **extra)


def test_an_unconfirmed_sign_up_does_not_lock_the_owner_of_the_address_out(
    client, directus, service_token, provider
):
    owner = Person(VICTIM)
    sign_up(type(client)(), VICTIM, STRANGERS)
    refused = sign_in_with_provider(client, directus, owner)
    told = client.get(refused.url)
    open_link(client, directus.last_link(VICTIM))
    page = client.get("/verify-email/")

    url = way_to_provider(remove_sign_up(client))
    done = come_back(client, directus.approve(url, owner))

    assert "Open the link in our newest email" in told.text
    assert "Continue with Example ID" in page.text
    assert done.url == "/"
    assert directus.state.find(VICTIM).provider == "exampleid"
    assert User.objects.get().email == VICTIM
    assert passwords_that_work(client) == []
    assert not SignUp.objects.exists()


def test_a_removed_sign_up_is_in_the_audit_trail(
    client, directus, service_token, provider, caplog
):
    sign_up(client, VICTIM, PASSWORD)
    user = directus.state.find(VICTIM)
    open_link(client, directus.last_link(VICTIM))

    remove_sign_up(client)

    (record,) = [r for r in caplog.records if r.message == "sign_up.removed"]
    assert record.directus_id == user.id
    assert directus.state.find(VICTIM) is None
    # The link is spent.
    assert remove_sign_up(client).status_code == 400


@pytest.mark.parametrize("change", [{"status": "active"}, {"provider": "exampleid"}])
def test_an_account_that_is_not_waiting_is_never_removed(
    client, directus, service_token, provider, change
):
    sign_up(client, VICTIM, PASSWORD)
    open_link(client, directus.last_link(VICTIM))
    user = directus.state.find(VICTIM)
    directus.change(user, **change)

    response = remove_sign_up(client)

    assert response.status_code == 400
    assert directus.state.find(VICTIM) is user


def test_of_two_accounts_none_is_removed(client, directus, service_token, provider):
    sign_up(client, VICTIM, PASSWORD)
    open_link(client, directus.last_link(VICTIM))
    directus.add_user(VICTIM.upper(), status="unverified")
    before = set(directus.state.users)

    assert remove_sign_up(client).status_code == 400
    assert set(directus.state.users) == before


def test_a_forged_link_removes_nothing(client, directus, service_token, provider):
    sign_up(client, VICTIM, PASSWORD)
    genuine = directus.last_link(VICTIM)
    open_link(client, genuine[:-4] + "AAAA")
    directus.forget_calls()

    assert remove_sign_up(client).status_code == 400
    assert directus.state.find(VICTIM)
    directus.was_not_asked("/users")


def test_without_a_service_token_nothing_is_removed(client, directus, provider):
    sign_up(client, VICTIM, PASSWORD)
    open_link(client, directus.last_link(VICTIM))

    assert "Continue with" not in client.get("/verify-email/").text
    told = client.get("/sso/exampleid/problem/password/").text
    assert "Open the link in our newest email" not in told
    assert remove_sign_up(client).status_code == 400
    assert directus.state.find(VICTIM).status == "unverified"


def test_an_outage_removes_nothing_and_spends_no_link(
    client, directus, service_token, provider
):
    sign_up(client, VICTIM, PASSWORD)
    open_link(client, directus.last_link(VICTIM))
    directus.is_down()

    assert remove_sign_up(client).status_code == 503
    directus.is_up()

    assert way_to_provider(remove_sign_up(client))
    assert directus.state.find(VICTIM) is None


def test_a_provider_that_is_gone_confirms_no_strangers_password(
    client, directus, service_token, provider
):
    """The button was on the page; the process that answers does not know it."""
    sign_up(type(client)(), VICTIM, STRANGERS)
    open_link(client, directus.last_link(VICTIM))
    del directus.state.providers["exampleid"]
    sign_in_ways._ask(directus.url)

    assert remove_sign_up(client).status_code == 503
    assert directus.state.find(VICTIM).status == "unverified"
    assert passwords_that_work(client) == []
    directus.add_provider("exampleid")
    sign_in_ways._ask(directus.url)
    assert way_to_provider(remove_sign_up(client))
