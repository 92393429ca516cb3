"""The subject, the text part and the HTML part of a mail, from one template.

A mail is a template in `accounts/mail/` with a block for each of its parts, which
docs/mails.md describes; `frame.txt` and `frame.html` put the parts together. Mails
contain no secrets: a reader of another user's mail learns about the event, and can do
nothing with it. The exception is a link that confirms an address or sets a password.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from config.branding import Branding, branding

from ..web.time_zones import zone

# Between the parts of a rendered mail; no value of a mail can contain it.
SEPARATOR = f"\n\n{secrets.token_hex(16)}\n\n"
# Any moment: only the distance to another one counts.
BEGIN = datetime(2000, 1, 1, tzinfo=UTC)
# Control characters count; the spaces at which no line breaks do not.
SPACE = re.compile(r"(?:[^\S\xa0\u202f]|[\x00-\x1f\x7f-\x9f])+")


@dataclass(frozen=True)
class Written:
    """A mail in the recipient's language."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Parts:
    """The blocks of a template, as plain text without line breaks.

    Attributes:
        subject: of the mail, and the heading of its HTML part.
        preheader: the sentence that lists of mails show behind the subject.
        text: the paragraphs.
        button, address: the label of the button and the URL that it leads to.
        note: the paragraphs below the facts.
    """

    subject: str
    preheader: str
    text: list[str]
    button: str
    address: str
    note: list[str]

    @property
    def shown_address(self) -> str:
        """The address as people write it."""
        return self.address.removeprefix("mailto:")


def written(name: str, language: str, to: str, context: dict[str, Any]) -> Written:
    """Return a mail in a language, with times in the zone of its user.

    Args:
        name: name of the template, without folder and suffix.
        language: Django's name for it.
        to: the address that gets the mail; its footer names it.
        context: the values for the template. A number of `hours` becomes `lifetime` in
            words; with an `address` the mail names the time, the address and the
            browser of the request.
    """
    place = zone(getattr(context.get("user"), "time_zone", "")) or ZoneInfo("UTC")
    with translation.override(language), timezone.override(place):
        brand = branding()
        context = _defaults(brand, to, place) | context
        context["lifetime"] = _in_words(context.get("hours", 0))
        context["mail"] = mail = _parts(name, context)
        context["facts"] = _facts(context)
        context["links"] = _links(brand)
        text = render_to_string("accounts/mail/frame.txt", context)
        html = render_to_string("accounts/mail/frame.html", context)
    return Written(mail.subject, text.strip() + "\n", html.strip() + "\n")


def _defaults(brand: Branding, to: str, place: ZoneInfo) -> dict[str, Any]:
    home = brand.home_url or settings.PUBLIC_URL
    support = f"mailto:{brand.support_email}" if brand.support_email else home
    return {
        "branding": brand,
        "site_name": _line(brand.name),
        "site_url": settings.PUBLIC_URL,
        "home_url": home,
        "support_url": support,
        "to": to,
        "zone": place.key.replace("_", " "),
    }


def _in_words(hours: int) -> str:
    """Return a duration as the language says it: "1 hour", "3 days"."""
    return timesince(BEGIN, BEGIN + timedelta(hours=hours)).replace("\xa0", " ")


def _parts(name: str, context: dict[str, Any]) -> Parts:
    context = context | {"separator": SEPARATOR}
    whole = render_to_string(f"accounts/mail/{name}.txt", context)
    subject, preheader, text, button, address, note = map(
        _paragraphs, whole.split(SEPARATOR)
    )
    return Parts(
        subject=" ".join(subject),
        preheader=" ".join(preheader or text[:1]),
        text=text,
        button=" ".join(button),
        address="".join(address),
        note=note,
    )


def _paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text, each of them in one line."""
    lines = (_line(part) for part in text.split("\n\n"))
    return [line for line in lines if line]


def _line(text: str) -> str:
    """Return a text without line breaks and control characters."""
    return SPACE.sub(" ", text).strip(" ")


def _facts(context: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the request that caused the mail, as labels and values."""
    if not context.get("address"):
        return []
    moment = timezone.localtime(context["moment"])
    when = date_format(moment, "DATETIME_FORMAT")
    return [
        (_("When"), f"{when} ({context['zone']})"),
        (_("IP address"), context["address"]),
        (_("Browser"), _line(context["browser"])),
    ]


def _links(brand: Branding) -> list[tuple[str, str]]:
    """Return the operator's own links for the footer, as labels and values."""
    links = [
        (_("Support"), brand.support_email),
        (_("Privacy"), brand.privacy_url),
        (_("Terms of use"), brand.terms_url),
        (_("Imprint"), brand.imprint_url),
    ]
    return [(label, target) for label, target in links if target]
