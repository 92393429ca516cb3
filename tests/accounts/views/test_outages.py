"""Pages that a visitor gets while Directus is away, late or throttling.

These tests look at pages: refused, late and broken connections, bad certificates, 429
and 503. The client's own tests look at the wire.
"""

import pytest
import requests

from accounts.core import clients
from accounts.models import Attempts
from tests.fake_directus import one_time_code

from ..steps import OTP_SECRET, ask_reset, log_in, send_code, sign_up
from .trouble import TYPED, TYPED_PASSWORD, assert_unavailable

pytestmark = pytest.mark.django_db


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


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(requests.ConnectionError("refused"), id="refused"),
        pytest.param(requests.ConnectTimeout("dropped"), id="dropped"),
        pytest.param(requests.ReadTimeout("late"), id="late"),
        pytest.param(requests.exceptions.ChunkedEncodingError("reset"), id="cut off"),
        pytest.param(requests.exceptions.SSLError("expired"), id="certificate"),
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

    assert "t complete that" in late.text
    assert "available right now" in away.text


def test_while_the_breaker_is_open_directus_is_left_alone(client, directus):
    directus.is_down(requests.ReadTimeout("late"))
    for n in range(5):
        log_in(client, f"a{n}@example.com")
    directus.forget_calls()

    assert_unavailable(log_in(client, TYPED), f'value="{TYPED}"')
    assert_unavailable(sign_up(client, TYPED), f'value="{TYPED}"')
    directus.was_not_asked()


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
    send, path, _ = form
    for status in (500, 502, 503, 504):
        clients._transport.cache_clear()
        directus.answers(status, {}, path=path, times=2)
        assert "Incorrect" not in send(client).text


def test_an_unavailable_code_step_can_be_repeated(client, directus):
    user = directus.add_user(otp_secret=OTP_SECRET)
    log_in(client, user.email, user.password)
    directus.fails(requests.ReadTimeout("late"), "/auth/login")

    away = send_code(client, one_time_code(OTP_SECRET))
    again = send_code(client, one_time_code(OTP_SECRET))

    assert (away.status_code, again.status_code) == (503, 302)
    assert one_time_code(OTP_SECRET) not in away.text
