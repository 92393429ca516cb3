"""What people do on the account pages, one function each, for tests."""

from datetime import timedelta

from django.utils import timezone

from .signed_in import key_of, rows_with
from .steps import NEW_PASSWORD

OWN_PASSWORD = "Ada's secret 1815"


def change_password(browser, current=OWN_PASSWORD, new=NEW_PASSWORD, **data):
    """Send the form for another password."""
    form = {
        "current_password": current,
        "new_password": new,
        "new_password_again": data.pop("again", new),
    }
    return browser.post("/account/password/", form | data)


def confirm_password(browser, current=OWN_PASSWORD, **data):
    """Send the form that asks for the password again."""
    return browser.post("/account/confirm/", {"current_password": current} | data)


def ask_email(browser, email="new@example.com"):
    """Ask for another address."""
    return browser.post("/account/email/", {"email": email})


def confirm_email(browser):
    """Press the button that confirms the new address."""
    return browser.post("/account/email/confirm/")


def confirmed_long_ago(browser, minutes=6):
    """Let the password have been given so long ago."""

    moment = timezone.now() - timedelta(minutes=minutes)
    rows_with(key_of(browser)).update(confirmed_at=moment)
