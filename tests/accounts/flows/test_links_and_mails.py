"""A link and the mail with it: both are stored, or none."""

import pytest
from django.core import mail
from django.db import DatabaseError

from accounts.core import outbox
from accounts.flows import invitation_by_staff, password_reset_by_site
from accounts.models import MailedLink, User

from ..account_pages import ask_email
from ..steps import ask_reset, sign_up

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("site_mails")]


def invite_again(ada):
    user = User.objects.get(directus_id=ada.id)
    invitation_by_staff._mail_link(user)


def reset_by_staff(ada):
    password_reset_by_site.send_link_to(User.objects.get(directus_id=ada.id))


WAYS = {
    "sign-up": lambda browser, ada: sign_up(browser),
    "reset": lambda browser, ada: ask_reset(browser, ada.email),
    "email change": lambda browser, ada: ask_email(browser),
    "invitation": lambda browser, ada: invite_again(ada),
    "staff's reset": lambda browser, ada: reset_by_staff(ada),
}


@pytest.mark.parametrize("way", WAYS)
def test_without_its_mail_a_link_voids_no_older_one(
    way, ada, sign_in, client, monkeypatch
):
    """Of two requests at once, the mail that stays has the valid link."""
    browser = client if way == "sign-up" else sign_in(ada)
    WAYS[way](browser, ada)
    before = MailedLink.objects.get()
    assert mail.outbox
    browser.raise_request_exception = False

    def fail(*args, **options):
        raise DatabaseError("the row of the mail")

    monkeypatch.setattr(outbox, "put", fail)
    try:
        WAYS[way](browser, ada)
    except DatabaseError:
        pass

    assert MailedLink.objects.get().token_digest == before.token_digest
