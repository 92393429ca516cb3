"""No page, status, mail or delay reveals which accounts exist."""

import re
import time
from types import SimpleNamespace

import pytest
import requests
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.core import background, sign_in_ways
from accounts.models import User
from accounts.passwords import validation
from accounts.throttling.limits import Throttled
from accounts.views import floors
from tests.fake_directus.tokens import make_jwt

from ..steps import (
    OTP_SECRET,
    ask_reset,
    choose_password,
    log_in,
    open_link,
    send_code,
    sign_up,
)

pytestmark = pytest.mark.django_db

STATES = (
    {"status": "active"},
    {"status": "suspended"},
    {"status": "invited"},
    {"status": "unverified"},
    {"status": "archived"},
    {"provider": "google", "password": None},
    None,
)


@pytest.fixture
def accounts(directus):
    """An address for each state that an account can be in; the last is unknown."""
    directus.state.registrations_a_minute = 100
    emails = [f"user{n}@example.com" for n in range(len(STATES))]
    for email, state in zip(emails, STATES, strict=True):
        if state is not None:
            directus.add_user(email, **state)
    return emails


@pytest.fixture
def answers(accounts, client):
    """Return a function that gives the answers to one form for all states."""

    def answers(send):
        found = []
        for email in accounts:
            client.cookies.clear()
            found.append(shown(send(client, email), email))
        return found

    return answers


def shown(response, email):
    """Return all that a browser gets, without random values and the typed address."""
    text = response.content.decode().replace(email, "")
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)
    text = text.replace(response["X-Request-ID"], "")
    headers = dict(response.items())
    for name in ("X-Request-ID", "Expires"):
        headers.pop(name, None)
    return response.status_code, text, headers, sorted(response.cookies)


def test_a_refused_sign_in_looks_the_same_for_every_account(answers):
    found = answers(log_in)

    assert found[0][0] == 200
    assert "Incorrect email address or password." in found[0][1]
    assert found == [found[0]] * len(STATES)


def test_an_address_that_directus_finds_odd_looks_the_same(client, answers, directus):
    usual = answers(log_in)[0]

    client.cookies.clear()
    email = "abcde@exampl.test"
    odd = shown(log_in(client, email), email)

    assert odd == usual


def test_a_refused_sign_in_costs_the_same_for_every_account(accounts, client, directus):
    """The number of calls and queries does not depend on the account."""
    costs = []
    for email in accounts:
        client.cookies.clear()
        directus.forget_calls()
        with CaptureQueriesContext(connection) as queries:
            log_in(client, email, REMOTE_ADDR=f"203.0.113.{len(costs)}")
        verbs = [query["sql"].split()[0] for query in queries]
        costs.append(([call.path for call in directus.calls], verbs))

    assert costs[0][0] == ["/auth/login"]
    assert all(cost == costs[0] for cost in costs)


def test_a_known_user_costs_no_more_than_a_new_one(client, ada, sign_in, directus):
    """A row of the user here saves no query."""
    sign_in(ada)
    costs = []
    for email in (ada.email, "nobody@example.com"):
        browser = type(client)()
        with CaptureQueriesContext(connection) as queries:
            log_in(browser, email, REMOTE_ADDR=f"203.0.113.{len(costs)}")
        costs.append([query["sql"].split()[0] for query in queries])

    assert costs[0] == costs[1]


def test_only_local_users_are_looked_up_before_directus_answered(
    client, ada, sign_in, directus
):
    sign_in(ada)
    browser = type(client)()

    with CaptureQueriesContext(connection) as queries:
        log_in(browser, ada.email)

    asked = [q["sql"] for q in queries if User._meta.db_table in q["sql"]]
    assert len(asked) == 1
    assert '"directus_id" IS NULL' in asked[0]


def test_django_checks_no_password_of_its_own(settings):
    assert settings.AUTHENTICATION_BACKENDS == [
        "accounts.backends.DirectusBackend",
        "accounts.backends.DirectusSsoBackend",
    ]


@pytest.fixture
def naps(monkeypatch):
    """The seconds that pages waited so that their time reveals nothing."""
    naps = []
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=naps.append)
    monkeypatch.setattr(floors, "time", clock)
    return naps


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_a_refused_sign_in_takes_a_fixed_time(client, ada, settings, naps, email):
    settings.SIGN_IN_FLOOR_SECONDS = 0.6

    log_in(client, email)

    assert len(naps) == 1
    assert 0.3 < naps[0] <= 0.6


def test_a_wrong_code_takes_a_fixed_time(client, directus, settings, naps):
    user = directus.add_user("grace@example.com", otp_secret=OTP_SECRET)
    log_in(client, user.email, user.password)
    settings.SIGN_IN_FLOOR_SECONDS = 0.6
    naps.clear()

    send_code(client)

    assert len(naps) == 1
    assert 0.3 < naps[0] <= 0.6


def test_an_attempt_that_waited_for_another_does_not_reveal_its_duration(
    client, settings, naps, monkeypatch
):
    """The other attempt reached Directus, whose time depends on the account."""

    def throttled(attempts):
        raise Throttled(300, waited=True)

    monkeypatch.setattr("accounts.throttling.attempts.take_all", throttled)
    settings.SIGN_IN_FLOOR_SECONDS = 0.6

    assert log_in(client).status_code == 429
    assert len(naps) == 1


def test_a_flood_of_throttled_sign_ins_holds_no_threads(client, settings, naps):
    for _ in range(5):
        log_in(client)
    naps.clear()
    settings.SIGN_IN_FLOOR_SECONDS = 0.6

    assert log_in(client).status_code == 429
    assert naps == []


def test_an_outage_is_told_at_once(client, settings, directus, naps):
    settings.SIGN_IN_FLOOR_SECONDS = 0.6
    directus.is_down(requests.ReadTimeout("late"))

    assert log_in(client).status_code == 503
    assert naps == []


# Sign-up


def test_a_sign_up_looks_the_same_for_every_account(answers):
    found = answers(sign_up)

    assert found[0][0] == 302
    assert found == [found[0]] * len(STATES)


@pytest.mark.parametrize("with_token", [True, False])
def test_a_sign_up_costs_the_same_for_known_and_unknown(
    client, ada, directus, with_token, request
):
    expected = ["/users/register"]
    if with_token:
        request.getfixturevalue("service_token")
        expected = ["/users", "/users/register"]
        # This asks for Directus' settings, which are cached for a minute.
        sign_up(client, "grace@example.com")
    costs = []
    for email in (ada.email, "new@example.com"):
        directus.forget_calls()
        with CaptureQueriesContext(connection) as queries:
            sign_up(client, email, REMOTE_ADDR=f"203.0.113.{len(costs)}")
        verbs = [query["sql"].split()[0] for query in queries]
        costs.append(([call.path for call in directus.calls], verbs))

    assert costs[0] == costs[1]
    assert costs[0][0] == expected


@pytest.mark.parametrize("email", ["ada@example.com", "new@example.com"])
@pytest.mark.parametrize("password", ["Sh0rt!", "password1234", "1" * 129])
def test_a_weak_password_is_refused_before_directus_is_asked(
    client, ada, directus, email, password
):
    response = sign_up(client, email, password)

    assert response.status_code == 200
    assert response.context["form"].errors["password"]
    assert password not in response.text
    directus.was_not_asked()


def test_a_password_against_directus_policy_is_refused_before_it_is_asked(
    client, ada, directus, service_token
):
    directus.state.password_policy = "/^(?=.*[0-9]).{8,}$/"

    response = sign_up(client, password="no digit in this one")

    assert response.context["form"].errors["password"]
    directus.was_not_asked("/users/register")


@pytest.mark.usefixtures("service_token")
def test_a_sign_up_looks_the_same_where_the_site_creates_accounts(answers):
    found = answers(sign_up)

    assert found[0][0] == 302
    assert found == [found[0]] * len(STATES)


@pytest.mark.parametrize("email", ["ada@example.com", "new@example.com"])
@pytest.mark.parametrize("status", [204, 400, 403, 429])
def test_whatever_becomes_of_a_sign_up_takes_a_fixed_time(
    client, ada, directus, settings, naps, service_token, email, status
):
    """Only an unknown address gets an account, which the site deletes again."""
    settings.SIGN_UP_FLOOR_SECONDS = 60
    body = {"errors": [{"extensions": {"code": "INVALID_PAYLOAD"}}]}
    directus.answers(status, body if status > 204 else None, path="/users/register")

    sign_up(client, email)

    assert len(naps) == 1
    assert 50 < naps[0] <= 60


def test_a_refusal_by_directus_looks_like_a_success(client, ada, directus, answers):
    """Directus refuses such a password for unknown addresses only."""
    directus.state.password_policy = "/^never$/"

    found = answers(sign_up)

    assert found[0][0] == 302
    assert found == [found[0]] * len(STATES)


def test_a_sign_up_takes_a_fixed_time_at_least(client, settings, directus, naps):
    """Directus refuses at once, and answers a success later."""
    settings.SIGN_UP_FLOOR_SECONDS = 0.8
    directus.state.password_policy = "/^never$/"

    sign_up(client)

    assert len(naps) == 1
    assert 0.5 < naps[0] <= 0.8


def test_the_classic_sign_up_says_that_an_address_is_taken(
    client, ada, directus, settings, service_token
):
    """DIRECTUS_SIGNUP=create is meant for this; it is not the default."""
    settings.DIRECTUS_SIGNUP = "create"

    response = sign_up(client, ada.email)

    assert response.status_code == 200
    error = "This email address already has an account."
    assert response.context["form"].errors["email"] == [error]


@pytest.fixture
def site_accounts(accounts, directus, site_mails):
    """The same addresses, where the site mails the links; one has two accounts."""
    twins = "twins@example.com"
    directus.add_user(twins, status="unverified")
    directus.add_user(twins.upper(), status="unverified")
    directus.add_user("staff@example.com", role="staff", status="unverified")
    return [*accounts, twins, "staff@example.com"]


def send_again(browser, email, **extra):
    return browser.post("/register/done/", **extra)


def test_a_sign_up_by_site_looks_the_same_for_every_account(site_accounts, client):
    found = []
    for email in site_accounts:
        client.cookies.clear()
        pages = [sign_up(client, email), client.get("/register/done/")]
        pages.append(send_again(client, email))
        found += [shown(page, email) for page in pages]

    assert [page[0] for page in found[:3]] == [302, 200, 302]
    assert found == found[:3] * len(site_accounts)


@pytest.mark.parametrize("again", [False, True])
def test_a_sign_up_by_site_costs_the_same_for_every_account(
    site_accounts, directus, again, settings
):
    # Asks for Directus' settings, which are cached.
    sign_up(Client(), "grace@example.com")
    settings.TERMS_URL = "https://www.example.com/terms"
    costs = []
    for number, email in enumerate(site_accounts):
        browser = Client(REMOTE_ADDR=f"203.0.113.{number}")
        if again:
            sign_up(browser, email, data={"terms": "on"})
        directus.forget_calls()
        with CaptureQueriesContext(connection) as queries:
            if again:
                page = send_again(browser, email)
            else:
                page = sign_up(browser, email, data={"terms": "on"})
        assert page.status_code == 302
        # Savepoints have random names.
        statements = [query["sql"].split()[:3] for query in queries]
        statements = [each for each in statements if "SAVEPOINT" not in each]
        calls = [(call.method, call.path) for call in directus.calls]
        costs.append((calls, statements))

    looks = [("GET", "/users")] * 2
    assert costs[0][0] == (looks if again else [*looks, ("POST", "/users")])
    assert costs == [costs[0]] * len(costs)


@pytest.mark.parametrize("email", ["user0@example.com", "user6@example.com"])
def test_a_sign_up_by_site_takes_a_fixed_time(
    site_accounts, client, settings, naps, email
):
    settings.SIGN_UP_FLOOR_SECONDS = 60

    sign_up(client, email)
    send_again(client, email)

    assert len(naps) == 2
    assert all(50 < nap <= 60 for nap in naps)


@pytest.mark.parametrize("policy", ["/^never$/", "/aA1!$/"])
def test_a_refusal_of_a_sign_up_by_site_looks_like_a_success(
    site_accounts, client, directus, policy
):
    directus.state.password_policy = policy
    cache.set(validation.CACHE_KEY, "", 60)
    found = []
    for email in site_accounts:
        client.cookies.clear()
        found.append(shown(sign_up(client, email), email))

    assert found[0][0] == 302
    assert found == [found[0]] * len(found)


@pytest.mark.usefixtures("site_mails")
def test_a_forged_link_of_directus_looks_the_same_for_every_address(client, directus):
    """The page of a link tells nothing about sign-ups that wait."""
    sign_up(client, "waits@example.com")
    pages = []
    for email in ("waits@example.com", "never@example.com"):
        token = make_jwt(time.time(), 600, email=email, scope="pending-registration")
        browser = Client()
        page = open_link(browser, f"/verify-email/?token={token[:-4]}AAAA")
        pages.append(shown(page, email))

    assert pages[0][0] == 200
    assert pages[0] == pages[1]


# Reset


def test_asking_for_a_link_looks_the_same_for_every_account(answers):
    found = answers(ask_reset)

    assert found[0][0] == 302
    assert found == [found[0]] * len(STATES)


def test_asking_for_a_link_costs_the_same_for_known_and_unknown(client, ada, directus):
    costs = []
    for email in (ada.email, "nobody@example.com"):
        directus.forget_calls()
        with CaptureQueriesContext(connection) as queries:
            ask_reset(client, email, REMOTE_ADDR=f"203.0.113.{len(costs)}")
        costs.append(([call.path for call in directus.calls], len(queries)))

    assert costs[0] == costs[1]
    assert costs[0][0] == ["/auth/password/request"]


def test_asking_for_a_link_takes_a_fixed_time(client, ada, settings, naps):
    settings.RESET_FLOOR_SECONDS = 0.7

    ask_reset(client)

    assert len(naps) == 1
    assert 0.4 < naps[0] <= 0.7


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 502, 503])
def test_trouble_with_one_mail_is_not_told(client, directus, status):
    """Directus sends a mail, which may fail, to known addresses only."""
    body = {"errors": [{"extensions": {"code": "ANY"}}]}
    directus.answers(status, body, path="/auth/password/request")

    response = ask_reset(client)

    assert (response.status_code, response.url) == (
        302,
        "/request-reset-password/done/",
    )


def test_a_mail_that_takes_too_long_is_not_told(client, directus):
    directus.fails(requests.ReadTimeout("late"), "/auth/password/request")

    assert ask_reset(client).status_code == 302


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_an_outage_is_told_for_known_and_unknown_addresses(
    client, ada, directus, email
):
    directus.is_down()

    response = ask_reset(client, email)

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert f'value="{email}"' in response.text


def test_throttling_is_told_for_known_and_unknown_addresses(client, directus):
    directus.throttles(57)

    assert ask_reset(client).status_code == 429


def test_a_reset_signs_no_user_in(client, ada, directus):
    ask_reset(client)
    open_link(client, directus.last_link(ada.email))

    choose_password(client)

    assert client.get("/").status_code == 302


# Reset, by the site's own mail


@pytest.mark.usefixtures("site_mails", "provider")
def test_asking_the_site_for_a_link_looks_the_same_for_every_account(answers):
    found = answers(ask_reset)

    assert found[0][0] == 302
    assert found == [found[0]] * len(STATES)


@pytest.mark.usefixtures("site_mails", "provider")
def test_asking_the_site_for_a_link_costs_the_same_for_every_account(
    accounts, client, directus, monkeypatch
):
    directus.add_user("root@example.com", role="Administrator")
    # What comes later costs the visitor no time.
    monkeypatch.setattr(background, "run", lambda work: None)
    costs = []
    for email in (*accounts, "root@example.com"):
        client.cookies.clear()
        sign_in_ways._asked.clear()
        directus.forget_calls()
        with CaptureQueriesContext(connection) as queries:
            ask_reset(client, email, REMOTE_ADDR=f"203.0.113.{len(costs)}")
        verbs = [query["sql"].split()[0] for query in queries]
        calls = [(call.method, call.path) for call in directus.calls]
        costs.append((calls, verbs))

    assert [call for call in costs[0][0] if call[1] == "/users"]
    assert all(cost == costs[0] for cost in costs)


@pytest.mark.usefixtures("site_mails")
def test_asking_the_site_for_a_link_takes_a_fixed_time(
    accounts, client, settings, naps
):
    settings.RESET_FLOOR_SECONDS = 0.7

    for email in accounts:
        ask_reset(client, email)

    assert len(naps) == len(STATES)
    assert all(0.4 < nap <= 0.7 for nap in naps)


@pytest.mark.usefixtures("site_mails")
def test_the_page_after_it_is_the_same_for_every_account(answers):
    found = answers(lambda client, email: ask_reset(client, email, follow=True))

    assert "If an account uses" in found[0][1]
    assert found == [found[0]] * len(STATES)


@pytest.mark.usefixtures("site_mails")
def test_sending_again_looks_the_same_for_every_account(answers):
    def again(client, email):
        ask_reset(client, email)
        return client.post("/request-reset-password/done/", follow=True)

    found = answers(again)

    assert "Sent again." in found[0][1]
    assert found == [found[0]] * len(STATES)


@pytest.mark.usefixtures("site_mails")
def test_a_full_mailbox_is_told_for_every_account(answers):
    for _ in range(5):
        answers(ask_reset)
    found = answers(ask_reset)

    assert {each[0] for each in found} == {429}
    # The time until the next attempt passes between two answers.
    assert len({re.sub(r"\d+", "", str(each)) for each in found}) == 1
