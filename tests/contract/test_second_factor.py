"""/users/me/tfa, and users who must have a second factor."""

import pytest

from accounts.directus import Forbidden, InvalidPayload, NotFound
from accounts.two_factor.totp import new_secret
from tests.fake_directus.tokens import claims_of

from .test_sign_in import code_for

# Without a licence, customers may not be given the right to it.
RULES = pytest.mark.directus(10, 11)
POLICIES = pytest.mark.directus(11, 12)


@pytest.fixture
def own(world, person):
    """The client of a customer, signed in before there was a second factor."""
    return world.as_owner_of(world.sign_in(person))


@pytest.fixture
def secret(own):
    """The secret of a second factor that is on: this site's, longer than Directus'."""
    secret = new_secret()
    own.enable_second_factor(secret=secret, code=code_for(secret))
    return secret


@RULES
def test_a_secret_of_this_site_is_taken_and_asked_for(world, person, secret):
    assert world.sign_in(person, otp=code_for(secret))


@RULES
def test_whether_it_is_on_shows_in_the_profile(world, own, secret):
    assert own.get_current_user().has_two_factor is True

    own.disable_second_factor(code_for(secret))

    assert own.get_current_user().has_two_factor is False


@RULES
def test_the_code_has_to_fit(own):
    with pytest.raises(InvalidPayload):
        own.enable_second_factor(secret=new_secret(), code="000000")


@RULES
def test_it_is_not_switched_on_twice(own, secret):
    other = new_secret()

    with pytest.raises(InvalidPayload):
        own.enable_second_factor(secret=other, code=code_for(other))


@RULES
def test_a_wrong_code_does_not_switch_it_off(world, person, own, secret):
    with pytest.raises(InvalidPayload):
        own.disable_second_factor("000000")

    assert world.sign_in(person, otp=code_for(secret))


@RULES
def test_the_code_switches_it_off_once(world, person, own, secret):
    own.disable_second_factor(code_for(secret))

    assert world.sign_in(person)
    with pytest.raises(InvalidPayload):
        own.disable_second_factor(code_for(secret))


@RULES
def test_tokens_live_on_when_it_is_switched(world, person):
    """Directus ends no session: this site has to."""
    tokens = world.sign_in(person)
    secret = new_secret()

    world.as_owner_of(tokens).enable_second_factor(secret=secret, code=code_for(secret))

    assert world.anonymous().refresh(tokens.refresh_token)


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("enable", {"secret": "BJ4A22TICIBESDBT"}, '"otp" is required'),
        ("enable", {"otp": "123456"}, '"secret" is required'),
        ("disable", {}, '"otp" is required'),
    ],
)
def test_what_is_missing_is_named(world, person, path, body, reason):
    token = world.sign_in(person).access_token

    reply = world.ask("POST", f"/users/me/tfa/{path}", body, token=token)

    assert (reply.status, reply.facts["reason"]) == (400, reason)


def test_an_anonymous_caller_has_no_second_factor(world):
    reply = world.ask("POST", "/users/me/tfa/enable", {"secret": "x", "otp": "1"})

    assert (reply.status, reply.code) == (401, "INVALID_CREDENTIALS")


def test_the_site_itself_may_switch_off_no_second_factor(world, person):
    """Why recovery codes hold the secret."""
    world.set_second_factor(person)

    with pytest.raises(Forbidden):
        world.service().post(f"/users/{person.id}/tfa/disable")


@RULES
def test_a_user_who_may_switch_it_is_told(own):
    assert own.may_change_second_factor()


# Users who must have one


@POLICIES
def test_a_demand_is_in_the_tokens_of_a_sign_in_alone(world, person):
    world.demand_second_factor()

    tokens = world.sign_in(person)
    later = world.anonymous().refresh(tokens.refresh_token)

    assert tokens.demands_second_factor
    assert claims_of(tokens.access_token)["enforce_tfa"] is True
    assert not later.demands_second_factor
    assert world.as_owner_of(later).must_use_second_factor()


@POLICIES
def test_without_a_demand_there_is_none(world, person, own):
    assert not world.sign_in(person).demands_second_factor
    assert not own.must_use_second_factor()


@POLICIES
def test_a_demand_of_a_users_own_policy_is_told_at_once(world, person):
    """The tokens do not tell it on every version; this route does."""
    world.demand_second_factor_of(person)

    assert world.as_owner_of(world.sign_in(person)).must_use_second_factor()


@POLICIES
def test_directus_lets_in_a_user_without_one_all_the_same(world, person):
    world.demand_second_factor()

    assert world.read(world.sign_in(person)).is_active


@pytest.mark.real
@pytest.mark.directus(10)
@pytest.mark.parametrize("world", ["real"], indirect=True)
def test_on_version_10_the_role_says_so_to_the_site(world, person, own):
    service = world.service()
    assert not service.role_demands_second_factor(world.customer_role)

    world.demand_second_factor()

    assert service.role_demands_second_factor(world.customer_role)
    assert not world.sign_in(person).demands_second_factor
    with pytest.raises(NotFound):
        own.must_use_second_factor()
    with pytest.raises(Forbidden):
        own.role_demands_second_factor(world.customer_role)


@pytest.mark.real
@pytest.mark.directus(12)
@pytest.mark.parametrize("world", ["real"], indirect=True)
def test_without_a_licence_customers_may_not_have_one(world, own):
    secret = new_secret()

    assert not own.may_change_second_factor()
    with pytest.raises(Forbidden):
        own.enable_second_factor(secret=secret, code=code_for(secret))


@pytest.mark.real
@pytest.mark.directus(12)
@pytest.mark.parametrize("world", ["real"], indirect=True)
def test_without_a_licence_the_one_rule_that_directus_recommends_allows_it(world, own):
    world.grant_recommended_rule()
    secret = new_secret()

    assert own.may_change_second_factor()
    own.enable_second_factor(secret=secret, code=code_for(secret))
    own.disable_second_factor(code_for(secret))
