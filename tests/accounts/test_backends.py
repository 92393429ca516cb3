"""Signing in: which users are accepted, why not, and which tokens stay at Directus."""

import pytest
from django.contrib.auth import authenticate
from django.db import OperationalError
from django.test import Client

from accounts.core import clients
from accounts.directus import (
    DirectusUnavailable,
    InvalidCredentials,
    InvalidOTP,
    RateLimited,
    UserSuspended,
)
from accounts.flows import sign_in
from accounts.models import User
from accounts.throttling.attempts import SignInAttempt
from accounts.throttling.limits import Throttled
from tests.fake_directus import one_time_code

from .signed_in import make_stale, store_of, visit_site

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture
def visit(rf):
    """A request of a visitor's browser."""
    request = rf.post("/login/", headers={"user-agent": "Browser/1"})
    request.client_address = "192.0.2.7"
    return request


@pytest.fixture
def otto(directus):
    """A customer with a second factor."""
    return directus.add_user("otto@example.com", otp_secret=SECRET)


def try_to_sign_in(request, user, password=None, **extra):
    password = user.password if password is None else password
    return authenticate(request, username=user.email, password=password, **extra)


def refusal_of(request):
    return request.sign_in_refusal


# Users who are accepted


def test_the_right_password_lets_in(visit, ada):
    user = try_to_sign_in(visit, ada)

    assert user == User.objects.get(email=ada.email)
    assert user.backend == "accounts.backends.DirectusBackend"
    assert not user.has_usable_password()


def test_the_tokens_come_with_the_user(visit, ada, directus):
    user = try_to_sign_in(visit, ada)

    assert [user.directus_tokens.refresh_token] == directus.sessions_of(ada)
    assert user.directus_tokens.refresh_token not in repr(user.__dict__)


def test_directus_is_told_of_the_visitor(visit, ada, directus):
    try_to_sign_in(visit, ada)

    assert {(c.address, c.user_agent) for c in directus.calls} == {
        ("192.0.2.7", "Browser/1")
    }


def test_no_request_is_needed(ada):
    assert try_to_sign_in(None, ada).email == ada.email


def test_the_code_lets_in(visit, otto):
    assert try_to_sign_in(visit, otto, otp=one_time_code(SECRET)) is not None


# Users who are refused, and why


@pytest.mark.parametrize("password", ["", None])
def test_an_empty_password_never_reaches_directus(visit, directus, password):
    assert authenticate(visit, username="ada@example.com", password=password) is None

    directus.was_not_asked()


@pytest.mark.parametrize("email", ["", None])
def test_no_address_never_reaches_directus(visit, directus, email):
    assert authenticate(visit, username=email, password="a password") is None

    directus.was_not_asked()


def test_a_wrong_password_is_refused(visit, ada):
    assert try_to_sign_in(visit, ada, "wrong") is None

    assert isinstance(refusal_of(visit), InvalidCredentials)
    assert not User.objects.exists()


@pytest.mark.parametrize("status", ["suspended", "unverified", "archived", "invited"])
def test_only_active_users_are_let_in(visit, directus, status):
    user = directus.add_user("eve@example.com", status=status)

    assert try_to_sign_in(visit, user) is None

    assert isinstance(refusal_of(visit), InvalidCredentials)


def test_a_missing_code_is_asked_for(visit, otto):
    assert try_to_sign_in(visit, otto) is None

    assert isinstance(refusal_of(visit), InvalidOTP)


def test_a_wrong_code_is_refused(visit, otto):
    assert try_to_sign_in(visit, otto, otp="000000") is None

    assert isinstance(refusal_of(visit), InvalidOTP)


def test_a_code_works_once(visit, otto, directus):
    code = one_time_code(SECRET)
    assert try_to_sign_in(visit, otto, otp=code) is not None
    directus.forget_calls()

    assert try_to_sign_in(visit, otto, otp=code) is None

    assert isinstance(refusal_of(visit), InvalidOTP)
    directus.was_not_asked()


def test_a_throttled_sign_in_is_not_a_wrong_password(visit, ada, directus):
    directus.throttles(57)

    assert try_to_sign_in(visit, ada) is None

    assert isinstance(refusal_of(visit), RateLimited)
    assert refusal_of(visit).retry_after == 57


def test_an_outage_is_not_a_wrong_password(visit, ada, directus):
    directus.is_down()
    for _ in range(7):
        assert try_to_sign_in(visit, ada) is None
        assert isinstance(refusal_of(visit), DirectusUnavailable)

    directus.is_up()
    clients._transport.cache_clear()

    assert try_to_sign_in(visit, ada) is not None


def test_too_many_wrong_passwords_are_not_passed_on(visit, ada, directus):
    for _ in range(5):
        try_to_sign_in(visit, ada, "wrong")
    directus.forget_calls()

    assert try_to_sign_in(visit, ada) is None

    assert isinstance(refusal_of(visit), Throttled)
    directus.was_not_asked()


# Tokens that must not stay alive


def test_a_suspended_user_who_is_handed_tokens_is_refused(visit, ada, directus):
    directus.state.login_attempts = 1
    ada.attempts = 1

    assert try_to_sign_in(visit, ada) is None

    assert ada.status == "suspended"
    assert isinstance(refusal_of(visit), UserSuspended)
    assert directus.sessions_of(ada) == []
    assert not User.objects.get().is_active


def test_an_outage_after_the_sign_in_revokes_the_tokens(visit, ada, directus):
    directus.answers(502, path="/users/me", body="bad gateway", times=9)

    assert try_to_sign_in(visit, ada) is None

    assert isinstance(refusal_of(visit), DirectusUnavailable)
    assert directus.sessions_of(ada) == []


@pytest.mark.parametrize(
    ("owner", "name"),
    [(sign_in, "mirror_sign_in"), (SignInAttempt, "succeeded")],
    ids=["mirror", "count"],
)
def test_a_database_that_fails_after_the_sign_in_revokes_the_tokens(
    visit, ada, directus, monkeypatch, owner, name
):
    monkeypatch.setattr(owner, name, fail)

    with pytest.raises(OperationalError):
        try_to_sign_in(visit, ada)

    directus.was_asked_once("/auth/logout")
    assert directus.sessions_of(ada) == []


@pytest.mark.parametrize("step", ["cycle_key", "begin", "save"])
def test_a_session_that_cannot_be_stored_revokes_the_tokens(
    client, ada, directus, monkeypatch, step
):
    visit_site(client)
    monkeypatch.setattr(f"accounts.sessions.SessionStore.{step}", fail)

    form = {"email": ada.email, "password": ada.password}
    response = client.post("/login/", form)

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert directus.sessions_of(ada) == []
    assert client.get("/").status_code == 302


def fail(*args, **kwargs):
    raise OperationalError("the database is away")


# Where the own profile may not be read


def test_without_a_readable_profile_a_refresh_proves_the_status(visit, ada, directus):
    directus.hides_profiles()

    user = try_to_sign_in(visit, ada)

    assert (user.email, user.status) == (ada.email, "active")
    directus.was_asked_once("/auth/refresh")


def test_the_tokens_of_that_refresh_are_the_ones_to_keep(client, ada, directus):
    directus.hides_profiles()

    form = {"email": ada.email, "password": ada.password}
    client.post("/login/", form)

    assert [store_of(client).tokens.load().refresh_token] == directus.sessions_of(ada)
    make_stale(client)
    assert client.get("/").status_code == 200


def test_without_a_readable_profile_a_suspended_user_is_refused(visit, ada, directus):
    directus.hides_profiles()
    directus.state.login_attempts = 1
    ada.attempts = 1

    assert try_to_sign_in(visit, ada) is None

    assert not User.objects.exists()
    assert directus.sessions_of(ada) == []


@pytest.mark.usefixtures("service_token")
def test_the_service_token_reads_the_profile(visit, ada, directus):
    directus.hides_profiles()

    user = try_to_sign_in(visit, ada)

    assert user.get_full_name() == "Ada Lovelace"
    directus.was_not_asked("/auth/refresh")


@pytest.mark.usefixtures("service_token")
def test_the_service_token_sees_suspended_users(visit, ada, directus):
    directus.hides_profiles()
    directus.state.login_attempts = 1
    ada.attempts = 1

    assert try_to_sign_in(visit, ada) is None

    assert isinstance(refusal_of(visit), UserSuspended)
    assert directus.sessions_of(ada) == []


def test_a_broken_service_token_stops_no_sign_in(visit, ada, directus, settings):
    directus.hides_profiles()
    settings.DIRECTUS_SERVICE_TOKEN = "revoked"

    assert try_to_sign_in(visit, ada) is not None


# The local administrator


@pytest.fixture
def break_glass(settings):
    settings.AUTHENTICATION_BACKENDS = [
        "accounts.backends.DirectusBackend",
        "accounts.backends.BreakGlassBackend",
    ]
    settings.BREAK_GLASS_ADDRESSES = ["192.0.2.0/24"]
    return User.objects.create_superuser("root@example.com", "a long local password")


def test_the_local_administrator_gets_in_while_directus_is_away(
    visit, break_glass, directus
):
    directus.is_down()

    user = try_to_sign_in(visit, break_glass, "a long local password")

    assert user == break_glass
    assert not hasattr(user, "directus_tokens")


def test_the_local_administrator_comes_from_listed_addresses_only(visit, break_glass):
    visit.client_address = "198.51.100.1"

    assert try_to_sign_in(visit, break_glass, "a long local password") is None


def test_a_local_password_is_throttled_too(visit, break_glass):
    for _ in range(5):
        assert try_to_sign_in(visit, break_glass, "wrong") is None

    assert try_to_sign_in(visit, break_glass, "a long local password") is None

    assert isinstance(refusal_of(visit), Throttled)


def test_without_listed_addresses_local_passwords_open_nothing(ada, directus):
    User.objects.create_superuser("root@example.com", "a long local password")
    form = {"email": "root@example.com", "password": "a long local password"}

    response = Client().post("/login/", form)

    assert response.status_code == 200
    assert "Incorrect email address or password." in response.text
