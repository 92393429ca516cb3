"""The password of an account after its address was confirmed.

It is valid only if this site knows that no other password was typed for the address.
"""

import sys

import pytest
import requests
from django.apps import apps
from django.db.migrations.loader import MigrationLoader

from accounts.core import audit, clients
from accounts.directus import NewUser
from accounts.models import SignUp
from tests.fake_directus.links import send_link

from ..steps import (
    NEW_PASSWORD,
    PASSWORD,
    choose_password,
    confirm,
    log_in,
    open_link,
    sign_up,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_token")]

VICTIM = "vic_tim@example.com"
STRANGERS = "typed by a stranger"
TOO_MANY = {"errors": [{"extensions": {"code": "REQUESTS_EXCEEDED"}}]}
VOID = "choose a new password. We've emailed you a link."


def sign_up_at_directus(email=VICTIM, password=STRANGERS):
    """Sign up past this site."""
    clients.anonymous_client().register_user(
        NewUser(email, password),
        verification_url="http://testserver/verify-email/",
    )


def send_link_to(directus, email=VICTIM):
    """Have Directus mail one more link, as to a user who signed up long ago."""
    send_link(
        directus.state,
        email,
        "Verify your email address",
        "http://testserver/verify-email/",
        seconds=600,
        scope="pending-registration",
    )


def open_last_link(client, directus):
    """Open the newest mail, however its address is written."""
    mails = [mail for mail in directus.mails if mail.to.lower() == VICTIM]
    open_link(client, mails[-1].link)


def confirm_last_link(client, directus, **extra):
    open_last_link(client, directus)
    return confirm(client, **extra)


def passwords_that_work(client, *passwords):
    return [
        password
        for password in (STRANGERS, PASSWORD, *passwords)
        if log_in(type(client)(), VICTIM, password).status_code == 302
    ]


def assert_only_the_owner_gets_in(client, directus):
    assert VOID in confirm_last_link(client, directus, follow=True).text
    assert passwords_that_work(client) == []
    open_last_link(client, directus)
    choose_password(client)
    assert passwords_that_work(client, NEW_PASSWORD) == [NEW_PASSWORD]


# A stranger was first


@pytest.mark.parametrize("query_limit_max", [None, 25])
def test_behind_decoys(client, directus, query_limit_max):
    directus.state.query_limit_max = query_limit_max
    sign_up(type(client)(), VICTIM, STRANGERS)
    for n in range(150):
        directus.add_user(f"{n}{VICTIM}", status="unverified")
        directus.add_user(f"vic{chr(0x100 + n)}tim@example.com", status="unverified")
    sign_up(client, VICTIM, PASSWORD)

    assert_only_the_owner_gets_in(client, directus)


def test_with_other_letters(client, directus):
    directus.add_user(VICTIM.title(), STRANGERS, status="unverified")
    sign_up(client, VICTIM, PASSWORD)

    assert_only_the_owner_gets_in(client, directus)


def test_at_directus_itself(client, directus):
    sign_up_at_directus()
    sign_up(client, VICTIM, PASSWORD)

    assert SignUp.objects.get().count == 1
    assert_only_the_owner_gets_in(client, directus)


def test_before_this_site_existed(client, directus):
    directus.add_user(VICTIM, STRANGERS, status="unverified")
    send_link_to(directus)

    assert not SignUp.objects.exists()
    assert_only_the_owner_gets_in(client, directus)


def test_before_this_site_was_given_its_token(client, directus, settings):
    token, settings.DIRECTUS_SERVICE_TOKEN = settings.DIRECTUS_SERVICE_TOKEN, ""
    sign_up(client, VICTIM, STRANGERS)
    settings.DIRECTUS_SERVICE_TOKEN = token

    assert_only_the_owner_gets_in(client, directus)


def test_confirmed_before_this_site_was_given_its_token(client, directus, settings):
    """A password that could not be replaced stays invalid."""
    token, settings.DIRECTUS_SERVICE_TOKEN = settings.DIRECTUS_SERVICE_TOKEN, ""
    sign_up_at_directus()
    confirm_last_link(client, directus)
    link = next(mail.link for mail in directus.mails if "verify" in mail.link)
    settings.DIRECTUS_SERVICE_TOKEN = token

    open_link(client, link)
    confirm(client)

    assert passwords_that_work(client) == []


def test_two_accounts_of_one_address_are_both_safe(client, directus):
    """Two sign-ups at the same time can make them, where letters count."""
    sign_up(client, VICTIM, PASSWORD)
    directus.add_user(VICTIM.upper(), STRANGERS, status="unverified")

    assert VOID in confirm_last_link(client, directus, follow=True).text
    passwords = {user.password for user in directus.state.users.values()}
    assert not passwords & {STRANGERS, PASSWORD}


def test_an_answer_that_was_lost_after_the_account_was_made(client, directus):
    directus.loses_answer("/users", method="POST")
    assert sign_up(client, VICTIM, STRANGERS).status_code == 503
    sign_up(client, VICTIM, PASSWORD)

    assert_only_the_owner_gets_in(client, directus)


def test_a_mail_that_was_not_asked_for_leaves_the_sign_up_counted(client, directus):
    directus.fails(requests.ConnectionError("refused"), "/users/register")
    assert sign_up(client, VICTIM, STRANGERS).status_code == 503
    sign_up(client, VICTIM, PASSWORD)

    assert_only_the_owner_gets_in(client, directus)


@pytest.mark.parametrize("lacks", ["directus_users.create", "the role"])
def test_where_the_site_cannot_create_the_account_itself(
    client, directus, settings, lacks
):
    if lacks == "the role":
        settings.DIRECTUS_CUSTOMER_ROLE = ""
    directus.state.lacks = {lacks}
    sign_up(client, VICTIM, PASSWORD)

    assert_only_the_owner_gets_in(client, directus)


def test_what_was_shared_before_an_upgrade_stays_unsafe(client, directus):
    """The address may have been confirmed while the password could not be replaced."""
    directus.add_user(VICTIM, STRANGERS)
    directus.add_user("one@example.com", PASSWORD)
    for email, count in ((VICTIM, 2), ("one@example.com", 1)):
        SignUp.objects.create(email_digest=audit.email_digest(email), count=count)

    migrate_from_before()

    assert passwords_that_work(client) == []
    assert log_in(client, "one@example.com", PASSWORD).status_code == 302


def migrate_from_before():
    """Change the rows as the migration does."""
    for migration in MigrationLoader(None).disk_migrations.values():
        module = sys.modules[type(migration).__module__]
        if hasattr(module, "void_what_was_shared"):
            module.void_what_was_shared(apps, None)
            return
    raise AssertionError("no such migration")


# The owner alone


def test_the_only_password_typed_here_is_kept(client, directus):
    sign_up(client, VICTIM, PASSWORD)
    directus.forget_calls()

    done = confirm_last_link(client, directus, follow=True)

    assert "You can now sign in." in done.text
    assert not [call for call in directus.calls if call.method == "PATCH"]
    assert passwords_that_work(client) == [PASSWORD]
    assert not SignUp.objects.exists()


def test_after_a_lost_answer_the_password_is_kept(client, directus):
    sign_up(client, VICTIM, PASSWORD)
    directus.loses_answer("/users/register/verify-email")

    assert confirm_last_link(client, directus).status_code == 503
    assert "You can now sign in." in confirm(client, follow=True).text
    assert passwords_that_work(client) == [PASSWORD]
    # And then the link is used.
    assert confirm_last_link(client, directus).status_code == 400


def test_a_customer_opens_a_used_link_while_strangers_sign_up(client, directus):
    """Nothing is due: the address was confirmed before."""
    sign_up(client, VICTIM, PASSWORD)
    confirm_last_link(client, directus)
    link = directus.last_link(VICTIM)
    for _ in range(2):
        sign_up(type(client)(), VICTIM, STRANGERS)

    open_link(client, link)

    assert confirm(client).status_code == 400
    assert passwords_that_work(client) == [PASSWORD]


@pytest.mark.parametrize("status", ["suspended", "archived"])
def test_a_link_lets_no_suspended_user_in(client, directus, status):
    sign_up(client, VICTIM, PASSWORD)
    directus.change(directus.state.find(VICTIM), status=status)

    assert confirm_last_link(client, directus).status_code == 400
    assert directus.state.find(VICTIM).status == status


# Requests and rows


def test_the_account_is_created_on_behalf_of_the_visitor(client, directus):
    sign_up(client, VICTIM, PASSWORD, REMOTE_ADDR="203.0.113.7")

    created = directus.was_asked_once("/users")
    assert created.json["status"] == "unverified"
    for call in (created, directus.was_asked_once("/users/register")):
        assert call.address == "203.0.113.7"


@pytest.mark.parametrize("setting", ["registration", "registration_confirms"])
def test_what_directus_would_not_leave_unconfirmed_is_not_created(
    client, directus, setting
):
    setattr(directus.state, setting, False)

    sign_up(client, VICTIM, PASSWORD)

    directus.was_not_asked("/users")


def test_whether_directus_confirms_is_asked_once_a_minute(client, directus):
    for n in range(3):
        sign_up(client, f"{n}{VICTIM}", PASSWORD)

    directus.was_asked_once("/server/info")


@pytest.mark.parametrize(
    "refuse",
    [
        lambda directus: setattr(directus.state, "registration_filter", "allowed"),
        lambda directus: directus.answers(429, TOO_MANY, path="/users/register"),
        lambda directus: setattr(directus.state, "site_url", "http://elsewhere"),
    ],
    ids=["filter", "limit", "link"],
)
def test_a_refused_sign_up_leaves_no_account(client, directus, refuse):
    refuse(directus)

    assert sign_up(client, VICTIM, PASSWORD).status_code in {200, 429}

    assert directus.state.find(VICTIM) is None
    assert SignUp.objects.get().count == 0


def test_an_account_that_cannot_be_taken_back_is_not_trusted(client, directus, caplog):
    directus.state.service_deletes = False
    directus.answers(429, TOO_MANY, path="/users/register")
    assert sign_up(client, VICTIM, STRANGERS).status_code == 429
    sign_up(client, VICTIM, PASSWORD)

    assert "is left unconfirmed in Directus" in caplog.text
    assert VICTIM not in caplog.text
    assert_only_the_owner_gets_in(client, directus)


# Faults that stop a confirmation


def assert_stopped(client, directus, status):
    assert confirm_last_link(client, directus).status_code == status
    assert directus.state.find(VICTIM).status == "unverified"
    directus.was_not_asked("/users/register/verify-email")


@pytest.mark.parametrize("count", [1, 2])
def test_an_account_that_is_not_seen(client, directus, caplog, count):
    for _ in range(count):
        sign_up(client, VICTIM, PASSWORD)
    directus.answers(200, {"data": []}, path="/users", method="GET", times=2)

    assert_stopped(client, directus, 400)
    assert "sees no account" in caplog.text


@pytest.mark.parametrize(
    "row", [{"status": None}, {"email": None}], ids=["status", "address"]
)
def test_an_account_of_which_not_enough_is_seen(client, directus, row):
    sign_up(client, VICTIM, PASSWORD)
    whole = {"id": directus.state.find(VICTIM).id, "email": VICTIM, "status": "x"}
    for page in ([whole | row], []):
        directus.answers(200, {"data": page}, path="/users", method="GET")

    assert_stopped(client, directus, 503)


def test_a_password_that_may_not_be_replaced(client, directus):
    sign_up_at_directus()
    directus.state.lacks = {"directus_users.update:password"}

    assert_stopped(client, directus, 503)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_a_look_up_that_directus_refuses(client, directus, status):
    sign_up_at_directus()
    body = {"errors": [{"extensions": {"code": "ANY"}}]}
    directus.answers(status, body, path="/users", method="GET", times=2)

    assert_stopped(client, directus, 429 if status == 429 else 503)
