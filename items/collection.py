"""The declaration of a collection: which rows and fields a customer sees and changes.

Directus has the types, labels, choices and rules of the fields; the declaration says
which of them are shown, and which column names the owner.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from django.urls import get_resolver
from django.utils.functional import Promise

from accounts.directus import Blueprint, Declared, register
from config.request import AuthenticatedRequest

from .actions import Action
from .described import Described, described
from .labels import places
from .uploads import Files

Rule = dict[str, Any]
Text = str | Promise
DELETE, KEEP = "delete", "keep"
WHOLE = re.compile(r"[0-9]{1,16}")
# JSON has no exact numbers above.
MOST = {"integer": 2**31 - 1, "bigInteger": 2**53 - 1}
# Every declared collection by its name, for set-up, checks, export and deletion.
declared: dict[str, "Collection"] = {}


class NotAKey(ValueError):
    """No row of the collection can have this key."""


@dataclass(frozen=True)
class Choices:
    """Which rows of another collection a field offers.

    Attributes:
        rule: a filter of Directus; empty: all rows that may be read.
        label: a field of these rows, or a template such as `{{name}} ({{size}})`;
            empty: the template of the operator, else the name.
    """

    rule: Rule = field(default_factory=dict)
    label: str = ""


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
        on_delete: what becomes of the rows of a deleted account: `delete`, which people
            expect, or `keep`, for rows that must be kept, such as invoices. Kept rows
            lose their owner, as the relation in Directus says.
        key: the primary key.
        changed_at: the field with the time of the last change, against lost updates;
            empty if there is none.
        choices: which rows the fields that point at other collections offer.
        files: which files customers may upload to the fields for files.
        label, label_plural: what pages call a row and the rows.
        blueprint: how directus_setup makes the collection where it is missing.
        title_field: names one row; the first of `list_fields` by default.
        created_at: the field with the time of creation, against double rows; it counts
            if it is shown, too.
        status_field: the field with the state of a row, if it has drafts.
        draft_value, ready_value: the states of a draft and of a finished row; without
            the latter, Directus' default is the state of a new row.
        actions: buttons on the page of a row that set one field.
    """

    name: str
    owner: str
    list_fields: tuple[str, ...] | list[str]
    detail_fields: tuple[str, ...] | list[str] = ()
    create_fields: tuple[str, ...] | list[str] = ()
    update_fields: tuple[str, ...] | list[str] = ()
    can_delete: bool = False
    on_delete: str = DELETE
    key: str = "id"
    changed_at: str = "date_updated"
    choices: Mapping[str, Choices] = field(default_factory=dict)
    files: Files = field(default_factory=Files)
    label: Text = ""
    label_plural: Text = ""
    blueprint: Blueprint | None = None
    title_field: str = ""
    created_at: str = "date_created"
    status_field: str = ""
    draft_value: Any = None
    ready_value: Any = None
    actions: tuple[Action, ...] | list[Action] = ()

    def __post_init__(self) -> None:
        if self.on_delete not in {DELETE, KEEP}:
            raise ValueError(f"on_delete is {DELETE} or {KEEP}")
        declared[self.name] = self
        register(self.declaration)

    @property
    def declaration(self) -> Declared:
        """The part of it that the set-up and the doctor need."""
        return Declared(
            name=self.name,
            owner=self.owner,
            key=self.key,
            changed_at=self.changed_at,
            read_fields=(*self.read_fields, *self._choice_paths()),
            create_fields=tuple(sorted(self.written_at_creation - {self.owner})),
            update_fields=tuple(sorted(self.written_at_update)),
            can_delete=self.can_delete,
            only_values=self._values_of_actions(),
            labelled_fields=tuple(n for n, each in self.choices.items() if each.label),
            blueprint=self.blueprint,
        )

    def _choice_paths(self) -> list[str]:
        """Return the paths to what the choices of fields show and compare."""
        return [
            f"{name}.{path}"
            for name, each in self.choices.items()
            for path in (*(places(each.label) or [each.label]), *_names_in(each.rule))
            if path
        ]

    def _values_of_actions(self) -> dict[str, list[Any]]:
        """Return the values of fields that actions alone write."""
        found: dict[str, list[Any]] = {}
        for each in self.actions:
            if each.field not in {*self.update_fields, self.status_field}:
                found.setdefault(each.field, []).append(each.value)
        return found

    @cached_property
    def read_fields(self) -> list[str]:
        """The fields that a page of one row reads."""
        own = [self.key, self.changed_at, self.status_field, self.title]
        shown = [*self.list_fields, *self.detail_fields, *self.update_fields]
        of_actions = [name for each in self.actions for name in each.fields]
        return list(filter(None, dict.fromkeys([*own, *shown, *of_actions])))

    @property
    def title(self) -> str:
        """The field that names a row."""
        return self.title_field or self.list_fields[0]

    @property
    def written_at_creation(self) -> set[str]:
        """All fields that the site writes in a new row."""
        return {*self.create_fields, self.owner, self.status_field} - {""}

    @property
    def written_at_update(self) -> set[str]:
        """All fields that the site changes in a row."""
        by_actions = {each.field for each in self.actions}
        return {*self.update_fields, *by_actions, self.status_field} - {""}

    def has_drafts(self) -> bool:
        """Tell whether forms offer to save a draft."""
        return bool(self.status_field) and self.draft_value is not None

    @cached_property
    def exported_fields(self) -> list[str]:
        """The fields in a customer's copy of their data."""
        return list(dict.fromkeys([*self.read_fields, *self.create_fields]))

    def owned_by(self, request: AuthenticatedRequest, *rules: Rule) -> Rule:
        """Return a filter for the customer's own rows that match all rules."""
        owner = {self.owner: {"_eq": str(request.user.mirrored_id)}}
        return {"_and": [owner, *rules]}

    def rule_for_version(self, item: Mapping[str, Any]) -> list[Rule]:
        """Return the filter for a row that was not changed since it was read."""
        if not self.changed_at:
            return []
        changed_at = item.get(self.changed_at)
        is_same = {"_null": True} if changed_at is None else {"_eq": changed_at}
        return [{self.changed_at: is_same}]

    def rule_for_key(self, key: Any) -> Rule:
        """Return a filter for the row with a key."""
        return {self.key: {"_eq": key}}

    def described(self, request: AuthenticatedRequest) -> Described:
        """Return the descriptions of the fields by name."""
        return described(request, self.name)

    def clean_key(self, request: AuthenticatedRequest, text: str) -> Any:
        """Return the key that a text in an address means.

        Raises:
            NotAKey: no row can have it.
        """
        return key_of_type(self.described(request)[self.key].type, text)

    @property
    def shown_fields(self) -> list[str]:
        """The fields that the page of one row shows."""
        return list(dict.fromkeys([*self.list_fields, *self.detail_fields]))

    @property
    def allowed_actions(self) -> set[str]:
        """What customers may do with rows beside reading them."""
        found = {
            "create": bool(self.create_fields),
            "update": bool(self.update_fields),
            "delete": self.can_delete,
        }
        return {action for action, is_allowed in found.items() if is_allowed}

    @property
    def singular(self) -> str:
        """The name of a row in pages."""
        return str(self.label) or self.name.replace("_", " ").capitalize()

    @property
    def plural(self) -> str:
        """The name of the rows in pages."""
        return str(self.label_plural) or self.singular


def all_declared() -> list[Collection]:
    """Return all declared collections, in commands, too."""
    # The URLconf imports the modules that declare them.
    get_resolver().url_patterns  # noqa: B018
    return list(declared.values())


def key_of_type(kind: str, text: str) -> Any:
    """Return the key that a text means.

    PostgreSQL refuses malformed keys as an error of the server, so none is sent.

    Raises:
        NotAKey: no row can have it.
    """
    if kind == "uuid":
        return str(_uuid(text))
    if kind in MOST:
        return _whole(text, MOST[kind])
    return _text(text)


def _uuid(text: str) -> UUID:
    try:
        found = UUID(text)
    except ValueError:
        raise NotAKey("uuid") from None
    # Python reads other spellings, too: in braces, without hyphens, in other digits.
    if str(found) != text.lower():
        raise NotAKey("uuid")
    return found


def _text(text: str) -> str:
    # In a filter, Directus replaces texts such as $CURRENT_USER and null.
    is_other = text.startswith("$") or is_name_of_value(text)
    if not text.isprintable() or not 0 < len(text) <= 255 or is_other:
        raise NotAKey("text")
    return text


def is_name_of_value(text: str) -> bool:
    """Return whether Directus takes a text in a filter for a value of another type."""
    return text in {"null", "NULL", "true", "false"}


def _whole(text: str, most: int) -> int:
    if not WHOLE.fullmatch(text) or int(text) > most:
        raise NotAKey("integer")
    return int(text)


def _names_in(rule: Rule) -> list[str]:
    """Return the fields that a filter compares."""
    found: list[str] = []
    for name, condition in rule.items():
        if name in {"_and", "_or"}:
            found += [each for part in condition for each in _names_in(part)]
        else:
            found.append(name)
    return found
