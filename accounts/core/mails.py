"""Mails about events of an account.

A mail is written during the request (`mail_texts`), waits in `outbox`, and is sent by
`postman`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone, translation

from config.request import Request

from ..directus import DirectusUser
from ..web.languages import language_of
from ..web.user_agent import browser_in_words
from . import mail_texts, outbox, postman, sign_in_ways
from .outbox import Message

if TYPE_CHECKING:
    from ..models import User


def send(
    name: str,
    user: "User | DirectusUser | None",
    request: Request | None = None,
    *,
    to: str = "",
    **facts: Any,
) -> None:
    """Mail a user about an event, in the user's language.

    The mail is stored in the present transaction, and sent in the background.

    Args:
        As `written`.
    """
    written(name, user, request, to=to, **facts)()


def written(
    name: str,
    user: "User | DirectusUser | None",
    request: Request | None = None,
    *,
    to: str = "",
    **facts: Any,
) -> Callable[[], None]:
    """Write a mail about an event; return a function that stores it to be sent.

    Without an address no mail is sent; accounts of providers may have none.

    Args:
        name: name of the template, without folder and suffix.
        user: the user that the event concerns; None, if only the address is known.
        request: the request that caused it; the mail names its address and browser.
        to: the address, if not the user's.
        facts: further values for the template. A `link` with its `hours` replaces the
            link of an older mail that still waits, and the mail expires with it.
    """
    address = to or (user.email if user else "")
    if not address:
        return lambda: None
    message = _written(name, user, request, address, facts)
    hours = facts.get("hours") if "link" in facts else None

    def store() -> None:
        outbox.put(name, message, link_hours=hours)
        postman.call()

    return store


def send_nothing(name: str, to: str) -> None:
    """Do what `send` does, for an address that must get no mail.

    The statements are the same, so that their number reveals no account.
    """
    outbox.put_nothing(name, to)
    postman.call()


def is_from_site() -> bool:
    """Return whether the site, not Directus, mails the links of sign-up and reset."""
    return settings.ACCOUNT_MAILS == "site"


def _written(
    name: str,
    user: "User | DirectusUser | None",
    request: Request | None,
    to: str,
    facts: dict[str, Any],
) -> Message:
    # Without a language in the profile, the mail has the language of the page.
    spoken = "" if request is None else translation.get_language()
    context = {
        "user": user,
        "moment": timezone.now(),
        "provider": _provider_of(user),
        **facts,
    }
    language = language_of(user, otherwise=spoken)
    with translation.override(language):
        context |= _cause(request)
    found = mail_texts.written(name, language, to, context)
    return Message(to, found.subject, found.text, found.html)


def _provider_of(user: "User | DirectusUser | None") -> str:
    """Return the label of the provider that signs a user in; empty for a password."""
    if user is None or not user.has_provider:
        return ""
    return sign_in_ways.label_of(user.provider)


def _cause(request: Request | None) -> dict[str, str]:
    if request is None:
        return {}
    agent = request.META.get("HTTP_USER_AGENT", "")
    return {"address": request.client_address, "browser": browser_in_words(agent)}
