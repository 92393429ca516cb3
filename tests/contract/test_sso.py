"""/auth/login/<provider> and its callback, with both drivers."""

import pytest

from accounts.directus import (
    InvalidCredentials,
    InvalidOTP,
    InvalidProvider,
    NotFound,
    ProviderUnavailable,
)
from accounts.directus.sso import Provider, redirect_uri
from accounts.two_factor.totp import new_secret
from local.provider import LABEL, PROVIDER
from tests.stack import CLOSED, HUB

from .providers import DRIVERS, new_stranger, providers_of, query_of
from .test_sign_in import code_for
from .worlds import Person

# Version 10 sends people back to its own address; 12 has providers with a licence.
pytestmark = pytest.mark.directus(11)


@pytest.fixture
def providers(world):
    return providers_of(world)


@pytest.fixture(params=DRIVERS)
def provider(request):
    return request.param


@pytest.fixture
def stranger():
    return new_stranger()


def assert_refused(providers, provider, start, answer, **more):
    with pytest.raises(InvalidCredentials):
        providers.finish(provider, start, answer, **more)


# The list and the start


def test_each_caller_learns_of_the_providers(world, providers):
    ways = world.anonymous().sign_in_ways()

    assert ways.has_passwords
    assert {*ways.providers} == {
        Provider(PROVIDER, "openid", LABEL, "key"),
        Provider(HUB, "oauth2", "Example Hub"),
        Provider(CLOSED, "openid", "Closed ID", "key"),
    }


def test_the_provider_is_told_to_come_back_to_the_site(world, providers, provider):
    start = providers.begin(provider)
    asked = query_of(start.url)

    assert redirect_uri(start.url) == (
        f"{world.site_url}/sso/auth/login/{provider}/callback"
    )
    assert asked["code_challenge"] == asked["state"] == start.state
    assert asked["code_challenge_method"] == "S256"
    assert "offline_access" not in asked["scope"]


@pytest.mark.parametrize(
    "site", ["http://localhost", "https://localhost:{port}", "http://LOCALHOST:{port}"]
)
def test_another_origin_gets_directus_own_address(world, providers, provider, site):
    port = world.site_url.rpartition(":")[2]

    start = providers.begin(provider, site=site.format(port=port))

    assert "/sso/" not in redirect_uri(start.url)


def test_an_unknown_provider_is_not_found(providers):
    with pytest.raises(NotFound):
        providers.begin("another")


# A sign-in


def test_a_stranger_becomes_a_customer(world, providers, provider, stranger):
    found = providers.sign_in(provider, stranger)

    profile = world.read(found.tokens)
    assert (profile.email, profile.role_name) == (stranger.email, "Customer")
    assert providers.user(stranger) == (stranger.email, provider, stranger.sub)
    assert not found.must_use_two_factor


def test_the_tokens_are_renewed_as_others_are(world, providers, provider, stranger):
    tokens = providers.sign_in(provider, stranger).tokens
    providers.stop(provider)

    assert world.read(world.anonymous().refresh(tokens.refresh_token))


def test_the_second_sign_in_is_of_the_same_user(world, providers, provider, stranger):
    first, second = (providers.sign_in(provider, stranger).tokens for _ in "12")

    assert world.read(first).id == world.read(second).id


def test_two_tabs_do_not_disturb_each_other(world, providers, provider):
    people = new_stranger(), new_stranger()
    starts = [providers.begin(provider) for _ in people]
    answers = [providers.approve(s.url, p) for s, p in zip(starts, people, strict=True)]

    for n in (1, 0):
        tokens = providers.finish(provider, starts[n], answers[n]).tokens
        assert world.read(tokens).email == people[n].email


def test_a_stranger_without_an_address_gets_none(providers):
    stranger = new_stranger(email=None)

    assert providers.sign_in(HUB, stranger)
    assert providers.user(stranger) == (None, HUB, stranger.sub)


def test_a_user_who_was_there_before_is_found(world, providers, provider, stranger):
    providers.add_user(provider, stranger)

    tokens = providers.sign_in(provider, stranger).tokens

    assert world.read(tokens).email == stranger.email


# Answers that are not what was asked for


def test_cancel_gives_nothing(providers, provider):
    start = providers.begin(provider)
    answer = providers.cancel(start.url)

    assert (answer["error"], answer["state"]) == ("access_denied", start.state)
    assert_refused(providers, provider, start, answer)


def test_a_code_works_once(providers, provider, stranger):
    start = providers.begin(provider)
    answer = providers.approve(start.url, stranger)
    providers.finish(provider, start, answer)

    assert_refused(providers, provider, start, answer)


@pytest.mark.parametrize("name", ["state", "code"])
def test_what_is_missing_or_changed_is_refused(providers, provider, stranger, name):
    start = providers.begin(provider)
    answer = providers.approve(start.url, stranger)
    missing = {key: value for key, value in answer.items() if key != name}

    assert_refused(providers, provider, start, missing)
    if name == "state":
        assert_refused(providers, provider, start, answer | {"state": "x" * 43})
        # The code is not spent by that.
        assert providers.finish(provider, start, answer)


@pytest.mark.parametrize("issuer", ["http://another.example.com", None])
def test_another_issuer_is_refused(providers, stranger, issuer):
    start = providers.begin(PROVIDER)
    answer = providers.approve(start.url, stranger)
    changed = {key: value for key, value in answer.items() if key != "iss"}

    assert_refused(
        providers, PROVIDER, start, changed | ({"iss": issuer} if issuer else {})
    )
    assert providers.finish(PROVIDER, start, answer)


def test_an_issuer_means_nothing_to_the_other_driver(providers, stranger):
    start = providers.begin(HUB)
    answer = providers.approve(start.url, stranger)

    assert providers.finish(HUB, start, answer | {"iss": "http://another.example.com"})


@pytest.mark.parametrize("cookie", ["other=1", "openid.exampleid=x.y.z"])
def test_without_its_cookie_nothing_is_finished(providers, provider, stranger, cookie):
    start = providers.begin(provider)
    answer = providers.approve(start.url, stranger)

    assert_refused(providers, provider, start, answer, cookie=cookie)


def test_a_cookie_of_another_browser_is_refused(providers, provider, stranger):
    start, other = providers.begin(provider), providers.begin(provider)
    answer = providers.approve(start.url, stranger)

    assert_refused(providers, provider, start, answer, cookie=other.cookie)


def test_a_cookie_is_not_bound_to_its_provider(providers, stranger):
    """Why the site keeps the provider with it."""
    start = providers.begin(CLOSED)
    answer = providers.approve(start.url, stranger)
    cookie = start.cookie.replace(CLOSED, PROVIDER)

    assert providers.finish(PROVIDER, start, answer, cookie=cookie)


# Users who may not


def test_a_provider_without_registration_takes_known_users_alone(providers, stranger):
    start = providers.begin(CLOSED)
    assert_refused(providers, CLOSED, start, providers.approve(start.url, stranger))

    providers.add_user(CLOSED, stranger)
    assert providers.sign_in(CLOSED, stranger)


def test_an_unconfirmed_address_gets_no_account(providers):
    stranger = new_stranger(is_verified=False)
    start = providers.begin(PROVIDER)

    assert_refused(providers, PROVIDER, start, providers.approve(start.url, stranger))


@pytest.mark.parametrize(
    "status", ["suspended", "archived", "draft", "unverified", "invited"]
)
def test_only_active_users_sign_in(world, providers, stranger, status):
    profile = world.read(providers.sign_in(PROVIDER, stranger).tokens)
    world.change(Person(str(profile.id), profile.email, ""), status=status)
    start = providers.begin(PROVIDER)

    assert_refused(providers, PROVIDER, start, providers.approve(start.url, stranger))


def test_a_user_of_another_provider_is_refused(providers, stranger):
    providers.add_user(CLOSED, stranger)
    start = providers.begin(PROVIDER)

    assert_refused(providers, PROVIDER, start, providers.approve(start.url, stranger))


@pytest.mark.parametrize("status", ["active", "unverified"])
def test_the_address_of_an_account_with_a_password_is_told_apart(
    world, providers, provider, status
):
    person = world.add_user(status=status)
    start = providers.begin(provider)
    answer = providers.approve(start.url, new_stranger(person.email))

    with pytest.raises(InvalidProvider):
        providers.finish(provider, start, answer)


# A second factor


def test_a_second_factor_is_asked_for_at_the_start(
    world, providers, provider, stranger
):
    own = world.as_owner_of(providers.sign_in(provider, stranger).tokens)
    secret = new_secret()
    own.enable_second_factor(secret=secret, code=code_for(secret))

    for code in ("", "000000"):
        with pytest.raises(InvalidOTP):
            providers.sign_in(provider, stranger, otp=code)
    assert providers.sign_in(provider, stranger, otp=code_for(secret))


def test_a_demanded_second_factor_is_told(world, providers, provider, stranger):
    world.demand_second_factor()

    assert providers.sign_in(provider, stranger).must_use_two_factor


# A provider that is away


def test_a_provider_that_is_away_is_an_outage(providers, provider, stranger):
    start = providers.begin(provider)
    answer = providers.approve(start.url, stranger)
    providers.stop(provider)

    with pytest.raises(ProviderUnavailable):
        providers.finish(provider, start, answer)
    # The start asks only Directus.
    assert providers.begin(provider)


def test_a_provider_that_refuses_directus_is_an_outage(providers, stranger):
    start = providers.begin(HUB)
    answer = providers.approve(start.url, stranger)
    providers.refuse_client(HUB)

    with pytest.raises(ProviderUnavailable):
        providers.finish(HUB, start, answer)


def test_a_provider_that_was_never_there_may_come_later(providers, stranger):
    """And a sign-in that has begun outlives a restart of Directus."""
    begun = providers.begin(HUB)
    answer = providers.approve(begun.url, stranger)
    providers.never_reached(PROVIDER)

    with pytest.raises(ProviderUnavailable):
        providers.begin(PROVIDER)
    providers.start(PROVIDER)
    assert providers.sign_in(PROVIDER, new_stranger())
    assert providers.finish(HUB, begun, answer)


def test_a_provider_can_restart_before_the_choice(providers, provider, stranger):
    start = providers.begin(provider)
    providers.stop(provider)
    providers.start(provider)

    answer = providers.approve(start.url, stranger)

    assert providers.finish(provider, start, answer)


# Renewal, where the provider gave a token that renews


@pytest.fixture
def tokens(providers, provider, promised):
    return providers.sign_in(provider, promised).tokens


@pytest.fixture
def promised():
    return new_stranger(has_refresh_token=True)


def renew(world, tokens):
    body = {"refresh_token": tokens.refresh_token, "mode": "json"}
    reply = world.ask("POST", "/auth/refresh", body)
    return reply.status, reply.code if reply.status != 200 else ""


def test_directus_asks_the_provider_at_each_renewal(world, providers, provider, tokens):
    providers.stop(provider)
    assert renew(world, tokens) == (500, "INTERNAL_SERVER_ERROR")


def test_after_an_outage_of_the_provider_the_token_is_still_good(
    world, providers, promised
):
    tokens = providers.sign_in(HUB, promised).tokens
    for change in (providers.stop, providers.start):
        change(HUB)
        status, _code = renew(world, tokens)

    assert status == 200


def test_what_the_provider_revokes_is_refused(
    world, providers, provider, promised, tokens
):
    providers.revoke(provider, promised)

    assert renew(world, tokens) == (403, "INVALID_TOKEN")
