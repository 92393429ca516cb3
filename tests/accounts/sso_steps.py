"""What people do to sign in with a provider, one function each."""

import html
import re

from tests.fake_directus import Person

ADA = Person("ada@example.com", first_name="Ada", last_name="Lovelace")
CALLBACK = "/sso/auth/login/exampleid/callback"
REFRESH = re.compile(r'http-equiv="refresh" content="0; url=([^"]+)"')


def press(browser, provider="exampleid", **data):
    """Press the button of a provider; return the page that goes on."""
    return browser.post(f"/sso/{provider}/", data)


def way_to_provider(response):
    """Return the address of the provider's page that a page leads to."""
    assert response.status_code == 200, response
    found = REFRESH.search(response.text)
    assert found, response.text
    return html.unescape(found[1])


def begin(browser, provider="exampleid", **data):
    """Press the button; return the address of the provider's page."""
    return way_to_provider(press(browser, provider, **data))


def come_back(browser, query, **extra):
    """Come back from the provider, with its answer."""
    return browser.get(CALLBACK, query, **extra)


def sign_in_with_provider(browser, directus, person=ADA, **data):
    """Press the button, be approved by the provider and come back."""
    return come_back(browser, directus.approve(begin(browser, **data), person))


def problem(response):
    """Return the reason that a redirect names."""
    assert response.status_code == 302, response
    found = re.fullmatch(r"/sso/exampleid/problem/([a-z-]+)/(\?next=.*)?", response.url)
    assert found, response.url
    return found[1]
