"""The hops of single sign-on, from the client to a Directus in memory."""

from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.core import clients
from accounts.directus import (
    CallFailed,
    DirectusError,
    InvalidCredentials,
    InvalidOTP,
    InvalidProvider,
    InvalidToken,
    NotFound,
    Provider,
    ProviderUnavailable,
)
from accounts.directus.sso import redirect_uri
from tests.fake_directus import Person, one_time_code

SITE = "http://testserver"
SECRET = "JBSWY3DPEHPK3PXP"
ADA = Person("ada@example.com", first_name="Ada", last_name="Lovelace")


@pytest.fixture
def provider(directus):
    return directus.add_provider("exampleid", label="Example ID", icon="key")


@pytest.fixture(params=["openid", "oauth2"])
def driver(request, provider):
    provider.driver = request.param
    return request.param


@pytest.fixture
def calls():
    return clients.anonymous_client()


def begin(calls, otp=""):
    return calls.begin_sso("exampleid", site=SITE, otp=otp)


def finish(calls, start, query, provider="exampleid"):
    return calls.finish_sso(provider, site=SITE, cookie=start.cookie, answer=query)


def sign_in(calls, directus, person=ADA, **more):
    start = begin(calls, **more)
    return finish(calls, start, directus.approve(start.url, person))


# The list


def test_the_providers_are_listed(calls, directus, provider):
    directus.add_provider("ghlike", driver="oauth2")

    ways = calls.sign_in_ways()

    assert ways.providers == (
        Provider("exampleid", "openid", "Example ID", "key"),
        Provider("ghlike", "oauth2", "ghlike"),
    )
    assert ways.has_passwords


def test_a_directus_without_passwords_says_so(calls, directus):
    directus.state.password_sign_in = False

    assert not calls.sign_in_ways().has_passwords


# The start


def test_the_provider_sends_the_browser_back_to_the_site(calls, provider, driver):
    start = begin(calls)
    query = parse_qs(urlsplit(start.url).query)

    assert redirect_uri(start.url) == f"{SITE}/sso/auth/login/exampleid/callback"
    assert query["state"] == query["code_challenge"] == [start.state]
    assert query["code_challenge_method"] == ["S256"]
    assert start.cookie.startswith(f"{driver}.exampleid=")


@pytest.mark.parametrize(
    "urls", [(), ("https://testserver/sso",), ("http://testserver:80/sso",)]
)
def test_another_origin_leads_to_directus_itself(calls, directus, provider, urls):
    directus.state.allowed_public_urls = urls

    assert redirect_uri(begin(calls).url).startswith("http://directus.public:8055/auth")


def test_an_unknown_provider_is_not_found(calls, directus):
    with pytest.raises(NotFound):
        begin(calls)
    directus.was_asked_once("/auth/login/exampleid")


def test_a_provider_that_was_never_reached_is_unavailable(calls, provider):
    provider.was_discovered = False

    with pytest.raises(ProviderUnavailable):
        begin(calls)


# The end


@pytest.mark.parametrize("has_session_cookie", [True, False])
def test_a_new_person_becomes_a_user(
    calls, directus, provider, driver, has_session_cookie
):
    provider.has_session_cookie = has_session_cookie
    found = sign_in(calls, directus)

    (user,) = directus.state.users.values()
    assert (user.email, user.first_name, user.provider) == (
        "ada@example.com",
        "Ada",
        "exampleid",
    )
    assert user.external_identifier == ADA.sub
    me = clients.client_for_tokens(found.tokens).get_current_user()
    assert (str(me.id), me.provider) == (user.id, "exampleid")
    assert directus.sessions_of(user) == [found.tokens.refresh_token]
    assert not found.must_use_two_factor


def test_the_same_person_is_the_same_user(calls, directus, provider):
    sign_in(calls, directus)
    sign_in(calls, directus)

    assert len(directus.state.users) == 1


def test_a_person_without_an_address_has_none(calls, directus, provider, driver):
    found = sign_in(calls, directus, Person(None))

    assert clients.client_for_tokens(found.tokens).get_current_user().email == ""


def test_a_demanded_second_factor_is_told(calls, directus, provider):
    directus.demands_second_factor()

    assert sign_in(calls, directus).must_use_two_factor


def test_a_second_factor_is_asked_for(calls, directus, provider):
    person = Person("ada@example.com")
    directus.add_user(
        "ada@example.com",
        None,
        provider="exampleid",
        external_identifier=person.sub,
        otp_secret=SECRET,
    )
    for otp in ("", "000000"):
        with pytest.raises(InvalidOTP):
            sign_in(calls, directus, person, otp=otp)

    assert sign_in(calls, directus, person, otp=one_time_code(SECRET))


def test_two_tabs_both_work(calls, directus, provider):
    first, second = begin(calls), begin(calls)

    for start in (second, first):
        assert finish(calls, start, directus.approve(start.url, ADA))


def test_an_address_with_a_password_is_told_apart(calls, directus, provider, ada):
    with pytest.raises(InvalidProvider):
        sign_in(calls, directus, Person("ADA@example.com"))


def test_who_may_not_sign_in_is_refused(calls, directus, provider):
    sign_in(calls, directus)
    (user,) = directus.state.users.values()
    directus.suspend(user)
    with pytest.raises(InvalidCredentials):
        sign_in(calls, directus)
    directus.change(user, status="active", provider="another")
    with pytest.raises(InvalidCredentials):
        sign_in(calls, directus)


def test_a_closed_registration_refuses_new_persons(calls, directus, provider):
    provider.allows_registration = False

    with pytest.raises(InvalidCredentials):
        sign_in(calls, directus)
    assert not directus.state.users


def test_an_address_that_is_not_verified_is_refused(calls, directus, provider):
    with pytest.raises(InvalidCredentials):
        sign_in(calls, directus, Person("eve@example.com", email_verified=False))


@pytest.mark.parametrize(
    "change",
    [
        lambda query: query | {"state": "x" * 43},
        lambda query: query | {"iss": "http://evil.test"},
        lambda query: {k: v for k, v in query.items() if k != "iss"},
        lambda query: query | {"code": "another"},
    ],
)
def test_an_answer_that_is_not_the_providers_is_refused(
    calls, directus, provider, change
):
    start = begin(calls)

    with pytest.raises(InvalidCredentials):
        finish(calls, start, change(directus.approve(start.url, ADA)))
    assert not directus.state.users


def test_a_code_works_once(calls, directus, provider):
    start = begin(calls)
    query = directus.approve(start.url, ADA)
    finish(calls, start, query)

    with pytest.raises(InvalidCredentials):
        finish(calls, start, query)


def test_a_sign_in_takes_five_minutes_at_most(calls, directus, provider, driver):
    start = begin(calls)
    query = directus.approve(start.url, ADA)
    directus.time_passes(301)

    with pytest.raises(InvalidCredentials):
        finish(calls, start, query)


@pytest.mark.parametrize("trouble", ["is_down", "refuses_client"])
def test_a_provider_in_trouble_is_unavailable(calls, directus, provider, trouble):
    setattr(provider, trouble, True)

    with pytest.raises(ProviderUnavailable):
        sign_in(calls, directus)


def test_version_10_answers_errors_as_json(calls, directus, provider, driver, ada):
    directus.state.has_policies = False

    with pytest.raises(InvalidProvider):
        sign_in(calls, directus, Person(ada.email))
    assert sign_in(calls, directus, Person("eve@example.com"))


# Later


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        ("is_down", CallFailed),
        ("refuses_client", ProviderUnavailable),
        # Not told apart from an ended session: another reason against offline_access.
        ("hangs", InvalidCredentials),
        ("revoked", InvalidToken),
        ("gone", ProviderUnavailable),
    ],
)
def test_a_renewal_asks_the_provider(calls, directus, provider, trouble, expected):
    provider.gives_refresh_token = True
    tokens = sign_in(calls, directus).tokens
    (user,) = directus.state.users.values()
    if trouble == "revoked":
        directus.revoke(user)
    elif trouble == "gone":
        directus.state.providers.clear()
    else:
        setattr(provider, trouble, True)

    with pytest.raises(DirectusError) as caught:
        calls.refresh(tokens.refresh_token)
    assert type(caught.value) is expected
    assert directus.sessions_of(user) == [tokens.refresh_token]
