"""Directus' password policy, enforced before Directus is asked."""

import pytest
from django.core.exceptions import ValidationError

from accounts.password_policy import DirectusPolicyValidator


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


def test_without_a_service_token_nobody_is_asked(directus):
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
