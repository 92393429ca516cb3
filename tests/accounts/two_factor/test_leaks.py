"""No secret of the second factor leaves the site."""

import pytest

from accounts.directus import DirectusClient
from accounts.models import RecoveryCode

from ..canaries import everything_written
from ..second_steps import (
    AGAIN,
    CODES,
    OFF,
    SET_UP,
    START,
    begin,
    code_for,
    codes_on,
    recover,
    secret_on,
)
from ..steps import let_pass, log_in, send_code

pytestmark = pytest.mark.django_db

WRONG_CODE = "731946"
# These show the secret or the codes, and nothing else does.
SHOWN_ON = {SET_UP, CODES, CODES + "file/"}


@pytest.fixture
def walk(visitor, ada, canaries, log):
    """Set it up, sign in with it, lose the app, set it up again, turn it off."""
    canaries.secrets |= {ada.password, WRONG_CODE}
    log_in(visitor, ada.email, ada.password)
    secret, codes = set_up(visitor, ada, canaries)
    visitor.post("/logout/")
    let_pass(minutes=5)
    log_in(visitor, ada.email, ada.password)
    send_code(visitor, WRONG_CODE)
    send_code(visitor, code_for(secret))
    visitor.post("/logout/")
    log_in(visitor, ada.email, ada.password)
    recover(visitor, codes[0][:-1] + "0")
    recover(visitor, codes[0])
    visitor.post(AGAIN, {"current_password": ada.password})
    secret, _codes = set_up(visitor, ada, canaries, is_begun=True)
    let_pass(minutes=5)
    confirmed = {"current_password": ada.password, "otp": code_for(secret)}
    visitor.post(AGAIN, confirmed | {"otp": WRONG_CODE})
    visitor.post(AGAIN, confirmed)
    set_up(visitor, ada, canaries, is_begun=True)
    visitor.post(OFF, confirmed | {"otp": WRONG_CODE})
    visitor.get(START)


def set_up(visitor, ada, canaries, *, is_begun=False):
    if not is_begun:
        begin(visitor, ada.password)
    secret = secret_on(visitor.get(SET_UP))
    visitor.post(SET_UP, {"otp": WRONG_CODE})
    visitor.post(SET_UP, {"otp": code_for(secret)})
    codes = codes_on(visitor.get(CODES))
    visitor.get(CODES + "file/")
    canaries.secrets |= {secret, *codes, *(c.replace("-", "") for c in codes)}
    return secret, codes


def test_no_secret_is_written_anywhere(walk, visitor, canaries, log):
    visitor.pages = [
        page for page in visitor.pages if page.request["PATH_INFO"] not in SHOWN_ON
    ]

    written = everything_written(log, visitor)

    assert len(canaries.secrets) > 60
    assert RecoveryCode.objects.count() == 10
    assert "two_factor.recovered" in written["log"]
    assert "recoverycode" in written["rows"]
    for place, text in written.items():
        assert not canaries.found_in(text), place


@pytest.mark.parametrize(
    "method", ["login", "enable_second_factor", "disable_second_factor"]
)
def test_a_view_that_fails_reports_no_secret(
    visitor, ada, canaries, log, monkeypatch, method
):
    log_in(visitor, ada.email, ada.password)
    secret, codes = set_up(visitor, ada, canaries)
    canaries.secrets |= {ada.password}
    visitor.post("/logout/")
    let_pass(minutes=5)

    def fail(client, *args, **kwargs):
        secrets_of_a_frame = (args, kwargs)
        raise RuntimeError("boom") from ValueError(len(secrets_of_a_frame))

    log_in(visitor, ada.email, ada.password)
    if method == "login":
        monkeypatch.setattr(DirectusClient, method, fail)
    response = recover(visitor, codes[0])
    if method == "disable_second_factor":
        monkeypatch.setattr(DirectusClient, method, fail)
    if method != "login":
        response = visitor.post(AGAIN, {"current_password": ada.password})
    if method == "enable_second_factor":
        secret = secret_on(visitor.get(SET_UP))
        canaries.secrets |= {secret}
        monkeypatch.setattr(DirectusClient, method, fail)
        response = visitor.post(SET_UP, {"otp": code_for(secret)})

    assert response.status_code == 500
    assert "boom" in log.getvalue()
    visitor.pages = [response]
    for place, text in everything_written(log, visitor).items():
        assert not canaries.found_in(text), place
