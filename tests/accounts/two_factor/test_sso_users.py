"""Two-step verification of users that a provider signs in."""

import pytest
from django.core import mail
from django.test import Client

from accounts.models import RecoveryCode, User
from accounts.two_factor import recovery_codes
from tests.fake_directus import Person

from ..account_pages import confirmed_long_ago
from ..second_steps import (
    AGAIN,
    CODES,
    OFF,
    SET_UP,
    START,
    code_for,
    secret_on,
)
from ..signed_in import make_old
from ..sso_steps import sign_in_with_provider
from ..steps import OTP_SECRET

pytestmark = pytest.mark.django_db

CONFIRM = "/account/confirm/?next="
FIELD = 'name="current_password"'


@pytest.fixture(params=["grace@example.com", None])
def person(request):
    """A person, with or without an address."""
    return Person(request.param, sub="person-1", first_name="Grace")


@pytest.fixture
def visitor(directus, provider, service_token, person):
    visitor = Client()
    sign_in_with_provider(visitor, directus, person)
    confirmed_long_ago(visitor, minutes=0)
    mail.outbox.clear()
    return visitor


@pytest.fixture
def user(visitor, directus):
    """The user in Directus."""
    (user,) = [u for u in directus.state.users.values() if u.provider == "exampleid"]
    return user


@pytest.fixture
def with_factor(visitor, user):
    """Directus has a second factor for the user."""
    user.otp_secret = OTP_SECRET
    User.objects.update(has_two_factor=True)
    recovery_codes.replace_codes(User.objects.get(), OTP_SECRET)
    return visitor


@pytest.mark.parametrize("method", ["get", "post"])
def test_it_is_not_offered_when_it_is_off(visitor, directus, method):
    page = getattr(visitor, method)(START)

    assert page.status_code == 200
    assert "Your sign-in is protected by Example ID" in page.text
    assert "<form" not in page.text.partition('id="page"')[2].partition("</main>")[0]
    directus.was_not_asked("/permissions/me")
    assert visitor.get(SET_UP).url == START


def test_one_that_is_on_is_shown(with_factor):
    page = with_factor.get(START)

    assert "You sign in with Example ID and a code" in page.text
    # The codes could not be found at a sign-in with a provider.
    assert "Recovery codes" not in page.text
    assert "Lost your authenticator app? Contact support." in page.text
    assert "with Example ID only" in page.text
    assert "your password" not in page.text


@pytest.mark.parametrize("path", [OFF, AGAIN])
def test_the_provider_confirms_a_change_of_it(with_factor, user, path):
    confirmed_long_ago(with_factor)

    assert with_factor.get(path).url == CONFIRM + path
    page = with_factor.post(path, {"otp": code_for(OTP_SECRET)})
    assert page.url == CONFIRM + path
    assert user.otp_secret == OTP_SECRET


def test_it_is_turned_off_with_a_code(with_factor, user, directus):
    page = with_factor.get(OFF)
    assert FIELD not in page.text
    assert 'name="otp"' in page.text

    page = with_factor.post(OFF, {"otp": code_for(OTP_SECRET)}, follow=True)

    assert "Two-step verification is off." in page.text
    assert user.otp_secret is None
    assert not RecoveryCode.objects.exists()
    directus.was_not_asked("/auth/login")
    subjects = [sent.subject for sent in mail.outbox]
    assert len(subjects) == (1 if user.email else 0)


def test_wrong_codes_are_counted(with_factor, user, directus):
    for _ in range(10):
        page = with_factor.post(OFF, {"otp": "000000"})
        assert "newest one" in page.text
    directus.forget_calls()

    page = with_factor.post(OFF, {"otp": code_for(OTP_SECRET)})

    assert page.status_code == 429
    directus.was_not_asked("/users/me/tfa/disable")
    assert user.otp_secret


def test_without_a_code_directus_is_not_asked(with_factor, user, directus):
    assert "Enter the 6-digit code." in with_factor.post(OFF).text

    directus.was_not_asked("/users/me/tfa/disable")


def test_it_is_set_up_again(with_factor, user):
    assert with_factor.post(AGAIN, {"otp": code_for(OTP_SECRET)}).url == SET_UP

    secret = secret_on(with_factor.get(SET_UP))
    done = with_factor.post(SET_UP, {"otp": code_for(secret)})

    assert done.url == START
    assert "Two-step verification is on." in with_factor.get(START).text
    assert with_factor.get(CODES).url == START
    assert not RecoveryCode.objects.exists()
    assert user.otp_secret == secret


def test_a_demanded_one_is_set_up_without_a_password(visitor, user, directus):
    directus.demands_second_factor(of=user)
    make_old(visitor, minutes=2)
    assert visitor.get("/").url == START
    confirmed_long_ago(visitor)
    assert visitor.get(START).url == CONFIRM + START
    assert "Continue with Example ID" in visitor.get(CONFIRM + START).text
    confirmed_long_ago(visitor, minutes=0)
    page = visitor.get(START)
    assert "Set it up to continue" in page.text
    assert FIELD not in page.text

    assert visitor.post(START).url == SET_UP
    secret = secret_on(visitor.get(SET_UP))
    assert visitor.post(SET_UP, {"otp": code_for(secret)}).url == START

    assert visitor.get("/").status_code == 200
    assert user.otp_secret == secret


def test_the_way_to_the_provider_is_open_until_then(visitor, user, directus):
    directus.demands_second_factor(of=user)
    make_old(visitor, minutes=2)
    assert visitor.get("/").url == START

    page = visitor.post("/account/confirm/exampleid/", {"next": START})

    assert page.status_code == 200


def test_users_without_an_address_do_not_share_counts(with_factor, user, directus):
    """The failures of one lock no other one out."""
    for _ in range(11):
        with_factor.post(OFF, {"otp": "000000"})
    other = Client()
    person = Person(None, sub="person-2", first_name="Otto")
    sign_in_with_provider(other, directus, person)
    confirmed_long_ago(other, minutes=0)
    (second,) = [u for u in directus.state.users.values() if u.first_name == "Otto"]
    second.otp_secret = OTP_SECRET
    User.objects.filter(directus_id=second.id).update(has_two_factor=True)

    page = other.post(OFF, {"otp": code_for(OTP_SECRET)})

    assert page.url == START
    assert second.otp_secret is None
