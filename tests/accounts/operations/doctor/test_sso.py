"""directus_doctor: the first hop of single sign-on with each provider."""

from urllib.parse import urlencode

import pytest

from accounts.directus import DirectusUnavailable, NotFound, SignInWays, SsoStart
from accounts.directus.sso import Provider
from accounts.operations.doctor import registry, sso
from accounts.operations.doctor.findings import Verdict
from accounts.operations.doctor.site import NotReadable, Site

ID = Provider("exampleid", "openid", "Example ID")
HUB = Provider("hub", "oauth2", "Hub")
OURS = "/sso/auth/login/exampleid/callback"
CHECKS = [
    sso.providers,
    sso.start,
    sso.redirect,
    sso.request,
    sso.reauthentication,
    sso.identifiers,
]


@pytest.fixture
def offered(site, settings):
    """Return a function that lets Directus offer Example ID, with a changed request."""
    settings.PUBLIC_URL = "https://www.example.com"
    settings.HTTPS = True

    def offer(page="https://id.example.com/auth", drop=(), **changed):
        values = {
            "redirect_uri": f"{settings.PUBLIC_URL}{OURS}",
            "code_challenge_method": "S256",
            "scope": "openid profile email",
            "access_type": "offline",
        } | changed
        query = urlencode({k: v for k, v in values.items() if k not in drop})
        site.sign_in_ways = SignInWays((ID,))
        site.sso_answers = {"exampleid": SsoStart(f"{page}?{query}", "s", "c")}
        site.users_with_addresses_as_identifiers = list
        return site

    return offer


@pytest.mark.parametrize("check", CHECKS)
def test_a_provider_that_is_set_up_has_no_finding(offered, check):
    assert check(offered()).verdict is Verdict.OK


@pytest.mark.parametrize("check", [*CHECKS, sso.unseen])
def test_without_a_provider_there_is_nothing_to_do(site, check):
    site.sign_in_ways = SignInWays()

    answer = check(site)

    assert answer.verdict is Verdict.OK
    assert "no provider" in answer.reason


def test_a_missing_licence_explains_missing_buttons(unlicensed):
    unlicensed.sign_in_ways = SignInWays()

    assert "only with a licence" in sso.providers(unlicensed).reason


def test_passwords_that_are_off_are_mentioned(site):
    site.sign_in_ways = SignInWays((ID,), has_passwords=False)

    answer = sso.providers(site)

    assert "exampleid (openid)" in answer.reason
    assert "password is off" in answer.reason


# The start


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NotFound(404, "ROUTE_NOT_FOUND"), "no address for it"),
        (DirectusUnavailable("GET /auth: no state"), "does not start: GET /auth"),
    ],
)
def test_a_sign_in_that_does_not_start(offered, error, reason):
    site = offered()
    site.sso_answers = {"exampleid": error}

    answer = sso.start(site)

    assert answer.verdict is Verdict.PROBLEM
    assert reason in answer.reason
    assert sso.redirect(site).verdict is Verdict.UNKNOWN


def test_a_driver_without_a_button_is_named(site):
    site.sign_in_ways = SignInWays((Provider("corp", "ldap", "Corp"),))

    answer = sso.start(site)

    assert answer.verdict is Verdict.WARNING
    assert "no button for the driver ldap" in answer.reason


# The redirect address


@pytest.mark.parametrize(
    "address", ["https://directus.example.com/auth/login/exampleid/callback", ""]
)
def test_browsers_that_do_not_come_back_here(offered, address):
    answer = sso.redirect(offered(redirect_uri=address))

    assert answer.verdict is Verdict.PROBLEM
    assert answer.line == 'AUTH_ALLOWED_PUBLIC_URLS="https://www.example.com/sso"'
    assert "IP_TRUST_PROXY" in answer.reason


@pytest.fixture(params=["10.13.4", "11.14.0"])
def of_old(request, offered, settings):
    """A site on a version that knows Directus' own address alone."""
    settings.DIRECTUS_PUBLIC_URL = "https://directus.example.com"
    settings.SSO_PROXY_RULE = True
    address = f"{settings.DIRECTUS_PUBLIC_URL}/auth/login/exampleid/callback"
    site = offered(redirect_uri=address)
    site.info = {"version": request.param}
    return site


@pytest.mark.parametrize("is_there", [True, False])
def test_an_older_version_needs_a_rule_of_its_proxy(of_old, monkeypatch, is_there):
    asked = []

    def location_of(url):
        asked.append(url)
        query = url.partition("?")[2]
        return f"https://www.example.com{OURS}?{query}" if is_there else ""

    monkeypatch.setattr(sso, "location_of", location_of)

    answer = sso.redirect(of_old)

    assert asked[0].startswith("https://directus.example.com/auth/login/exampleid/")
    assert answer.verdict is (Verdict.OK if is_there else Verdict.PROBLEM)
    if not is_there:
        assert answer.line.startswith("location = /auth/login/exampleid/callback {")
        assert f"https://www.example.com{OURS}$is_args$args" in answer.line


def test_the_site_must_know_of_the_rule(of_old, monkeypatch, settings):
    settings.SSO_PROXY_RULE = False
    there = f"https://www.example.com{OURS}?state=doctor"
    monkeypatch.setattr(sso, "location_of", lambda url: there)

    answer = sso.redirect(of_old)

    assert (answer.verdict, answer.line) == (Verdict.PROBLEM, "SSO_PROXY_RULE=on")


def test_a_rule_that_drops_the_query_is_none(of_old, monkeypatch):
    monkeypatch.setattr(
        sso, "location_of", lambda url: f"https://www.example.com{OURS}"
    )

    assert sso.redirect(of_old).verdict is Verdict.PROBLEM


def test_an_older_version_at_another_address_than_the_site_knows(of_old, settings):
    settings.DIRECTUS_PUBLIC_URL = "https://elsewhere.example.com"

    assert sso.redirect(of_old).line == "DIRECTUS_PUBLIC_URL=…"


def test_an_older_version_that_was_started_for_the_site_is_fine(offered):
    site = offered()
    site.info = {"version": "10.13.4"}

    assert sso.redirect(site).verdict is Verdict.OK


# The request


@pytest.mark.parametrize(
    ("changed", "verdict", "line"),
    [
        (
            {"code_challenge_method": "plain"},
            Verdict.PROBLEM,
            'AUTH_EXAMPLEID_PLAIN_CODE_CHALLENGE="false"',
        ),
        (
            {"drop": ["code_challenge_method"]},
            Verdict.PROBLEM,
            'AUTH_EXAMPLEID_PLAIN_CODE_CHALLENGE="false"',
        ),
        (
            {"scope": "openid email offline_access"},
            Verdict.PROBLEM,
            'AUTH_EXAMPLEID_SCOPE="openid email"',
        ),
        (
            {"page": "https://accounts.google.com/o/oauth2/v2/auth"},
            Verdict.PROBLEM,
            """AUTH_EXAMPLEID_PARAMS='json:{"access_type":"online"}'""",
        ),
        ({"page": "http://id.example.com/auth"}, Verdict.PROBLEM, ""),
    ],
)
def test_an_unsafe_request(offered, changed, verdict, line):
    answer = sso.request(offered(**changed))

    assert (answer.verdict, answer.line) == (verdict, line)
    assert answer.reason.startswith("exampleid: ")


def test_a_development_site_needs_no_https(offered, settings):
    settings.HTTPS = False

    assert sso.request(offered(page="http://id.localhost/auth")).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("changed", "word"), [({}, "Soft: exampleid"), ({"max_age": "300"}, "max_age: ex")]
)
def test_how_passwords_are_asked_for_again(offered, changed, word):
    assert word in sso.reauthentication(offered(**changed)).reason


# What the first hop does not show


@pytest.mark.parametrize(("provider", "key"), [(ID, "sub"), (HUB, "id")])
def test_users_who_are_recognised_by_their_address(site, provider, key):
    site.sign_in_ways = SignInWays((provider,))
    site.users_with_addresses_as_identifiers = lambda: [{"provider": provider.name}]

    answer = sso.identifiers(site)

    assert answer.verdict is Verdict.PROBLEM
    name = provider.name.upper()
    assert answer.line == f'AUTH_{name}_IDENTIFIER_KEY="{key}"'


@pytest.mark.parametrize(
    ("email", "identifier", "is_found"),
    [
        ("Ada@example.com", "ada@EXAMPLE.com", True),
        ("ada@example.com", "ada@corp.local", False),
        (None, "ada@example.com", False),
    ],
)
def test_an_identifier_counts_only_if_it_is_the_own_address(
    email, identifier, is_found
):
    site = Site()
    site.token_error, site.info = None, {}
    row = {"provider": "p", "email": email, "external_identifier": identifier}

    class Client:
        def get(self, path, params):
            assert '"_neq": "default"' in params["filter"]
            return [row]

    site.service = Client()

    assert site.users_with_addresses_as_identifiers() == ([row] if is_found else [])


def test_without_a_token_identifiers_are_unknown(site):
    site.sign_in_ways = SignInWays((ID,))

    def refuse():
        raise NotReadable("The check needs a valid service token.")

    site.users_with_addresses_as_identifiers = refuse

    answer = registry._answer(sso.identifiers, site)

    assert answer.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("provider", "is_named"), [(ID, True), (HUB, False)], ids=["openid", "oauth2"]
)
def test_what_cannot_be_seen_is_a_reminder(site, provider, is_named):
    site.sign_in_ways = SignInWays((provider,))

    answer = sso.unseen(site)

    assert answer.verdict is Verdict.UNKNOWN
    assert f"AUTH_{provider.name.upper()}_…" in answer.reason
    assert "DEFAULT_ROLE_ID=" in answer.reason
    assert "SYNC_USER_INFO" in answer.reason
    assert ("REQUIRE_VERIFIED_EMAIL" in answer.reason) is is_named


# With the Directus in memory


@pytest.fixture
def own_site(directus, settings):
    """What the doctor sees of the Directus in memory."""
    settings.PUBLIC_URL = directus.state.site_url
    settings.HTTPS = False
    return Site()


def test_the_first_hop_is_tried_with_the_address_of_the_site(own_site, directus):
    directus.add_provider("exampleid")
    directus.add_provider("hub", driver="oauth2")

    assert "exampleid (openid), hub (oauth2)" in sso.providers(own_site).reason
    for check in (sso.start, sso.redirect, sso.request):
        answer = check(own_site)
        assert answer.verdict is Verdict.OK, answer.reason
        assert "exampleid, hub" in answer.reason


def test_an_address_that_directus_does_not_allow(own_site, directus):
    directus.add_provider("exampleid")
    directus.state.allowed_public_urls = ("https://elsewhere.example.com/sso",)
    own_site.info, own_site.public_info = {"version": "11.17.4"}, {}

    assert sso.redirect(own_site).verdict is Verdict.PROBLEM


def test_a_provider_that_was_never_reached(own_site, directus):
    directus.add_provider("exampleid").was_discovered = False

    answer = sso.start(own_site)

    assert answer.verdict is Verdict.PROBLEM
    assert answer.line == "AUTH_EXAMPLEID_ISSUER_URL=…"
