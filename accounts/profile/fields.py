"""Fields that operators added to users in Directus.

Their description (type, label, choices, note) is read from Directus.
`accounts.forms.custom_fields` makes form fields from it.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.translation import get_language

from config.request import Request

from ..core import clients
from ..directus import AuthenticationFailed, DirectusClient, Forbidden
from ..web import languages
from . import cached
from . import translations as directus_texts

logger = logging.getLogger(__name__)

# Returns the clients to ask in turn.
Readers = Callable[[], list[DirectusClient | None]]
# The profile page always has these.
OWN = frozenset({"first_name", "last_name", "language"})


@dataclass(frozen=True)
class Description:
    """The description of one field of Directus' users, or of a collection.

    Attributes:
        target: the collection that the field points at; empty if at none.
        group: the name of the field that groups this one with others.
        default: the value of a new row.
        file_key: of a list of files, the field of its junction collection that points
            at the file.
        conditions: rules of the operator that change what is hidden, read-only or
            required; the last one that matches counts.
        texts: the texts for `$t:` keys in its choices.
    """

    name: str
    type: str
    interface: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    translations: dict[str, str] = field(default_factory=dict)
    note: str = ""
    is_hidden: bool = False
    is_read_only: bool = False
    is_required: bool = False
    is_nullable: bool = True
    max_length: int | None = None
    precision: int | None = None
    scale: int | None = None
    refusal: str = ""
    specials: frozenset[str] = frozenset()
    is_key: bool = False
    target: str = ""
    file_key: str = ""
    group: str = ""
    default: Any = None
    conditions: tuple[dict[str, Any], ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_file(self) -> bool:
        """Whether the value is the id of a file."""
        return "file" in self.specials

    @property
    def is_file_list(self) -> bool:
        """Whether it has several files, through a junction collection."""
        return "files" in self.specials

    @property
    def is_concealed(self) -> bool:
        """Whether Directus sends something else than the stored value."""
        return self.type == "hash" or bool(self.specials & {"conceal", "hash"})

    @property
    def may_be_required(self) -> bool:
        """Whether a value is required, or is by a condition."""
        conditional = any(each.get("required") is True for each in self.conditions)
        return self.is_required or conditional

    def readable(self, text: Any) -> str:
        """Return a text of the operator in the language of the page."""
        return _readable(text, self.texts)

    @property
    def label(self) -> str:
        """The label in the language of the page."""
        label = self.translations.get(get_language() or "", "")
        return label or self.name.replace("_", " ").strip().capitalize()

    @cached_property
    def choices(self) -> list[tuple[Any, str]]:
        """The choices: values in Directus, and their texts."""
        rows = self.options.get("choices")
        return [
            (row["value"], _readable(row.get("text"), self.texts, row["value"]))
            for row in _list(rows)
            if isinstance(row, dict) and isinstance(row.get("value"), (str, int, float))
        ]

    @cached_property
    def choice_texts(self) -> dict[str, str]:
        """The texts of the choices by their values, as texts."""
        return {str(value): text for value, text in self.choices}

    @classmethod
    def from_payload(
        cls, payload: dict[str, Any], texts: Mapping[str, str] | None = None
    ) -> "Description":
        """Read Directus' description; missing or malformed values keep their defaults.

        Args:
            texts: the texts for `$t:` keys; a key without one is shown as words.
        """
        texts = texts or {}
        meta, schema = _dict(payload.get("meta")), _dict(payload.get("schema"))
        column = _column(schema)
        has_default = column["default"] is not None
        required = meta.get("required") is True
        return cls(
            name=_text(payload.get("field")),
            type=_text(payload.get("type")),
            is_required=required or not (column["is_nullable"] or has_default),
            **column,
            **_meta(meta, texts),
            texts=texts,
        )


def _column(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "is_nullable": schema.get("is_nullable", True) is not False,
        "is_key": schema.get("is_primary_key") is True,
        "target": _text(schema.get("foreign_key_table")),
        "default": schema.get("default_value"),
        "max_length": _count(schema.get("max_length")),
        "precision": _count(schema.get("numeric_precision")),
        "scale": _count(schema.get("numeric_scale"), least=0),
    }


def _meta(meta: dict[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    specials = frozenset(filter(None, map(_text, _list(meta.get("special")))))
    is_made = bool(specials & _MADE_BY_DIRECTUS)
    return {
        "interface": _text(meta.get("interface")),
        "options": _dict(meta.get("options")),
        "translations": _translations(meta.get("translations"), texts),
        "note": _readable(meta.get("note"), texts),
        "is_hidden": meta.get("hidden") is True,
        "is_read_only": meta.get("readonly") is True or is_made,
        "refusal": _readable(meta.get("validation_message"), texts),
        "specials": specials,
        "group": _text(meta.get("group")),
        "conditions": tuple(map(_dict, _list(meta.get("conditions")))),
    }


_MADE_BY_DIRECTUS = {"date-created", "date-updated", "user-created", "user-updated"}


def names() -> list[str]:
    """Return the names of the fields, each once."""
    return [name for name in dict.fromkeys(clients.profile_fields()) if name not in OWN]


def describe(request: Request) -> tuple[list[Description], list[str]]:
    """Return the fields to show, and the names of those that may not be read.

    Raises:
        TryLater: Directus does not answer, and a description is not cached.
    """
    return _described(names(), lambda: [clients.service_client(), request.directus])


def describe_for_sign_up() -> list[Description]:
    """Return the fields that the sign-up page asks for.

    Only the service token may write them: without it there are none.

    Raises:
        TryLater: Directus does not answer, and a description is not cached.
    """
    service = clients.service_client()
    if service is None:
        return []
    found, _missing = _described(clients.signup_fields(), lambda: [service])
    return [each for each in found if not each.is_read_only]


def _described(
    wanted: Iterable[str], readers: Readers
) -> tuple[list[Description], list[str]]:
    payloads = {name: _payload(name, readers) for name in wanted}
    missing = [name for name, payload in payloads.items() if payload is None]
    known = [payload for payload in payloads.values() if payload is not None]
    texts = directus_texts.look_up(known)
    found = [Description.from_payload(payload, texts) for payload in known]
    return [each for each in found if not each.is_hidden], missing


def _payload(name: str, readers: Readers) -> dict[str, Any] | None:
    return cached.get(f"profile-field:{name}", lambda: _ask(name, readers()))


def _ask(name: str, readers: Iterable[DirectusClient | None]) -> dict[str, Any] | None:
    """Read with the service token, as all users share the answer; else as the user."""
    for client in readers:
        try:
            if client is not None:
                return client.get_user_field(name)
        except (Forbidden, AuthenticationFailed):
            # AuthenticationFailed: the service token is not valid.
            continue
    logger.warning(
        "Directus does not describe the field %s of users: it does not exist, or "
        "the right to read it is missing; run directus_setup to grant it",
        name,
    )
    return None


def _translations(rows: Any, texts: Mapping[str, str]) -> dict[str, str]:
    """Return the labels by Django's language code."""
    found: dict[str, str] = {}
    for row in _list(rows):
        row = _dict(row)
        code = languages.supported(_text(row.get("language")))
        label = _readable(row.get("translation"), texts)
        if code and label:
            found.setdefault(code, label)
    return found


def _readable(text: Any, texts: Mapping[str, str], otherwise: Any = "") -> str:
    return directus_texts.readable(_text(text) or str(otherwise), texts)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _count(value: Any, least: int = 1) -> int | None:
    return value if isinstance(value, int) and value >= least else None
