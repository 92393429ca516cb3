"""What people do on the site, one function each, for tests that do it often."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

from django.core import mail
from django.db.models import F

from accounts.models import Attempts

PASSWORD = "correct horse battery"
NEW_PASSWORD = "a new and longer password"
OTP_SECRET = "BJ4A22TICIBESDBT"


def log_in(browser, email="ada@example.com", password="wrong", **extra):
    """Send the sign-in form; `extra` goes to the test client."""
    data = {"email": email, "password": password}
    return browser.post("/login/", data | extra.pop("data", {}), **extra)


def send_code(browser, code="000000", **extra):
    """Send the form for the one-time code."""
    return browser.post("/login/code/", {"otp": code}, **extra)


def sign_up(browser, email="new@example.com", password=PASSWORD, **extra):
    """Send the sign-up form."""
    data = {
        "email": email,
        "password": password,
        "first_name": "New",
        "last_name": "Person",
    }
    return browser.post("/register/", data | extra.pop("data", {}), **extra)


def mailed_link(email, path="/verify-email/"):
    """Return the link in the last mail of the site to an address."""
    found = [
        re.findall(rf"http://testserver{path}\?token=\S+", letter.body)
        for letter in mail.outbox
        if letter.to == [email]
    ]
    links = [link for links in found for link in links]
    assert links, f"no link to {email}"
    return links[-1]


def ask_reset(browser, email="ada@example.com", **extra):
    """Ask for a link to choose a new password."""
    return browser.post("/request-reset-password/", {"email": email}, **extra)


def open_link(browser, link, **extra):
    """Open a mailed link, as far as its own page."""
    parts = urlsplit(link)
    return browser.get(f"{parts.path}?{parts.query}", follow=True, **extra)


def confirm(browser, **extra):
    """Press the button that confirms an address."""
    return browser.post("/verify-email/", **extra)


def confirm_with_password(browser, password=NEW_PASSWORD, again=None, **extra):
    """Confirm an address on the page that asks for a new password."""
    data = {"new_password": password, "new_password_again": again or password}
    return browser.post("/verify-email/", data | extra.pop("data", {}), **extra)


def choose_password(browser, password=NEW_PASSWORD, again=None, **extra):
    """Send the form for a new password."""
    data = {"new_password": password, "new_password_again": again or password}
    return browser.post("/reset-password/", data, **extra)


def let_pass(**time):
    """Let time pass for what counts attempts: `minutes=5`."""
    passed = timedelta(**time)
    Attempts.objects.update(
        window_ends_at=F("window_ends_at") - passed,
        in_flight_until=F("in_flight_until") - passed,
    )


def forget_spent_links():
    """Let links be as if they had been spent elsewhere, not on this site."""
    Attempts.objects.filter(key__startswith="spent-links:").delete()


def wide(text):
    """Return a text in full-width characters, as input methods write it."""
    return text.translate({number: number + 0xFEE0 for number in range(0x21, 0x7F)})
