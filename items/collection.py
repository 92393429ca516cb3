"""The declaration of a collection: which rows and fields a customer sees and changes.

Directus has the types, labels, choices and rules of the fields; the declaration says
which of them are shown, and which column names the owner.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from django.utils.functional import Promise

from accounts.own_data import Description, describe
from config.request import AuthenticatedRequest

from .uploads import Files

Rule = dict[str, Any]
Text = str | Promise
WHOLE = re.compile(r"[0-9]{1,18}")
# Every declared collection by its name, for set-up, checks, export and deletion.
declared: dict[str, "Collection"] = {}


class NotAKey(ValueError):
    """No row of the collection can have this key."""


@dataclass(frozen=True)
class Collection:
    """A collection of Directus whose rows belong to customers.

    Declare each collection once, in a module that a URLconf imports.

    Attributes:
        name: of the collection in Directus.
        owner: the field that points at the user whose row it is.
        list_fields, detail_fields: fields that pages show; `product.name` shows a
            field of a related row.
        create_fields, update_fields: fields that customers may write.
        can_delete: whether customers may delete rows.
        key: the primary key.
        changed_at: the field with the time of the last change, against lost updates;
            empty if there is none.
        files: which files customers may upload to the fields for files.
        label, label_plural: what pages call a row and the rows.
    """

    name: str
    owner: str
    list_fields: tuple[str, ...] | list[str]
    detail_fields: tuple[str, ...] | list[str] = ()
    create_fields: tuple[str, ...] | list[str] = ()
    update_fields: tuple[str, ...] | list[str] = ()
    can_delete: bool = False
    key: str = "id"
    changed_at: str = "date_updated"
    files: Files = field(default_factory=Files)
    label: Text = ""
    label_plural: Text = ""

    def __post_init__(self) -> None:
        declared[self.name] = self

    @cached_property
    def read_fields(self) -> list[str]:
        """The fields that a page of one row reads."""
        own = [self.key, *([self.changed_at] if self.changed_at else [])]
        shown = [*self.list_fields, *self.detail_fields, *self.update_fields]
        return list(dict.fromkeys([*own, *shown]))

    def owned_by(self, request: AuthenticatedRequest, *rules: Rule) -> Rule:
        """Return a filter for the customer's own rows that match all rules."""
        owner = {self.owner: {"_eq": str(request.user.mirrored_id)}}
        return {"_and": [owner, *rules]}

    def rule_for_key(self, key: Any) -> Rule:
        """Return a filter for the row with a key."""
        return {self.key: {"_eq": key}}

    def described(self, request: AuthenticatedRequest) -> dict[str, Description]:
        """Return the descriptions of the fields by name."""
        return {each.name: each for each in describe(request, self.name)}

    def clean_key(self, request: AuthenticatedRequest, text: str) -> Any:
        """Return the key that a text in an address means.

        PostgreSQL refuses malformed keys as an error of the server, so none is sent.

        Raises:
            NotAKey: no row can have it.
        """
        kind = self.described(request)[self.key].type
        if kind == "uuid":
            return str(_uuid(text))
        if kind in {"integer", "bigInteger"}:
            return _whole(text)
        if not text.isprintable() or len(text) > 255:
            raise NotAKey(self.name)
        return text

    @property
    def shown_fields(self) -> list[str]:
        """The fields that the page of one row shows."""
        return list(dict.fromkeys([*self.list_fields, *self.detail_fields]))

    @property
    def singular(self) -> str:
        """The name of a row in pages."""
        return str(self.label) or self.name.replace("_", " ").capitalize()

    @property
    def plural(self) -> str:
        """The name of the rows in pages."""
        return str(self.label_plural) or self.singular


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotAKey("uuid") from None


def _whole(text: str) -> int:
    if not WHOLE.fullmatch(text):
        raise NotAKey("integer")
    return int(text)
