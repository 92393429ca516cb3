"""Trouble between this site and Directus, as a person sees it.

Faults R1, R3 to R9, R11, R12, R14, S6 and control C-UP-1 at the level of pages; what
happens on the wire is tested with the client.
"""

import itertools
import json
from contextlib import ExitStack

import pytest
import requests
from django.db import DatabaseError
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts import clients
from accounts.directus import DirectusUnavailable
from accounts.models import Attempts, Session, User
from tests.fake_directus import one_time_code

from .flows import (
    NEW_PASSWORD,
    OTP_SECRET,
    PASSWORD,
    ask_reset,
    choose_password,
    confirm,
    log_in,
    open_link,
    send_code,
    sign_up,
)

pytestmark = pytest.mark.django_db

TYPED = "ada@example.com"
TYPED_PASSWORD = "what was typed 7f3a9"

# What is sent, what Directus is asked, and what is kept in the page.
FORMS = {
    "sign-in": (
        lambda browser: log_in(browser, TYPED, TYPED_PASSWORD),
        "/auth/login",
        f'value="{TYPED}"',
    ),
    "sign-up": (
        lambda browser: sign_up(browser, TYPED, TYPED_PASSWORD),
        "/users/register",
        f'value="{TYPED}"',
    ),
    "reset": (
        lambda browser: ask_reset(browser, TYPED),
        "/auth/password/request",
        f'value="{TYPED}"',
    ),
}


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


def assert_unavailable(response, kept=""):
    """Control M1: come back later; nothing that was typed is lost but secrets."""
    assert response.status_code == 503
    assert 0 < int(response["Retry-After"]) <= 300
    assert response["X-Request-ID"] in response.text
    assert kept in response.text
    assert TYPED_PASSWORD not in response.text
    assert not Session.objects.exclude(user=None).exists()


JSON = {"Content-Type": "application/json"}
ANSWERS = {
    "R6 a page of a proxy": {"status": 502, "body": "<html>Bad Gateway</html>"},
    "R6 a page that says 200": {
        "status": 200,
        "body": "<html>hi</html>",
        "headers": {"Content-Type": "text/html"},
    },
    "R7 no JSON": {"status": 200, "body": "{", "headers": JSON},
    "R7 NaN": {"status": 200, "body": '{"data": NaN}', "headers": JSON},
    "R7 a mark at its beginning": {
        "status": 200,
        "body": '\ufeff{"data": {}}',
        "headers": JSON,
    },
    "C-UP-1 deep": {"status": 200, "body": "[" * 100_000, "headers": JSON},
    "C-UP-1 long": {
        "status": 200,
        "body": '{"data": "' + "x" * 5_000_000 + '"}',
        "headers": JSON,
    },
    "R12 out of order": {
        "status": 500,
        "json_body": {"errors": [{"extensions": {"code": "INTERNAL_SERVER_ERROR"}}]},
    },
    "R12 down for now": {
        "status": 503,
        "json_body": {"errors": [{"extensions": {"code": "SERVICE_UNAVAILABLE"}}]},
        "headers": {"Retry-After": "7"},
    },
}
SHAPES = [
    [],
    None,
    "text",
    7,
    {},
    {"data": None},
    {"data": []},
    {"data": {}},
    {"data": {"access_token": "a", "refresh_token": "b"}},
    {"data": {"access_token": 7, "refresh_token": "b", "expires": 900000}},
    {"data": {"access_token": "", "refresh_token": "b", "expires": 900000}},
    {"data": {"access_token": "a", "refresh_token": None, "expires": 900000}},
    {"data": {"access_token": "a\n", "refresh_token": "b", "expires": 900000}},
    {"data": {"access_token": "a", "refresh_token": "b", "expires": -1}},
    {"data": {"access_token": "a", "refresh_token": "b", "expires": "900000"}},
    {"data": {"access_token": "a", "refresh_token": "b", "expires": 1e308}},
    {"data": {"access_token": "a", "refresh_token": "b", "expires": True}},
]
PROFILES = [
    {"data": None},
    {"data": []},
    {"data": {"id": "7", "status": "active"}},
    {"data": {"id": 7, "status": "active"}},
    {"data": {"status": "active", "email": "ada@example.com"}},
    {"data": {"id": "00000000-0000-4000-8000-000000000001", "status": 1}},
    {"data": {"id": "00000000-0000-4000-8000-000000000001", "email": []}},
]


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(requests.ConnectionError("refused"), id="R1 refused"),
        pytest.param(requests.ConnectTimeout("dropped"), id="R2 dropped"),
        pytest.param(requests.ReadTimeout("late"), id="R3 and R4 late"),
        pytest.param(
            requests.exceptions.ChunkedEncodingError("reset"), id="R5 cut off"
        ),
        pytest.param(requests.exceptions.SSLError("expired"), id="R19 certificate"),
    ],
)
def test_an_outage_keeps_what_was_typed(client, ada, directus, form, error):
    send, _, kept = form
    directus.is_down(error)

    assert_unavailable(send(client), kept)


def test_an_answer_in_time_is_called_what_it_is(client, directus):
    directus.fails(requests.ReadTimeout("late"), "/auth/login")
    late = log_in(client)
    directus.is_down()
    away = log_in(client)

    assert "That took too long" in late.text
    assert "Sign-in is not available at the moment" in away.text


def test_while_the_breaker_is_open_directus_is_left_alone(client, directus):
    directus.is_down(requests.ReadTimeout("late"))
    for n in range(5):
        log_in(client, f"a{n}@example.com")
    directus.forget_calls()

    assert_unavailable(log_in(client, TYPED), f'value="{TYPED}"')
    assert_unavailable(sign_up(client, TYPED), f'value="{TYPED}"')
    directus.was_not_asked()


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_broken_answer_to_a_sign_in_signs_nobody_in(client, ada, directus, answer):
    directus.answers(path="/auth/login", times=2, **answer)

    assert_unavailable(log_in(client, TYPED, TYPED_PASSWORD), f'value="{TYPED}"')
    assert not User.objects.exists()


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_broken_answer_to_a_sign_up_is_not_sent_again(client, directus, answer):
    directus.answers(path="/users/register", times=2, **answer)

    response = sign_up(client, TYPED, TYPED_PASSWORD)

    # 204 has no body that could be broken: some of these are an answer.
    assert response.status_code in {302, 503}
    directus.was_asked_once("/users/register")


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_tokens_of_a_wrong_shape_sign_nobody_in(client, ada, directus, shape):
    """Fault R8."""
    body = json.dumps(shape)
    directus.answers(200, body=body, path="/auth/login", headers=JSON)

    assert_unavailable(log_in(client, TYPED, TYPED_PASSWORD))


@pytest.mark.parametrize("profile", PROFILES, ids=str)
def test_a_profile_of_a_wrong_shape_signs_nobody_in(client, ada, directus, profile):
    """Faults R8 and S6: the tokens are taken back."""
    directus.answers(200, profile, path="/users/me", times=3)

    assert_unavailable(log_in(client, ada.email, ada.password))
    assert directus.sessions_of(ada) == []
    assert not User.objects.exists()


JUNK = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["id", "data", "x"]), inner, max_size=3),
    ),
    max_leaves=6,
)
RIGHT_TOKENS = {"access_token": "a", "refresh_token": "b", "expires": 900_000}
RIGHT_PROFILE = {
    "id": "00000000-0000-4000-8000-000000000001",
    "email": TYPED,
    "status": "active",
    "role": None,
    "last_access": None,
}
MANY = hypothesis_settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def answer_and_log_in(directus, path, answer):
    """Sign in while Directus gives an odd answer; nobody may fall over it."""
    clients._transport.cache_clear()
    directus.forget_calls()
    # For this sign-in alone.
    directus._specials.clear()
    directus.answers(200, body=json.dumps(answer), path=path, headers=JSON, times=3)
    browser = Client(raise_request_exception=False)
    address = f"198.51.{next(NUMBERS) % 200}.{next(NUMBERS) % 200}"
    return browser, log_in(browser, TYPED, TYPED_PASSWORD, REMOTE_ADDR=address)


NUMBERS = itertools.count()


@MANY
@given(name=st.sampled_from(sorted(RIGHT_TOKENS)), junk=JUNK, whole=st.booleans())
def test_tokens_with_anything_in_them_are_no_error(directus, db, name, junk, whole):
    """Fault R8: whatever is in the answer, a page comes, and nobody else is let in."""
    data = junk if whole else RIGHT_TOKENS | {name: junk}

    browser, response = answer_and_log_in(directus, "/auth/login", {"data": data})

    # Odd tokens that are tokens all the same are refused when they are used.
    assert response.status_code in {200, 429, 503}
    assert browser.get("/").status_code == 302


@MANY
@given(
    changes=st.dictionaries(st.sampled_from(sorted(RIGHT_PROFILE)), JUNK, max_size=3)
)
def test_a_profile_with_anything_in_it_is_no_error(directus, db, changes):
    """Fault R8."""
    if not directus.state.find(TYPED):
        directus.add_user(TYPED, TYPED_PASSWORD)
    answer = {"data": RIGHT_PROFILE | changes}

    browser, response = answer_and_log_in(directus, "/users/me", answer)

    assert response.status_code in {200, 302, 429, 503}
    assert browser.get("/").status_code in {200, 302}


@pytest.mark.parametrize("status", [200, 204])
def test_an_empty_answer_signs_nobody_in(client, directus, status):
    """Fault R9."""
    directus.answers(status, path="/auth/login")

    assert_unavailable(log_in(client, TYPED, TYPED_PASSWORD))


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("57", "57"),
        ("99999", "300"),
        ("0", "1"),
        ("-5", None),
        ("garbage", None),
        ("Wed, 21 Oct 2037 07:28:00 GMT", "300"),
        ("Wed, 21 Oct 2015 07:28:00 GMT", "1"),
        (None, None),
    ],
)
def test_throttling_by_directus_says_when_to_come_back(client, directus, header, told):
    """Fault R11."""
    headers = {} if header is None else {"Retry-After": header}
    body = {"errors": [{"extensions": {"code": "REQUESTS_EXCEEDED"}}]}
    directus.answers(429, body, path="/auth/login", headers=headers)

    response = log_in(client, TYPED, TYPED_PASSWORD)

    assert response.status_code == 429
    assert 1 <= int(response["Retry-After"]) <= 300
    assert told is None or response["Retry-After"] == told
    assert f'value="{TYPED}"' in response.text
    assert TYPED_PASSWORD not in response.text
    directus.was_asked_once("/auth/login")


def test_no_trouble_counts_as_a_failure(client, ada, directus):
    for _ in range(4):
        directus.fails(requests.ReadTimeout("late"), "/auth/login")
        log_in(client, TYPED)
    body = {"errors": [{"extensions": {"code": "REQUESTS_EXCEEDED"}}]}
    directus.answers(429, body, path="/auth/login")
    log_in(client, TYPED)

    rows = Attempts.objects.exclude(key__startswith="address-sign-ins")
    assert not rows.filter(count__gt=0).exists()
    assert not rows.filter(in_flight__gt=0).exists()


def test_trouble_is_never_called_a_wrong_password(client, ada, directus, form):
    """Fault R12, defect 10."""
    send, path, _ = form
    for status in (500, 502, 503, 504):
        clients._transport.cache_clear()
        directus.answers(status, {}, path=path, times=2)
        assert "Wrong" not in send(client).text


def test_an_unavailable_code_step_can_be_repeated(client, directus):
    user = directus.add_user(otp_secret=OTP_SECRET)
    log_in(client, user.email, user.password)
    directus.fails(requests.ReadTimeout("late"), "/auth/login")

    away = send_code(client, one_time_code(OTP_SECRET))
    again = send_code(client, one_time_code(OTP_SECRET))

    assert (away.status_code, again.status_code) == (503, 302)
    assert one_time_code(OTP_SECRET) not in away.text


# Links: what may have happened, and what has not


@pytest.fixture
def reset_page(client, directus, ada):
    """A browser on the page to choose a new password."""
    ask_reset(client)
    open_link(client, directus.last_link(ada.email))
    directus.forget_calls()
    return client


def test_a_reset_that_was_not_sent_keeps_its_link(reset_page, ada, directus):
    directus.is_down()

    assert choose_password(reset_page).status_code == 503
    directus.is_up()
    clients._transport.cache_clear()

    assert choose_password(reset_page).url == "/reset-password/done/"
    assert ada.password == NEW_PASSWORD


def test_a_reset_while_too_many_hash_at_once_keeps_its_link(
    reset_page, ada, directus, monkeypatch
):
    """Control of the bulkhead: nothing was sent."""
    transport = clients.transport()
    monkeypatch.setattr(transport._bulkhead, "WAIT_SECONDS", 0.01)
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(transport._bulkhead.slot())
            except DirectusUnavailable:
                break
        assert choose_password(reset_page).status_code == 503

    directus.was_not_asked()
    assert choose_password(reset_page).url == "/reset-password/done/"


def test_a_reset_in_a_rush_keeps_its_link(reset_page, ada, directus):
    """Nothing was sent: too many at once, or Directus says to come back."""
    directus.answers(503, {}, path="/auth/password/reset", headers={"Retry-After": "2"})

    response = choose_password(reset_page)

    assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert choose_password(reset_page).url == "/reset-password/done/"


def test_a_reset_whose_answer_was_lost_is_sent_once(reset_page, ada, directus):
    """Fault R5."""
    directus.loses_answer("/auth/password/reset")

    response = choose_password(reset_page, follow=True)

    assert response.redirect_chain == [("/reset-password/unsure/", 302)]
    assert "may have been changed" in response.text
    directus.was_asked_once("/auth/password/reset")
    # Whoever tries again is told that the link is used.
    assert "does not work" in choose_password(reset_page).text


def test_a_lost_reset_that_never_happened_can_be_repeated(reset_page, ada, directus):
    directus.fails(requests.ReadTimeout("late"), "/auth/password/reset")

    assert choose_password(reset_page).url == "/reset-password/unsure/"
    assert choose_password(reset_page).url == "/reset-password/done/"


def test_a_password_that_directus_refuses_keeps_the_link(reset_page, ada, directus):
    """Fact F10."""
    directus.state.password_policy = "/^never$/"
    refused = choose_password(reset_page)
    directus.state.password_policy = None

    assert refused.status_code == 200
    assert refused.context["form"].errors["new_password"]
    assert choose_password(reset_page).url == "/reset-password/done/"


def test_a_confirmation_that_was_not_sent_keeps_its_link(client, directus):
    sign_up(client)
    open_link(client, directus.last_link("new@example.com"))
    directus.is_down()
    away = confirm(client)
    directus.is_up()
    clients._transport.cache_clear()

    assert away.status_code == 503
    assert confirm(client).url == "/verify-email/done/"


def test_a_sign_up_whose_answer_was_lost_is_sent_once(client, directus):
    """Fault R5: the second try is the visitor's, and harmless."""
    directus.loses_answer("/users/register")

    lost = sign_up(client)

    assert lost.status_code == 503
    directus.was_asked_once("/users/register")
    assert sign_up(client).status_code == 302


# The own session


def test_a_reset_in_a_browser_that_is_signed_in_ends_its_session_too(
    signed_in_client, ada, directus
):
    ask_reset(signed_in_client)
    open_link(signed_in_client, directus.last_link(ada.email))

    done = choose_password(signed_in_client, follow=True)

    assert done.status_code == 200
    assert done.redirect_chain == [("/reset-password/done/", 302)]
    assert signed_in_client.get("/").status_code == 302


def test_a_reset_for_somebody_else_leaves_the_own_session(
    signed_in_client, ada, directus
):
    other = directus.add_user("grace@example.com")
    ask_reset(signed_in_client, other.email)
    open_link(signed_in_client, directus.last_link(other.email))

    assert choose_password(signed_in_client).url == "/reset-password/done/"
    assert signed_in_client.get("/").status_code == 200


def test_a_session_that_ended_at_directus_leads_to_the_sign_in_and_back(
    signed_in_client, ada, directus, settings
):
    """Fault R14."""
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    directus.expires_access_tokens()
    directus.state.end_sessions(ada)

    response = signed_in_client.get("/?page=2", follow=True)

    assert response.redirect_chain == [("/login/?next=/%3Fpage%3D2", 302)]
    assert "Your session has ended" in response.text
    back = log_in(signed_in_client, ada.email, ada.password, data={"next": "/?page=2"})
    assert back.url == "/?page=2"


@pytest.mark.parametrize("error", [DatabaseError("gone"), RuntimeError("bug")])
def test_tokens_of_a_sign_in_that_fails_here_are_taken_back(
    client, ada, directus, monkeypatch, error
):
    """Fault S6."""

    def fail(*args, **kwargs):
        raise error

    client.raise_request_exception = False
    monkeypatch.setattr("accounts.backends.mirror_user", fail)

    response = log_in(client, ada.email, ada.password)

    assert response.status_code in {500, 503}
    if isinstance(error, DatabaseError):
        assert directus.sessions_of(ada) == []
    assert not Session.objects.exclude(user=None).exists()


def test_a_sign_up_needs_no_row_that_could_be_missing_later(client, directus):
    """Fault S7."""
    sign_up(client, password=PASSWORD)

    assert not User.objects.exists()
