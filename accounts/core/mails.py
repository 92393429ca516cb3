"""Mails about events of an account; `mail_texts` writes them."""

import logging
from collections.abc import Callable
from copy import copy
from functools import partial
from smtplib import SMTPException
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone, translation

from config.request import Request

from ..directus import DirectusUser
from ..web.languages import language_of
from ..web.user_agent import browser_in_words
from . import background, mail_texts, sign_in_ways
from .mail_message import Mail

if TYPE_CHECKING:
    from ..models import User

logger = logging.getLogger(__name__)


def send(
    name: str,
    user: "User | DirectusUser | None",
    request: Request | None = None,
    *,
    to: str = "",
    **facts: Any,
) -> None:
    """Mail a user about an event, in the user's language, in the background.

    A failure is logged and raises nothing: the event has happened already. Without an
    address no mail is sent; accounts of providers may have none.

    Args:
        name: name of the template, without folder and suffix.
        user: the user that the event concerns; None, if only the address is known.
        request: the request that caused it; the mail names its address and browser.
        to: the address, if not the user's.
        facts: further values for the template.
    """
    address = to or (user.email if user else "")
    if not address:
        return
    write = _writer(name, user, request, address, facts)
    background.run(lambda: _hand_over(name, write()))


def is_from_site() -> bool:
    """Return whether the site, not Directus, mails the links of sign-up and reset."""
    return settings.ACCOUNT_MAILS == "site"


def send_nothing(name: str, to: str) -> None:
    """Do what `send` does, for an address that must get no mail.

    The statements are the same, so that their number reveals no account.
    """


def _hand_over(name: str, mail: Mail) -> None:
    try:
        mail.send()
    except (OSError, SMTPException, ValueError) as error:
        # ValueError: Directus may have an invalid address. The log omits the text of
        # the error, because mail servers quote addresses.
        logger.error("The mail %s was not sent: %s", name, type(error).__name__)


def _writer(
    name: str,
    user: "User | DirectusUser | None",
    request: Request | None,
    address: str,
    facts: dict[str, Any],
) -> Callable[[], Mail]:
    """Return a function that writes the mail with the present values."""
    # Without a language in the profile, the mail has the language of the page.
    spoken = "" if request is None else translation.get_language()
    context = {
        # A copy: later changes of the user belong into other mails.
        "user": copy(user),
        "moment": timezone.now(),
        # Looked up now: the background has no database.
        "provider": _provider_of(user),
        **facts,
    }
    language = language_of(user, otherwise=spoken)
    with translation.override(language):
        context |= _cause(request)
    return partial(_written, name, language, address, context)


def _provider_of(user: "User | DirectusUser | None") -> str:
    """Return the label of the provider that signs a user in; empty for a password."""
    if user is None or not user.has_provider:
        return ""
    return sign_in_ways.label_of(user.provider)


def _written(name: str, language: str, to: str, context: dict[str, Any]) -> Mail:
    written = mail_texts.written(name, language, to, context)
    mail = Mail(written.subject, written.text, to=[to])
    mail.attach_alternative(written.html, "text/html")
    return mail


def _cause(request: Request | None) -> dict[str, str]:
    if request is None:
        return {}
    agent = request.META.get("HTTP_USER_AGENT", "")
    return {"address": request.client_address, "browser": browser_in_words(agent)}
