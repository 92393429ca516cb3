"""Directus' password policy, enforced before Directus is asked."""

import socket

import pytest
from django.core.exceptions import ValidationError

from accounts.core import cache
from accounts.passwords.validation import DirectusPolicyValidator

from ..account_pages import OWN_PASSWORD, change_password
from ..steps import NEW_PASSWORD, ask_reset, choose_password, open_link, sign_up


@pytest.mark.parametrize("policy", ["/^[a-z]{4,}$/", "^[a-z]{4,}$"])
def test_a_policy_is_enforced_with_slashes_and_without(directus, service_token, policy):
    directus.state.password_policy = policy
    validator = DirectusPolicyValidator()

    validator.validate("abcd")
    with pytest.raises(ValidationError):
        validator.validate("abc")


@pytest.mark.parametrize("policy", [None, "", "/(?<named>x)/"])
def test_what_cannot_be_read_is_left_to_directus(directus, service_token, policy):
    directus.state.password_policy = policy

    DirectusPolicyValidator().validate("abc")


def test_without_a_service_token_no_call_is_made(directus):
    DirectusPolicyValidator().validate("abc")

    directus.was_not_asked()


def test_the_policy_is_read_once(directus, service_token):
    directus.state.password_policy = "/^.{8,}$/"

    for _ in range(3):
        DirectusPolicyValidator().validate("long enough")

    directus.was_asked_once("/settings")


def test_an_outage_lets_the_password_pass_to_directus(directus, service_token):
    directus.is_down()

    DirectusPolicyValidator().validate("abc")


# A cache that is away


@pytest.fixture(params=["refuses", "hangs"])
def _no_cache(request, settings):
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        port = hanging.getsockname()[1] if request.param == "hangs" else 1
        settings.CACHES = settings.CACHES | {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": f"redis://127.0.0.1:{port}/0",
                "OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
            }
        }
        yield


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_cache", "service_token")
def test_without_the_cache_passwords_are_chosen_all_the_same(client, ada, directus):
    directus.state.password_policy = "/^.{8,}$/"

    assert client.get("/register/").status_code == 200
    assert sign_up(client).status_code == 302
    ask_reset(client)
    assert open_link(client, directus.last_link(ada.email)).status_code == 200
    assert choose_password(client).status_code == 302


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_cache", "service_token")
def test_without_the_cache_the_own_password_is_changed(signed_in_client):
    assert signed_in_client.get("/account/password/").status_code == 200
    changed = change_password(signed_in_client, OWN_PASSWORD, NEW_PASSWORD)

    assert changed.status_code == 302


@pytest.mark.parametrize("value", [1, ["/^x$/"], {"pattern": "/^x$/"}])
def test_nonsense_in_the_cache_is_passed_over(directus, service_token, value):
    cache.set("directus-password-policy", value, 60)
    directus.state.password_policy = "/^.{8,}$/"

    with pytest.raises(ValidationError):
        DirectusPolicyValidator().validate("short")
