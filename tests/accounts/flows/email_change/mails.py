"""What tests of another e-mail address share."""

import re

from django.core import mail

from ...account_pages import ask_email

OLD, NEW = "ada@example.com", "new@example.com"
PATH = "/account/email/"


def link_in_mail(to=NEW):
    """Return the link in the only mail to an address."""
    (letter,) = [letter for letter in mail.outbox if letter.to == [to]]
    (link,) = re.findall(r"http\S+token=\S+", letter.body)
    return link


def asked(here):
    """Ask for the new address; return the link."""
    assert ask_email(here).status_code == 302
    return link_in_mail()


def patches(directus):
    return [call for call in directus.calls if call.method == "PATCH"]
