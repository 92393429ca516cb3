"""Every mail as programs show it: width, contrast, the size of the button."""

import pytest
from django.conf import settings

from accounts.models import User
from accounts.operations import mail_samples
from config.branding import branding

from .test_looks import SMALL_PHONE, is_wider_than_the_screen, violations

pytestmark = pytest.mark.browser

LANGUAGES = [code for code, _ in settings.LANGUAGES]
LONG = User(email=f"{'w' * 60}@{'m' * 60}.example.com", time_zone="America/Sao_Paulo")


@pytest.fixture
def show(browser):
    """A function that shows a sample, in a window of this size and colour scheme."""
    contexts = []

    def show(mail, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_content(mail.html)
        return page

    yield show
    for context in contexts:
        context.close()


def test_no_mail_scrolls_sideways_on_a_small_phone(show, settings):
    settings.SITE_NAME = "Donaudampfschifffahrtsgesellschaft"
    settings.SUPPORT_EMAIL = f"{'w' * 60}@example.com"
    settings.TERMS_URL = settings.PRIVACY_URL = "https://example.com/"
    sample = mail_samples.SAMPLES[0]
    page = show(mail_samples.written(sample, "en-gb"), viewport=SMALL_PHONE)
    wide = []

    for sample in mail_samples.SAMPLES:
        for language in LANGUAGES:
            page.set_content(mail_samples.written(sample, language, LONG).html)
            if is_wider_than_the_screen(page):
                wide.append((sample.label, language))

    assert wide == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 600])
def test_no_mail_has_a_barrier(show, scheme, width):
    size = {"width": width, "height": 800}
    found = []
    for sample in mail_samples.SAMPLES[::4]:
        mail = mail_samples.written(sample, "de")
        found += violations(show(mail, viewport=size, color_scheme=scheme))

    assert found == []


def test_the_button_is_easy_to_hit_and_has_the_accent(show, settings):
    settings.BRAND_ACCENT = "#7a1f5c"
    (sample,) = [s for s in mail_samples.SAMPLES if s.name == "invitation"]
    mail = mail_samples.written(sample, "en-gb")
    colours = {}

    for scheme in ("light", "dark"):
        page = show(mail, color_scheme=scheme)
        button = page.locator(".button")
        assert button.bounding_box()["height"] == 44
        assert button.locator("a").bounding_box()["height"] == 44
        code = "each => getComputedStyle(each).backgroundColor"
        colours[scheme] = button.evaluate(code)

    assert colours["light"] == "rgb(122, 31, 92)"
    assert colours["dark"] != colours["light"]
    assert branding().accent == "#7a1f5c"


def test_a_mail_without_styles_is_complete(show):
    mail = mail_samples.written(mail_samples.SAMPLES[0], "en-gb")
    page = show(mail)
    page.evaluate(
        "document.querySelectorAll('style').forEach(each => each.remove());"
        "document.querySelectorAll('[style]').forEach("
        "  each => each.removeAttribute('style'))"
    )

    # A tab is between the cells of a table.
    shown = page.inner_text("body").replace("\t", ": ")

    lines = mail.text.partition("\n-- \n")[0].splitlines()
    assert all(line.rstrip(":") in shown for line in lines)
