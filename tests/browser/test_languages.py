"""The site in other languages: long words on small screens, and what is read out."""

import pytest
from playwright.sync_api import expect

from .conftest import expect_greeting, sign_in
from .test_looks import PUBLIC_PAGES, SMALL_PHONE, is_wider_than_the_screen, violations

pytestmark = pytest.mark.browser

SIGN_IN = {
    "de-DE": "Anmelden",
    "fr-FR": "Se connecter",
    "es-MX": "Iniciar sesión",
    "pt-BR": "Entrar",
    "ja-JP": "ログイン",
    "nl-NL": "Sign in",
}


def language_of(page) -> str:
    return page.locator("html").get_attribute("lang")


def faults(page, language: str) -> list[str]:
    found = violations(page)
    if language_of(page) != language:
        found.append(f"{page.url} is in {language_of(page)}")
    if is_wider_than_the_screen(page):
        found.append(f"{page.url} scrolls sideways")
    return found


@pytest.mark.parametrize("locale", SIGN_IN)
def test_the_sign_in_page_speaks_the_browsers_language(new_browser, locale):
    page = new_browser(locale=locale, viewport=SMALL_PHONE)

    page.goto("/login/")

    expect(page.locator("main .btn-primary[type=submit]")).to_have_text(SIGN_IN[locale])
    assert not is_wider_than_the_screen(page)


@pytest.mark.parametrize(("locale", "language"), [("de-DE", "de"), ("ja-JP", "ja")])
def test_no_public_page_has_a_barrier_in_another_language(
    new_browser, locale, language
):
    page = new_browser(locale=locale, viewport=SMALL_PHONE)
    found = []

    for path in PUBLIC_PAGES:
        page.goto(path)
        found += faults(page, language)

    assert found == []


@pytest.mark.parametrize(
    ("in_directus", "language", "month"), [("de-DE", "de", ". "), ("ja-JP", "ja", "月")]
)
def test_the_account_speaks_the_profiles_language(
    new_browser, make_customer, in_directus, language, month
):
    customer = make_customer(first_name="Erika", language=in_directus)
    page = new_browser(locale="fr-FR", viewport=SMALL_PHONE)
    page.goto("/login/")
    assert language_of(page) == "fr"

    sign_in(page, customer.email, customer.password, button="Se connecter")

    expect_greeting(page, "Erika")
    found = faults(page, language)
    page.goto("/account/overview/")
    # The browser's own clock and calendar, in the page's language.
    expect(page.locator("time").first).to_contain_text(month)
    page.goto("/account/sessions/")
    links = page.locator(".account-nav a").all()
    for path in [link.get_attribute("href") for link in links]:
        page.goto(path)
        found += faults(page, language)
    page.goto("/nowhere/")
    assert found + faults(page, language) == []


def test_mails_speak_the_profiles_language(new_browser, make_customer, mailbox):
    customer = make_customer(language="de-DE")
    for _ in range(2):
        page = new_browser()
        sign_in(page, customer.email, customer.password)
        expect(page.locator("html")).to_have_attribute("lang", "de")

    mail = mailbox.wait_for(customer.email, "Neue Anmeldung bei")

    text = mail.get_body(("plain",)).get_content()
    assert "IP-Adresse: 203.0.113." in text
    assert "unter Linux" in text
    assert '<html lang="de">' in mail.get_body(("html",)).get_content()
