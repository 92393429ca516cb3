"""What an authenticator app shows beside its codes."""

from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from accounts.two_factor.totp import app_url, new_secret, qr_code

SECRET = new_secret()


def shown(url):
    """Return issuer and account as the apps find them, and the issuer once more."""
    parts = urlsplit(url)
    issuer, colon, account = unquote(parts.path[1:]).partition(":")
    assert colon
    return issuer, account, parse_qs(parts.query)["issuer"][0]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Books & more", "Books & more"),
        ("Shop: Berlin", "Shop Berlin"),
        ("a:b:c", "a b c"),
        (":Shop:", "Shop"),
        ("100% / 50%?", "100% / 50%?"),
        ("a%3Ab", "a%3Ab"),
        ("x#y=z&w+v", "x#y=z&w+v"),
        ("Bücher \U0001f4da", "Bücher \U0001f4da"),
        ("x" * 500, "x" * 40),
    ],
)
def test_an_app_shows_the_sites_name(name, label):
    url = app_url(SECRET, account="ada@example.com", issuer=name)

    assert shown(url) == (label, "ada@example.com", label)
    assert parse_qs(urlsplit(url).query)["secret"] == [SECRET]


def test_an_app_finds_the_account_in_any_address():
    url = app_url(SECRET, account='"a:b/c?d"@example.com', issuer="Shop")

    assert shown(url)[:2] == ("Shop", '"a b/c?d"@example.com')


def test_a_code_is_drawn_for_the_longest_names():
    url = app_url(SECRET, account="\U0001f511" * 254, issuer="\U0001f4da" * 500)

    assert qr_code(url).startswith("<svg")
