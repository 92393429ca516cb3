"""A real browser against the site against a real Directus, with real mails."""

import itertools
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Response, expect

from local.admin import totp
from local.install import chromium
from tests.stack import RunningStack

PASSWORD = "Correct horse battery 42"

addresses = itertools.count(1)
used_codes: Counter[str] = Counter()


@dataclass(frozen=True)
class Person:
    """A person without an account."""

    first_name: str
    last_name: str
    email: str
    password: str = PASSWORD


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """The system's Chromium; playwright's own is not installed."""
    quiet = ["--no-first-run", "--disable-background-networking", "--disable-sync"]
    return browser_type_launch_args | {
        "executable_path": chromium(),
        "args": ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *quiet],
    }


@pytest.fixture(scope="session")
def site(live_site: RunningStack) -> RunningStack:
    """The running site."""
    return live_site


@pytest.fixture
def new_browser(browser: Browser, site: RunningStack) -> Iterator[Callable[..., Page]]:
    """A function that opens a browser of its own, at an address of its own."""
    contexts: list[BrowserContext] = []

    def open_browser(**options) -> Page:
        visitor = f"203.0.113.{next(addresses) % 250 + 1}"
        context = browser.new_context(
            base_url=site.site_url,
            extra_http_headers={"X-Forwarded-For": visitor},
            **options,
        )
        contexts.append(context)
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("console", lambda message: note(message.type, message.text))
        page.on("pageerror", lambda error: console.append(str(error)))
        return page

    def note(kind: str, text: str) -> None:
        # What the browser complains about is a defect: CSP, scripts. That an answer
        # was 503 is not.
        if kind in {"error", "warning"} and "Failed to load resource" not in text:
            console.append(text)

    console: list[str] = []
    yield open_browser
    for context in contexts:
        context.close()
    assert console == []


@pytest.fixture
def page(new_browser) -> Page:
    """A browser that was never here before."""
    return new_browser()


@pytest.fixture
def person() -> Person:
    """A person without an account."""
    name = secrets.token_hex(5)
    return Person("Erika", "Example", f"erika-{name}@example.com")


def follow(button: Locator) -> None:
    """Click what leads to another page, and wait until that page is there."""
    with button.page.expect_navigation():
        button.click()


def sign_in(page: Page, email: str, password: str, *, button: str = "Sign in") -> None:
    """Fill in the sign-in form and send it, in the language of its button."""
    page.goto("/login/")
    page.locator("[name=email]").fill(email)
    page.locator("[name=password]").fill(password)
    follow(page.get_by_role("button", name=button))


def open_menu(page: Page) -> Locator:
    """Open the account menu; return it."""
    menu = page.locator("header details")
    menu.locator("summary").click()
    return menu


def sign_out(page: Page) -> None:
    """Sign out with the button in the account menu, in any language."""
    follow(open_menu(page).locator("form button"))


def expect_greeting(page: Page, name: str) -> None:
    """Check that the home page greets a user."""
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def confirm_address(page: Page) -> None:
    """Press the button on the page that the link in a mail leads to."""
    follow(page.get_by_role("button", name="Confirm email address"))


def is_sent_form(answer: Response) -> bool:
    """Tell whether this is the answer to a form, for expect_response()."""
    return answer.request.method == "POST"


def until(is_so: Callable[[], bool]) -> None:
    """Try again and again, as people do while Directus is not asked yet."""
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline


def fresh_code(secret: str) -> str:
    """Return a one-time code that was not used yet; see tests/later_codes.cjs."""
    used_codes[secret] += 1
    return totp(secret, time.time() + 30 * used_codes[secret])


def expect_sign_in_page(page: Page) -> None:
    """Check that the visitor is asked to sign in."""
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
