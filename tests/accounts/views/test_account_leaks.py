"""No secret leaves the site by the account pages."""

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import DatabaseError

from accounts.directus import DirectusClient
from accounts.flows import sign_in
from accounts.passwords.validation import CACHE_KEY
from tests.fake_directus import one_time_code

from ..account_pages import ask_email, change_password, confirm_email, confirm_password
from ..canaries import NEW, PASSWORD, WRONG_CODE, everything_written, tokens_of
from ..flows.email_change.mails import link_in_mail
from ..steps import OTP_SECRET, log_in, open_link

pytestmark = pytest.mark.django_db

EMAIL = "grace@example.com"


@pytest.fixture
def grace(directus, service_token, visitor):
    """A signed-in user with passwords that are easy to find in any output."""
    user = directus.add_user(EMAIL, PASSWORD)
    log_in(visitor, EMAIL, PASSWORD)
    return user


def check(written, canaries):
    for place, text in written.items():
        assert not canaries.found_in(text), place


def test_no_secret_is_written_anywhere(visitor, directus, grace, canaries, log):
    confirm_password(visitor, PASSWORD + " wrong")
    confirm_password(visitor, PASSWORD)
    ask_email(visitor)
    token = link_in_mail().partition("token=")[2]
    mail.outbox = [letter for letter in mail.outbox if token not in letter.body]
    open_link(visitor, f"/account/email/confirm/?token={token}")
    confirm_email(visitor)
    log_in(visitor, "new@example.com", PASSWORD)
    change_password(visitor, PASSWORD + " wrong", NEW)
    grace.otp_secret = OTP_SECRET
    change_password(visitor, PASSWORD, NEW)
    change_password(visitor, PASSWORD, NEW, otp=WRONG_CODE)
    change_password(visitor, PASSWORD, NEW, otp=one_time_code(OTP_SECRET))
    assert grace.password == NEW
    visitor.get("/invite/", {"token": directus.invite("guest@example.com")[-100:]})
    open_link(visitor, directus.last_link("guest@example.com"))
    visitor.post("/invite/", {"new_password": NEW, "new_password_again": NEW})

    canaries.secrets |= tokens_of(directus) | {token}
    written = everything_written(log, visitor)
    assert "password.changed" in written["log"]
    assert "email.changed" in written["log"]
    assert "invite.accepted" in written["log"]
    check(written, canaries)


def test_a_policy_that_directus_enforces_alone_leaks_no_password(
    visitor,
    directus,
    grace,
    canaries,
    log,
):
    """Directus repeats a refused password in its answer."""
    directus.state.password_policy = "/^never$/"
    # The site read it a moment before it was changed.
    cache.set(CACHE_KEY, "")

    response = change_password(visitor, PASSWORD, NEW)
    open_link(visitor, directus.invite("guest@example.com"))
    visitor.post("/invite/", {"new_password": NEW, "new_password_again": NEW})

    assert "be used. Choose a different one." in response.text
    check(everything_written(log, visitor), canaries)


STEPS = {
    "change_password": lambda v: change_password(v, PASSWORD, NEW),
    "login_again": lambda v: change_password(v, PASSWORD, NEW),
    "accept_invite": lambda v: v.post(
        "/invite/", {"new_password": NEW, "new_password_again": NEW}
    ),
    "find_users_by_email": lambda v: ask_email(v),
    "update_user": lambda v: confirm_email(v),
    "get_current_user": lambda v: confirm_password(v, PASSWORD),
}


@pytest.mark.parametrize("method", STEPS)
@pytest.mark.parametrize("error", [RuntimeError("boom"), DatabaseError("boom")])
def test_a_view_that_fails_reports_no_secret(
    visitor,
    directus,
    grace,
    canaries,
    log,
    monkeypatch,
    method,
    error,
):
    ask_email(visitor)
    token = link_in_mail().partition("token=")[2]
    open_link(visitor, f"/account/email/confirm/?token={token}")
    open_link(visitor, directus.invite("guest@example.com"))
    canaries.secrets |= tokens_of(directus) | {token}
    mail.outbox.clear()

    def fail(*args, **kwargs):
        secrets_of_a_frame = (args, kwargs)
        raise error from ValueError(len(secrets_of_a_frame))

    owner = sign_in if method == "login_again" else DirectusClient
    monkeypatch.setattr(owner, method, fail)
    response = STEPS[method](visitor)

    assert response.status_code == 500
    assert "boom" in log.getvalue()
    canaries.secrets |= tokens_of(directus)
    check(everything_written(log, visitor), canaries)
