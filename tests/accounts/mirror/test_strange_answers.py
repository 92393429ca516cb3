"""An answer from another server is no wrong password and ends no session."""

import json

import pytest

from accounts.models import Attempts, Session
from tests.fake_directus import one_time_code

from ..signed_in import make_old, make_stale
from ..steps import (
    NEW_PASSWORD,
    OTP_SECRET,
    ask_reset,
    confirm,
    log_in,
    open_link,
    send_code,
    sign_up,
)
from ..views.trouble import TYPED, TYPED_PASSWORD, assert_unavailable

pytestmark = pytest.mark.django_db

JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html"}
BODIES = {
    "a page": ("<html>Sign in to the proxy</html>", HTML),
    "nothing": ("", {}),
    "a text": ("RBAC: access denied", {"Content-Type": "text/plain"}),
    "a problem": ('{"title": "Not Found", "status": 404}', JSON),
    "an error": ('{"error": "invalid_grant"}', JSON),
    "errors without codes": ('{"errors": [{"message": "unknown route"}]}', JSON),
    "errors of texts": ('{"errors": ["no"]}', JSON),
    "a page with an error in it": (
        json.dumps({"errors": [{"extensions": {"code": "INVALID_CREDENTIALS"}}]}),
        HTML,
    ),
}
STATUSES = [400, 401, 403, 404, 405, 407, 413, 421, 451]


@pytest.fixture(params=BODIES)
def strange(request, directus):
    """Return a function that lets something else answer at a path."""

    def strange(path, status):
        body, headers = BODIES[request.param]
        directus.answers(status, body=body, headers=headers, path=path, times=99)

    return strange


def failures():
    rows = Attempts.objects.exclude(key__startswith="address-sign-ins")
    return rows.filter(count__gt=0)


@pytest.mark.parametrize("status", STATUSES)
def test_a_sign_in_says_that_it_is_away(client, ada, strange, status):
    strange("/auth/login", status)

    response = log_in(client, TYPED, TYPED_PASSWORD)

    assert_unavailable(response, f'value="{TYPED}"')
    assert "Incorrect" not in response.text
    assert not failures().exists()


@pytest.mark.parametrize("status", STATUSES)
def test_so_it_does_when_the_profile_is_refused(client, ada, directus, strange, status):
    strange("/users/me", status)

    response = log_in(client, ada.email, ada.password)

    assert response.status_code == 503
    assert "Incorrect" not in response.text
    assert directus.sessions_of(ada) == []


@pytest.mark.parametrize("code", ["INVALID_TOKEN", "FORBIDDEN", "ROUTE_NOT_FOUND"])
def test_a_profile_that_directus_refuses_is_no_wrong_password(
    client, ada, directus, code
):
    body = {"errors": [{"extensions": {"code": code}}]}
    directus.answers(403, body, path="/users/me", times=9)

    response = log_in(client, ada.email, ada.password)

    assert response.status_code == 503
    assert "Incorrect" not in response.text


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_unchecked_code_may_be_sent_again(client, directus, strange, status):
    user = directus.add_user(otp_secret=OTP_SECRET)
    log_in(client, user.email, user.password)
    strange("/auth/login", status)

    away = send_code(client, one_time_code(OTP_SECRET))
    directus._specials.clear()
    again = send_code(client, one_time_code(OTP_SECRET))

    assert (away.status_code, again.status_code) == (503, 302)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("path", ["/users/me", "/auth/refresh"])
def test_no_session_ends(signed_in_client, directus, strange, path, status):
    make_old(signed_in_client, minutes=2)
    make_stale(signed_in_client)
    strange(path, status)

    assert signed_in_client.get("/").status_code == 200
    assert signed_in_client.get("/account/").status_code in {200, 404, 503}
    assert Session.objects.exclude(user=None).exists()

    directus._specials.clear()
    assert signed_in_client.get("/").status_code == 200


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_current_password_is_not_called_wrong(signed_in_client, ada, strange, status):
    strange("/auth/login", status)
    typed = {
        "current_password": ada.password,
        "new_password": NEW_PASSWORD,
        "new_password_again": NEW_PASSWORD,
    }

    response = signed_in_client.post("/account/password/", typed)

    assert response.status_code == 503
    assert "Incorrect password" not in response.text


@pytest.mark.parametrize("status", [200, 302, 400, 403, 404])
def test_a_link_stays_good_when_something_else_answers(
    client, directus, strange, status
):
    sign_up(client, "new@example.com")
    open_link(client, directus.last_link("new@example.com"))
    strange("/users/register/verify-email", status)

    assert confirm(client).status_code == 503
    directus._specials.clear()
    assert confirm(client).status_code == 302
    assert directus.state.find("new@example.com").status == "active"


def test_a_reset_that_was_never_sent_is_not_called_sent(
    client, ada, directus, monkeypatch
):
    monkeypatch.setattr("accounts.directus.transport.SLOW_NEEDS", 99)

    assert ask_reset(client, ada.email).status_code == 503
    assert not directus.calls_to("/auth/password/request")
