"""A sign-up whose link the site mails, from the form to the first sign-in."""

import pytest
import requests
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.core import audit, clients
from accounts.directus import NewUser
from accounts.flows import sign_up_by_site
from accounts.models import MailedLink, Session, SignUp, User

from ..sso_steps import way_to_provider
from ..steps import (
    NEW_PASSWORD,
    PASSWORD,
    confirm,
    confirm_with_password,
    let_pass,
    log_in,
    mailed_link,
    open_link,
    sign_up,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("site_mails")]

EMAIL = "new@example.com"
STRANGERS = "typed by a stranger"
ASKS = "For your security, choose a new password."


def passwords_that_work(*passwords):
    return [
        password
        for password in (STRANGERS, PASSWORD, NEW_PASSWORD, *passwords)
        if log_in(Client(), EMAIL, password).status_code == 302
    ]


def open_last_link(browser, email=EMAIL):
    return open_link(browser, mailed_link(email))


def names_of_mails():
    return [letter.subject for letter in mail.outbox]


# The owner alone


def test_from_the_form_to_the_first_sign_in(client, directus):
    page = sign_up(client, EMAIL, follow=True)

    assert f"<strong>{EMAIL}</strong>" in page.text
    user = directus.state.find(EMAIL)
    assert (user.status, user.language) == ("unverified", "en-GB")
    assert user.role == directus.state.role_id("Customer")
    assert passwords_that_work() == []

    shown = open_last_link(client)
    assert ASKS not in shown.text
    done = confirm(client, follow=True)

    assert "You can now sign in." in done.text
    assert user.status == "active"
    assert passwords_that_work() == [PASSWORD]
    assert not SignUp.objects.exists()
    directus.was_not_asked("/users/register")


def test_the_page_has_its_language_kept(client, directus):
    sign_up(client, EMAIL, headers={"Accept-Language": "de-CH"})

    assert directus.state.find(EMAIL).language == "de-DE"


def test_the_link_is_about_one_account(client, directus):
    sign_up(client, EMAIL)

    link = MailedLink.objects.get()
    assert str(link.directus_id) == directus.state.find(EMAIL).id
    assert (link.purpose, link.email) == ("sign_up", EMAIL)
    assert link.subject == audit.email_digest(EMAIL)


def test_scanners_confirm_nothing(client, directus):
    sign_up(client, EMAIL)
    link = mailed_link(EMAIL)
    directus.forget_calls()

    for scanner in (Client(), Client()):
        open_link(scanner, link)
        scanner.head(link.removeprefix("http://testserver"), follow=True)

    directus.was_not_asked()
    assert directus.state.find(EMAIL).status == "unverified"
    open_link(client, link)
    assert confirm(client, follow=True).status_code == 200
    assert passwords_that_work() == [PASSWORD]


@pytest.mark.parametrize(
    "mangle",
    [
        lambda link: link.replace("token=", "token=3D"),
        lambda link: link[:60] + "%0D%0A" + link[60:],
        lambda link: link + "%3E",
        lambda link: link.replace("?", "?utm_source=mail&amp;"),
        lambda link: link + "&fbclid=x",
    ],
    ids=["quoted", "wrapped", "angle", "escaped", "tracked"],
)
def test_a_link_that_a_mail_client_changed(client, directus, mangle):
    sign_up(client, EMAIL)

    open_link(client, mangle(mailed_link(EMAIL)))

    assert confirm(client).status_code == 302
    assert directus.state.find(EMAIL).status == "active"


def test_a_forwarded_link_works_once_and_in_any_browser(client, directus):
    sign_up(client, EMAIL)
    link = mailed_link(EMAIL)
    other = Client()
    open_link(other, link)
    open_link(client, link)

    assert confirm(other).status_code == 302
    late = confirm(client)

    assert late.status_code == 400
    assert "This link is no longer valid" in late.text
    assert open_link(Client(), link).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"status": "suspended"},
        {"status": "archived"},
        {"email": "other@example.com"},
        {"role": "staff"},
        {"provider": "google"},
    ],
    ids=str,
)
def test_an_account_that_is_another_one_by_now(client, directus, change):
    sign_up(client, EMAIL)
    user = directus.state.find(EMAIL)
    directus.change(user, **change)
    before = dict(vars(user))
    open_last_link(client)

    assert confirm(client).status_code == 400
    assert vars(user) == before


def test_of_two_accounts_none_is_confirmed(client, directus):
    sign_up(client, EMAIL)
    directus.add_user(EMAIL.upper(), STRANGERS, status="unverified")
    open_last_link(client)

    assert confirm(client).status_code == 400
    assert {user.status for user in directus.state.users.values()} >= {"unverified"}
    assert passwords_that_work() == []


def test_a_forged_link(client, directus):
    sign_up(client, EMAIL)
    directus.forget_calls()

    assert open_link(client, f"/verify-email/?token={'A' * 43}").status_code == 400
    directus.was_not_asked()


# More than one sign-up


def test_after_a_second_sign_up_the_owner_chooses_the_password(client, directus):
    sign_up(Client(), EMAIL, STRANGERS)
    first = mailed_link(EMAIL)
    sign_up(client, EMAIL, PASSWORD)

    assert open_link(Client(), first).status_code == 400
    page = open_last_link(client)
    assert ASKS in page.text
    assert f'value="{EMAIL}"' in page.text
    # A click alone confirms nothing.
    assert confirm(client).context["form"].errors["new_password"]
    assert directus.state.find(EMAIL).status == "unverified"

    done = confirm_with_password(client, follow=True)

    assert "You can now sign in." in done.text
    assert passwords_that_work() == [NEW_PASSWORD]
    assert len(mail.outbox) == 2


def test_strangers_do_not_lock_the_owner_out_after_the_confirmation(client, directus):
    for _ in range(2):
        sign_up(Client(), EMAIL, STRANGERS)
    open_last_link(client)
    confirm_with_password(client)
    for _ in range(6):
        log_in(Client(), EMAIL, STRANGERS)

    assert log_in(Client(), EMAIL, NEW_PASSWORD).status_code == 429
    assert log_in(client, EMAIL, NEW_PASSWORD).status_code == 302


def test_status_and_password_are_written_by_one_call(client, directus):
    for _ in range(2):
        sign_up(client, EMAIL)
    open_last_link(client)
    directus.forget_calls()

    confirm_with_password(client)

    (call,) = [call for call in directus.calls if call.method == "PATCH"]
    assert call.json["data"] == {"status": "active", "password": NEW_PASSWORD}


def test_ten_sign_ups_from_three_browsers(directus):
    """One mailbox gets a few mails; the newest link works, and the owner chooses."""
    browsers = [Client(REMOTE_ADDR=f"203.0.113.{n}") for n in range(3)]
    pages = [sign_up(browsers[n % 3], EMAIL, f"{STRANGERS} {n}") for n in range(10)]

    assert [page.status_code for page in pages] == [302] * 5 + [429] * 5
    assert len(mail.outbox) == 5
    assert SignUp.objects.get().count == 5
    open_last_link(browsers[0])
    assert confirm_with_password(browsers[0]).status_code == 302
    assert passwords_that_work(*[f"{STRANGERS} {n}" for n in range(10)]) == [
        NEW_PASSWORD
    ]


def test_of_two_sign_ups_at_once_the_newest_link_works(client, directus, monkeypatch):
    real, others = sign_up_by_site.look_up, iter([STRANGERS])

    def slow_look_up(service, email):
        found = real(service, email)
        for password in others:
            sign_up(Client(), EMAIL, password)
        return found

    monkeypatch.setattr(sign_up_by_site, "look_up", slow_look_up)
    sign_up(client, EMAIL)

    assert len(mail.outbox) == 2
    assert ASKS in open_last_link(client).text
    confirm_with_password(client)
    assert passwords_that_work() == [NEW_PASSWORD]


def test_an_account_from_directus_own_sign_up(client, directus):
    clients.anonymous_client().register_user(
        NewUser(EMAIL, STRANGERS), verification_url="http://testserver/verify-email/"
    )
    sign_up(client, EMAIL)

    assert ASKS in open_last_link(client).text
    confirm_with_password(client)

    assert passwords_that_work() == [NEW_PASSWORD]


def test_a_link_of_directus_itself_asks_for_a_password(client, directus):
    """Also where the site knows the sign-up: a forged link would reveal that."""
    sign_up(client, EMAIL)
    clients.anonymous_client().register_user(
        NewUser(EMAIL, STRANGERS), verification_url="http://testserver/verify-email/"
    )
    link = directus.last_link(EMAIL)

    assert ASKS in open_link(client, link).text
    confirm_with_password(client)

    assert passwords_that_work() == [NEW_PASSWORD]
    directus.change(directus.state.find(EMAIL), last_access=None)
    # A browser that opened it before.
    other = Client()
    open_link(other, link)
    assert confirm_with_password(other, STRANGERS * 2).status_code == 400


def test_a_forged_link_of_directus_confirms_nothing(client, directus):
    sign_up(client, EMAIL)
    clients.anonymous_client().register_user(
        NewUser(EMAIL, STRANGERS), verification_url="http://testserver/verify-email/"
    )
    open_link(client, directus.last_link(EMAIL)[:-4] + "AAAA")

    assert confirm_with_password(client).status_code == 400
    assert directus.state.find(EMAIL).status == "unverified"


def test_passwords_that_differ(client, directus):
    for _ in range(2):
        sign_up(client, EMAIL)
    open_last_link(client)

    page = confirm_with_password(client, again="another password")

    assert page.context["form"].errors["new_password_again"]
    assert NEW_PASSWORD not in page.text


def test_a_password_that_directus_refuses_leaves_the_link(client, directus):
    for _ in range(2):
        sign_up(client, EMAIL)
    open_last_link(client)
    body = {"errors": [{"extensions": {"code": "FAILED_VALIDATION"}}]}
    directus.answers(400, body, path="/users", method="PATCH")

    page = confirm_with_password(client)

    assert page.context["form"].errors["new_password"]
    assert confirm_with_password(client).status_code == 302
    assert passwords_that_work() == [NEW_PASSWORD]


# What each kind of address gets by mail


@pytest.mark.parametrize(
    ("state", "subject"),
    [
        ({"status": "active"}, "already have"),
        ({"status": "active", "role": "staff"}, "already have"),
        ({"provider": "google", "password": None}, "already have"),
        ({"status": "unverified"}, "Confirm your email"),
        ({"status": "invited"}, "invited"),
        ({"status": "unverified", "role": "staff"}, None),
        ({"status": "unverified", "provider": "google"}, None),
        ({"status": "suspended"}, None),
        ({"status": "archived"}, None),
        ({"status": "draft"}, None),
    ],
    ids=str,
)
def test_the_mail_depends_on_the_account(client, directus, state, subject):
    directus.add_user(EMAIL, **state)

    assert sign_up(client, EMAIL).status_code == 302

    assert len(mail.outbox) == (1 if subject else 0)
    for letter in mail.outbox:
        assert subject in letter.subject
        assert letter.to == [EMAIL]


def test_two_accounts_get_no_mail(client, directus):
    directus.add_user(EMAIL, status="unverified")
    directus.add_user(EMAIL.upper(), status="unverified")

    assert sign_up(client, EMAIL).status_code == 302
    assert not mail.outbox


def test_a_suspended_account_has_no_link(client, directus):
    directus.add_user(EMAIL, status="suspended")
    sign_up(client, EMAIL)

    link = MailedLink.objects.get()
    assert (link.directus_id, link.email) == (None, "")


def test_an_invited_customer_gets_an_invitation(client, directus):
    user = directus.add_user(EMAIL, status="invited", password=None)

    sign_up(client, EMAIL)

    link = MailedLink.objects.get()
    assert (link.purpose, str(link.directus_id)) == ("invitation", user.id)
    assert mailed_link(EMAIL, "/invite/")


def test_a_stranger_puts_no_text_into_a_mail(client, directus):
    data = {"first_name": "Win a prize", "last_name": "www.example.org"}
    for _ in range(2):
        sign_up(client, EMAIL, data=data)

    for letter in mail.outbox:
        assert "prize" not in str(letter.message())
        assert "example.org" not in str(letter.message())


def test_an_active_customer_keeps_the_password(client, directus):
    directus.add_user(EMAIL, PASSWORD)
    for _ in range(3):
        sign_up(Client(), EMAIL, STRANGERS)

    assert passwords_that_work() == [PASSWORD]


# Values that Directus refuses


def test_a_refused_password_is_not_told(client, directus, caplog):
    """Directus refuses it for new addresses only."""
    directus.state.password_policy = "/aA1!$/"
    cached = audit.email_digest(EMAIL)
    clients_policy = "accounts.passwords.validation.policy"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clients_policy, lambda: "")
        assert sign_up(client, EMAIL).status_code == 302

    assert "Directus refused values of a sign-up" in caplog.text
    assert PASSWORD not in caplog.text
    assert SignUp.objects.get(pk=cached).directus_id is None
    directus.state.password_policy = None
    assert ASKS in open_last_link(client).text
    confirm_with_password(client)
    assert passwords_that_work() == [NEW_PASSWORD]


def test_an_address_that_directus_refuses_is_not_told(client, directus, caplog):
    body = {"errors": [{"extensions": {"code": "FAILED_VALIDATION"}}]}
    directus.answers(400, body, path="/users", method="POST", times=3)

    assert sign_up(client, EMAIL).status_code == 302

    assert not mail.outbox
    assert "accepts no sign-up of an address" in caplog.text
    assert EMAIL not in caplog.text


# Lost answers and outages


def test_an_outage_creates_and_counts_nothing(client, directus):
    directus.is_down()

    page = sign_up(client, EMAIL)

    assert page.status_code == 503
    assert f'value="{EMAIL}"' in page.text
    assert PASSWORD not in page.text
    directus.is_up()
    clients._transport.cache_clear()
    for _ in range(5):
        assert sign_up(client, EMAIL).status_code == 302


def test_a_lost_answer_to_the_look_up(client, directus):
    directus.loses_answer("/users", method="GET")

    assert sign_up(client, EMAIL).status_code in {302, 503}
    sign_up(client, EMAIL)
    open_last_link(client)
    confirm(client)
    assert directus.state.find(EMAIL) is not None


def test_a_lost_answer_to_the_creation(client, directus):
    """The password may be a stranger's: the site does not know the account's id."""
    directus.loses_answer("/users", method="POST")
    assert sign_up(Client(), EMAIL, STRANGERS).status_code == 503
    assert not mail.outbox

    sign_up(client, EMAIL)

    assert ASKS in open_last_link(client).text
    confirm_with_password(client)
    assert passwords_that_work() == [NEW_PASSWORD]


@pytest.mark.parametrize("count", [1, 2])
def test_a_lost_answer_to_the_confirmation(client, directus, count):
    for _ in range(count):
        sign_up(client, EMAIL)
    open_last_link(client)
    directus.loses_answer("/users", method="PATCH")
    send = confirm if count == 1 else confirm_with_password

    lost = send(client)
    again = send(client, follow=True)

    assert lost.status_code == 503
    assert again.redirect_chain == [("/verify-email/done/", 302)]
    assert passwords_that_work() == [PASSWORD if count == 1 else NEW_PASSWORD]
    assert send(client).status_code == 400


def test_after_a_lost_answer_and_a_sign_in_the_link_changes_no_password(
    client, directus
):
    for _ in range(2):
        sign_up(client, EMAIL)
    open_last_link(client)
    directus.loses_answer("/users", method="PATCH")
    confirm_with_password(client)
    log_in(Client(), EMAIL, NEW_PASSWORD)
    directus.change(directus.state.find(EMAIL), last_access="2026-11-30T10:00:00Z")

    assert confirm_with_password(client, STRANGERS).status_code == 400
    assert passwords_that_work() == [NEW_PASSWORD]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_sign_up_that_directus_does_not_take(client, directus, method, status):
    body = {"errors": [{"extensions": {"code": "ANY"}}]}
    directus.answers(status, body, path="/users", method=method, times=3)

    page = sign_up(client, EMAIL)

    assert page.status_code == (429 if status == 429 else 503)
    assert not mail.outbox


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_a_confirmation_that_directus_does_not_take(client, directus, status):
    sign_up(client, EMAIL)
    open_last_link(client)
    body = {"errors": [{"extensions": {"code": "ANY"}}]}
    directus.answers(status, body, path="/users", method="PATCH", times=2)

    assert confirm(client).status_code == (429 if status == 429 else 503)
    for _ in range(2):
        last = confirm(client)
    assert last.status_code == 302
    assert passwords_that_work() == [PASSWORD]


def test_a_mail_server_that_is_away_is_not_told(client, directus, monkeypatch):
    def refuse(*args, **kwargs):
        raise requests.ConnectionError

    monkeypatch.setattr(
        "django.core.mail.backends.locmem.EmailBackend.send_messages", refuse
    )

    assert sign_up(client, EMAIL).status_code == 302


def test_without_the_token_there_is_no_sign_up(client, directus, settings):
    settings.DIRECTUS_SERVICE_TOKEN = ""

    assert sign_up(client, EMAIL).status_code == 503
    directus.was_not_asked("/users/register")


def test_a_link_outlives_a_change_of_the_mode(client, directus, settings):
    sign_up(client, EMAIL)
    settings.ACCOUNT_MAILS = "directus"
    open_last_link(client)

    assert confirm(client).status_code == 302
    assert passwords_that_work() == [PASSWORD]


# Limits


def test_links_are_limited_by_address(client, directus):
    sign_up(client, EMAIL)
    browsers = [Client() for _ in range(21)]
    for browser in browsers:
        open_last_link(browser)

    codes = [confirm(browser).status_code for browser in browsers]

    assert codes == [302] + [400] * 19 + [429]


# Send again


def send_again(browser, **extra):
    return browser.post("/register/done/", **extra)


def test_the_link_can_be_sent_again(client, directus):
    sign_up(client, EMAIL)
    first = mailed_link(EMAIL)

    page = send_again(client, follow=True)

    assert page.redirect_chain == [("/register/done/?again", 302)]
    assert "Sent again. Use the link in the newest email." in page.text
    assert mailed_link(EMAIL) != first
    assert open_link(Client(), first).status_code == 400
    # This was no further sign-up: the password stays.
    assert ASKS not in open_last_link(client).text
    confirm(client)
    assert passwords_that_work() == [PASSWORD]


def test_only_an_unconfirmed_address_gets_it_again(client, directus):
    directus.add_user(EMAIL)
    sign_up(client, EMAIL)
    assert len(mail.outbox) == 1

    assert send_again(client).status_code == 302
    assert len(mail.outbox) == 1


def test_sending_again_is_counted(client, directus):
    sign_up(client, EMAIL)

    codes = [send_again(client).status_code for _ in range(6)]

    assert codes == [302] * 4 + [429] * 2
    assert len(mail.outbox) == 5
    let_pass(hours=2)
    assert send_again(client).status_code == 302


def test_another_browser_cannot_send_it_again(client, directus):
    sign_up(client, EMAIL)

    other = Client()
    assert EMAIL not in other.get("/register/done/").text
    assert send_again(other).url == "/register/"
    assert len(mail.outbox) == 1


def test_an_outage_while_it_is_sent_again(client, directus):
    sign_up(client, EMAIL)
    directus.is_down()

    page = send_again(client)

    assert page.status_code == 503
    assert EMAIL in page.text


def test_the_address_is_readable_for_no_one_in_the_cookie(client, directus):
    sign_up(client, EMAIL)

    assert not any(EMAIL in cookie.value for cookie in client.cookies.values())


# The owner signs in with a provider


def test_the_owner_removes_the_sign_up(client, directus, provider):
    sign_up(client, EMAIL)
    page = open_last_link(client)
    assert "Continue with Example ID" in page.text

    url = way_to_provider(client.post("/verify-email/", {"provider": "exampleid"}))

    assert url
    assert directus.state.find(EMAIL) is None
    assert not SignUp.objects.exists()
    assert not MailedLink.objects.exists()
    assert confirm(client).status_code == 400


@pytest.mark.parametrize("change", [{"status": "active"}, {"provider": "exampleid"}])
def test_an_account_that_is_not_waiting_is_not_removed(
    client, directus, provider, change
):
    for _ in range(2):
        sign_up(client, EMAIL)
    open_last_link(client)
    user = directus.state.find(EMAIL)
    directus.change(user, **change)

    page = client.post("/verify-email/", {"provider": "exampleid"})

    assert page.status_code == 400
    assert directus.state.find(EMAIL) is user


def test_an_account_that_is_just_confirmed_is_not_removed(client, directus, provider):
    """Two tabs with one link: this one has read the account before the other ends."""
    sign_up(client, EMAIL)
    open_last_link(client)
    user = directus.state.find(EMAIL)

    def confirmed():
        MailedLink.objects.update(used_at=timezone.now())
        directus.change(user, status="active")

    directus.is_late("/users", EMAIL, confirmed)

    page = client.post("/verify-email/", {"provider": "exampleid"})

    assert page.status_code == 400
    assert directus.state.find(EMAIL) is user


def test_an_account_that_could_not_be_removed_can_be_removed_later(
    client, directus, provider
):
    sign_up(client, EMAIL)
    open_last_link(client)
    path = f"/users/{directus.state.find(EMAIL).id}"
    directus.answers(503, {}, path=path, method="DELETE")
    assert client.post("/verify-email/", {"provider": "exampleid"}).status_code == 503

    client.post("/verify-email/", {"provider": "exampleid"})

    assert directus.state.find(EMAIL) is None


# Nothing is written down


def test_no_session_of_a_user_is_made(client, directus):
    sign_up(client, EMAIL)
    open_last_link(client)
    confirm(client)

    assert not Session.objects.exclude(user=None).exists()
    assert not User.objects.exists()
