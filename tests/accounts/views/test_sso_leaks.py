"""No secret of a sign-in with a provider leaves the site, but for what it must.

The state goes to the provider in the address of the page that leads there, and a
provider that answers by POST has its answer repeated in a redirect. Nothing else.
"""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from django.contrib.auth.signals import user_login_failed
from django.db import DatabaseError, OperationalError
from django.test import Client

from accounts.flows import sso, sso_attempts
from config.logs import mask
from tests.fake_directus import one_time_code

from ..canaries import everything_written
from ..sso_steps import ADA, CALLBACK, come_back, press, way_to_provider
from ..steps import OTP_SECRET

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]


@pytest.fixture
def known(monkeypatch, canaries):
    """Note each state and cookie of Directus as a secret."""
    keep = sso_attempts.keep

    def note(request, state, waiting, *until):
        canaries.secrets |= {state, waiting.cookie.partition("=")[2]}
        keep(request, state, waiting, *until)

    monkeypatch.setattr(sso_attempts, "keep", note)
    return canaries


def begin(visitor):
    """Press the button; forget the page that leads on, which names the state."""
    url = way_to_provider(press(visitor, next="/account/"))
    visitor.pages.pop()
    return url


def check(known, directus, log, visitor):
    known.secrets |= set(directus.state.codes) | set(directus.state.sessions)
    known.secrets |= {call.token for call in directus.calls if call.token}
    for place, text in everything_written(log, visitor).items():
        assert not known.found_in(text), place


def test_a_sign_in_with_a_code(visitor, directus, known, log):
    user = directus.add_user(
        ADA.email,
        None,
        provider="exampleid",
        external_identifier=ADA.sub,
        otp_secret=OTP_SECRET,
    )
    url = begin(visitor)
    query = directus.approve(url, ADA)
    known.secrets |= {query["code"]}
    come_back(visitor, query, follow=True)
    for code in ("731946", one_time_code(OTP_SECRET)):
        known.secrets |= {code}
        url = way_to_provider(visitor.post("/sso/code/", {"otp": code}))
        visitor.pages.pop()
        query = directus.approve(url, ADA)
        known.secrets |= {query["code"]}
        come_back(visitor, query, follow=True)
    directus.forget_calls()
    visitor.get("/")

    assert directus.sessions_of(user)
    assert "sign_in.done" in log.getvalue()
    check(known, directus, log, visitor)


def test_refusals(visitor, directus, known, log):
    for change in (
        {"error": "access_denied"},
        {"iss": "https://evil.example"},
        {"code": "a-forged-code-91ac"},
        {"state": "a-forged-state-" + "x" * 40},
    ):
        query = directus.approve(begin(visitor), ADA) | change
        known.secrets |= {query["code"], query["state"]}
        come_back(visitor, query, follow=True)

    check(known, directus, log, visitor)


@pytest.mark.parametrize(
    "error", [requests.ConnectionError("refused"), requests.ReadTimeout("late")]
)
def test_an_outage(visitor, directus, known, log, error):
    query = directus.approve(begin(visitor), ADA)
    known.secrets |= {query["code"]}
    directus.is_down(error)

    come_back(visitor, query, follow=True)

    check(known, directus, log, visitor)


@pytest.mark.parametrize(
    "error", [RuntimeError("boom"), DatabaseError("boom"), OperationalError("locked")]
)
@pytest.mark.parametrize("where", ["_exchange", "_mirrored"])
def test_a_view_that_fails(visitor, directus, known, log, monkeypatch, error, where):
    """The log, the page, and the mail with the report."""

    def fail(*args):
        raise error

    query = directus.approve(begin(visitor), ADA)
    known.secrets |= {query["code"]}
    monkeypatch.setattr(sso, where, fail)

    response = come_back(visitor, query)

    assert response.status_code in {302, 500}
    check(known, directus, log, visitor)


def test_a_post_repeats_the_answer_in_the_redirect_alone(visitor, directus, known, log):
    query = directus.approve(begin(visitor), ADA)
    known.secrets |= {query["code"]}

    response = visitor.post(CALLBACK, query)
    visitor.pages.pop()
    visitor.get(response.url)

    assert parse_qs(urlsplit(response.url).query)["code"] == [query["code"]]
    check(known, directus, log, visitor)


def test_nothing_of_the_answer_stays_in_the_request(client, directus):
    """The server's log, in any format, and what collects errors read it later."""
    query = directus.approve(way_to_provider(press(client)), ADA)
    whole = f"{CALLBACK}?{urlencode(query)}"

    response = client.get(whole, RAW_URI=whole, REQUEST_URI=whole)

    assert response.url == "/"
    request = response.wsgi_request
    left = f"{request.META} {request.GET} {request.get_full_path()}"
    assert query["code"] not in left
    assert query["state"] not in left
    assert request.META["RAW_URI"] == CALLBACK


def test_a_log_line_with_the_address_hides_the_answer():
    """As the development server writes them."""
    line = f'"GET {CALLBACK}?code=abc.def&iss=http%3A%2F%2Fp&state=xyz HTTP/1.1" 302 0'

    hidden = mask(line)

    assert "abc.def" not in hidden
    assert "xyz" not in hidden
    assert hidden.endswith('HTTP/1.1" 302 0')


def test_what_listens_to_refused_sign_ins_sees_no_answer(client, directus, provider):
    seen = []

    def listen(sender, credentials, **kwargs):
        seen.append(credentials)

    user_login_failed.connect(listen)
    provider.allows_registration = False
    browser = Client()
    query = directus.approve(way_to_provider(press(browser)), ADA)
    come_back(browser, query)
    user_login_failed.disconnect(listen)

    (credentials,) = seen
    assert query["code"] not in repr(credentials)
    assert "Answered" not in repr(credentials)
