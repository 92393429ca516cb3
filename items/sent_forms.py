"""A form for a new row makes one row, even if it is sent twice.

A form has a random id, which is recorded before the row is made. If an answer of
Directus was lost, or the id has been recorded, the customer's newest rows tell whether
the row is there: one with the same values, made after the form was opened.
"""

import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.core import signing

from accounts.own_data import Description, custom_field

from .fields import present_values
from .item import Item

FIELD = "sent-form"
_signer = signing.Signer(salt="items.sent_forms")
# The clocks of the site and of Directus may differ.
SKEW_SECONDS = 60
NEWEST = 5


@dataclass(frozen=True)
class SentForm:
    """One form for a new row.

    Attributes:
        id: random.
        opened_at: when it was first shown, in seconds.
        is_unsure: it was sent before, and the answer of Directus was lost.
    """

    id: str
    opened_at: float
    is_unsure: bool = False

    @classmethod
    def new(cls) -> "SentForm":
        """Return a form that was not sent before."""
        return cls(secrets.token_urlsafe(12), time.time())

    @classmethod
    def read(cls, text: str) -> "SentForm":
        """Return the form that the text of its hidden field means, or a new one."""
        try:
            return cls(*_signer.unsign_object(text))
        except (signing.BadSignature, TypeError):
            return cls.new()

    def signed(self) -> str:
        """Return the text for the hidden field."""
        facts = [self.id, self.opened_at, self.is_unsure]
        return _signer.sign_object(facts)

    def unsure(self) -> "SentForm":
        """Return the form to be sent after a lost answer."""
        return replace(self, id=SentForm.new().id, is_unsure=True)

    def is_older_than(self, text: Any) -> bool:
        """Tell whether a time of Directus is after this form was first shown."""
        try:
            moment = datetime.fromisoformat(text)
        except (TypeError, ValueError):
            return False
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.timestamp() > self.opened_at - SKEW_SECONDS


def find_made(
    rows: Iterable[Item],
    values: Mapping[str, Any],
    described: Mapping[str, Description],
) -> Item | None:
    """Return the row that has these values, if there is one."""
    return next((row for row in rows if _has(row, values, described)), None)


def _has(row: Item, values: Mapping[str, Any], described: Any) -> bool:
    stored = present_values(described, row)
    return all(_same(described[name], stored[name], values[name]) for name in values)


def _same(description: Description, stored: Any, sent: Any) -> bool:
    field = custom_field(description)
    if field is None:
        return str(stored) == str(sent)
    return field.to_form(stored) == field.to_form(sent)
