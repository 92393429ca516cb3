"""Mails of this site about what happened to an account.

Each is one text template in `accounts/mail/`: the subject in the first line, then
paragraphs. The HTML part is the same paragraphs in a frame. Never a secret in them:
who reads somebody's mail learns what happened, and cannot do anything with it. The
one exception is the link that confirms a new address, which is good for that alone.
"""

import logging
from collections.abc import Callable
from copy import copy
from datetime import UTC
from functools import partial
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone, translation

from ..web.languages import language_of
from ..web.user_agent import browser_in_words
from . import background

logger = logging.getLogger(__name__)


def send(name: str, user, request=None, *, to: str = "", **facts) -> None:
    """Tell a user what happened, in the user's own language; soon, not at once.

    A mail that cannot be sent is logged and stops nothing: what it tells of has
    happened already.

    Args:
        name: of the template, without folder and suffix.
        user: whom it is about.
        request: what caused it; the mail names its address and browser.
        to: the address, if not the user's.
        facts: what the template shows beside that.
    """
    write = _writer(name, user, request, to, facts)
    background.run(lambda: _hand_over(name, write()))


def send_now(name: str, user, request=None, *, to: str = "", **facts) -> bool:
    """Send a mail as `send` does, and wait; return whether the mail server took it."""
    return _hand_over(name, _writer(name, user, request, to, facts)())


def _hand_over(name: str, mail: EmailMultiAlternatives) -> bool:
    try:
        return bool(mail.send())
    except (OSError, SMTPException, ValueError) as error:
        # ValueError: Directus may keep an address that is none. Without the text of
        # the error: mail servers quote addresses.
        logger.error("The mail %s was not sent: %s", name, type(error).__name__)
        return False


def _writer(name, user, request, to, facts) -> Callable[[], EmailMultiAlternatives]:
    """Return what writes the mail, with everything as it is now."""
    # Whose profile says nothing reads what the page was in.
    spoken = "" if request is None else translation.get_language()
    context = {
        # What happens to it afterwards is another mail's.
        "user": copy(user),
        "site_name": settings.SITE_NAME,
        "site_url": settings.PUBLIC_URL,
        "moment": timezone.now(),
        **facts,
    }
    language = language_of(user, otherwise=spoken)
    with translation.override(language):
        context |= _cause(request)
    return partial(_written, name, language, to or user.email, context)


def _written(name, language, to, context) -> EmailMultiAlternatives:
    # The templates say that times are UTC, whatever zone the page's reader chose.
    with translation.override(language), timezone.override(UTC):
        text = render_to_string(f"accounts/mail/{name}.txt", context).strip()
        subject, _, body = text.partition("\n")
        html = render_to_string(
            "accounts/mail/frame.html",
            context | {"subject": subject, "paragraphs": _paragraphs(body)},
        )
    mail = EmailMultiAlternatives(subject.strip(), body.strip() + "\n", to=[to])
    mail.attach_alternative(html, "text/html")
    return mail


def _cause(request) -> dict[str, str]:
    if request is None:
        return {}
    agent = request.META.get("HTTP_USER_AGENT", "")
    return {"address": request.client_address, "browser": browser_in_words(agent)}


def _paragraphs(body: str) -> list[str]:
    parts = (" ".join(part.split()) for part in body.split("\n\n"))
    return [part for part in parts if part]
