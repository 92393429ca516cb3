"""The provider's page: where it leads back to, and what it is asked."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib.auth import SESSION_KEY

from accounts.flows import sso
from tests.fake_directus import Person

CALLBACK = "/sso/auth/login/exampleid/callback"


@pytest.fixture
def of_old(directus):
    """A Directus that names its own address to providers, as before 11.14.1."""
    directus.add_provider("exampleid", label="Example ID")
    directus.state.allowed_public_urls = ()
    return directus


def begin(browser):
    """Press the button; return the address of the provider's page, if there is one."""
    context = browser.post("/sso/exampleid/").context
    return context.get("url", "") if context else ""


@pytest.mark.django_db
def test_without_a_rule_no_browser_is_sent_to_directus(client, of_old):
    assert not begin(client)


@pytest.mark.django_db
def test_with_a_rule_directus_passes_the_answer_on(client, of_old, settings):
    settings.SSO_PROXY_RULE = True
    location = begin(client)

    client.get(CALLBACK, of_old.approve(location, Person("ada@example.com")))

    assert "directus.public" in location
    assert SESSION_KEY in client.session


@pytest.mark.django_db
def test_a_rule_allows_no_other_address(client, of_old, settings):
    settings.SSO_PROXY_RULE = True
    settings.DIRECTUS_PUBLIC_URL = "https://elsewhere.example.com"

    assert not begin(client)


@pytest.mark.parametrize(
    "query",
    ["state=s&scope=a+b", "max_age=300&state=s&scope=a%20b&prompt=consent"],
)
def test_each_name_of_a_reauthentication_comes_once(query):
    """A provider with max_age in Directus' own configuration refuses a second one."""
    url = sso._asking_again(f"https://id.example.com/auth?{query}")

    assert sorted(parse_qsl(urlsplit(url).query)) == [
        ("max_age", "0"),
        ("prompt", "login"),
        ("scope", "a b"),
        ("state", "s"),
    ]
