"""Sign out of a session that a provider began."""

import pytest

from accounts.core import memory
from accounts.models import Session

pytestmark = pytest.mark.django_db

LINK = "https://id.example.com/logout?client_id=site&to=https%3A%2F%2Fwww.example.com"
SHOWN = (
    "You&#x27;re signed out here. "
    f'<a href="{LINK.replace("&", "&amp;")}">Sign out of Example ID, too</a>.'
)


@pytest.fixture
def by_provider(signed_in_client, directus, settings):
    """A browser in which Example ID has signed Ada in."""
    directus.add_provider("exampleid", label="Example ID")
    memory.clear()
    settings.SSO_SIGN_OUT_URLS = {"exampleid": LINK}
    Session.objects.update(provider="exampleid")
    return signed_in_client


def sign_out(browser, **data):
    return browser.post("/logout/", data, follow=True).text


def test_the_user_gets_a_link_to_sign_out_there_too(by_provider):
    page = sign_out(by_provider)

    assert SHOWN.replace("&#x27;", "'") in page.replace("&#x27;", "'")
    assert by_provider.get("/").status_code == 302


@pytest.mark.parametrize("links", [{}, {"other": LINK}])
def test_without_an_address_there_is_no_link(by_provider, settings, links):
    settings.SSO_SIGN_OUT_URLS = links

    page = sign_out(by_provider)

    assert "You&#x27;re signed out." in page or "You're signed out." in page
    assert "Sign out of" not in page


def test_a_session_that_a_password_began_has_no_link(signed_in_client, settings):
    settings.SSO_SIGN_OUT_URLS = {"exampleid": LINK, "": LINK}

    page = sign_out(signed_in_client)

    assert "Sign out of" not in page


def test_a_visitor_gets_no_message(client, settings):
    settings.SSO_SIGN_OUT_URLS = {"": LINK}

    assert "signed out" not in sign_out(client)


def test_a_label_is_no_html(by_provider, directus):
    directus.state.providers["exampleid"].label = "<b>ID</b>"
    memory.clear()

    assert "Sign out of &lt;b&gt;ID&lt;/b&gt;, too" in sign_out(by_provider)


def test_an_outage_of_directus_hides_no_link(by_provider, directus):
    directus.is_down()

    assert "Sign out of" in sign_out(by_provider)
