"""The fields of the profile that operators added to users in Directus.

What a field is (type, label, choices, note) stands in Directus and is read from there.
`accounts.forms.custom_fields` makes form fields of it.
"""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import get_language

from . import clients, languages, shared_cache
from .directus import DirectusUnavailable, Forbidden, RateLimited

logger = logging.getLogger(__name__)

FRESH_SECONDS = 60
# How long an old description will do while Directus is away.
KEPT_SECONDS = 24 * 3600
# They are on the profile's page anyway.
OWN = frozenset({"first_name", "last_name", "language"})
_TRANSLATION_KEY = "$t:"


@dataclass(frozen=True)
class Description:
    """One field of Directus' users, as far as a form needs to know it."""

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

    @property
    def label(self) -> str:
        """What the field is called in the language of the page."""
        label = self.translations.get(get_language() or "", "")
        return label or self.name.replace("_", " ").strip().capitalize()

    @property
    def choices(self) -> list[tuple[Any, str]]:
        """The values to choose from, as Directus keeps them, and their texts."""
        rows = self.options.get("choices")
        return [
            (row["value"], _readable(row.get("text"), row["value"]))
            for row in (rows if isinstance(rows, list) else [])
            if isinstance(row, dict) and isinstance(row.get("value"), (str, int, float))
        ]

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> "Description":
        """Read what Directus says; what is missing or odd is left at its default."""
        meta, schema = _dict(payload.get("meta")), _dict(payload.get("schema"))
        nullable = schema.get("is_nullable", True) is not False
        has_default = schema.get("default_value") is not None
        required = meta.get("required") is True or not (nullable or has_default)
        special = meta.get("special")
        is_made = isinstance(special, list) and bool(set(special) & _MADE_BY_DIRECTUS)
        return cls(
            name=_text(payload.get("field")),
            type=_text(payload.get("type")),
            interface=_text(meta.get("interface")),
            options=_dict(meta.get("options")),
            translations=_translations(meta.get("translations")),
            note=_readable(meta.get("note"), ""),
            is_hidden=meta.get("hidden") is True,
            is_read_only=meta.get("readonly") is True or is_made,
            is_required=required,
            is_nullable=nullable,
            max_length=_count(schema.get("max_length")),
            precision=_count(schema.get("numeric_precision")),
            scale=_count(schema.get("numeric_scale")),
            refusal=_readable(meta.get("validation_message"), ""),
        )


_MADE_BY_DIRECTUS = {"date-created", "date-updated", "user-created", "user-updated"}


def names() -> list[str]:
    """Return the names of the fields, each once."""
    return [name for name in dict.fromkeys(clients.profile_fields()) if name not in OWN]


def describe(request) -> tuple[list[Description], list[str]]:
    """Return the fields to show, and the names of those that may not be read.

    Raises:
        DirectusUnavailable, RateLimited: Directus is away, and was since the start.
    """
    found, missing = [], []
    for name in names():
        payload = _payload(request, name)
        if payload is None:
            missing.append(name)
            continue
        description = Description.from_payload(payload)
        if not description.is_hidden:
            found.append(description)
    return found, missing


def _payload(request, name: str) -> dict[str, Any] | None:
    key = f"profile-field:{name}"
    kept = shared_cache.get(key)
    if kept and time.time() - kept["at"] < FRESH_SECONDS:
        return kept["payload"]
    try:
        payload = _ask(request, name)
    except (DirectusUnavailable, RateLimited):
        if kept is None:
            raise
        return kept["payload"]
    shared_cache.set(key, {"at": time.time(), "payload": payload}, KEPT_SECONDS)
    return payload


def _ask(request, name: str) -> dict[str, Any] | None:
    """Ask as the site itself, because the answer serves everybody; else as the user."""
    for client in (clients.service_client(), request.directus):
        try:
            if client is not None:
                return client.get_user_field(name)
        except Forbidden:
            continue
    logger.warning(
        "Directus does not describe the profile's field %s: it is missing, or "
        "directus_setup has to grant reading it",
        name,
    )
    return None


def _translations(rows: Any) -> dict[str, str]:
    """Return the labels by Django's name of the language."""
    found = {}
    for row in rows if isinstance(rows, list) else []:
        row = _dict(row)
        code = languages.supported(_text(row.get("language")))
        label = _readable(row.get("translation"), "")
        if code and label:
            found.setdefault(code, label)
    return found


def _readable(text: Any, otherwise: Any) -> str:
    """Return a text that an operator wrote.

    `$t:some_key` names a text that only Directus' own app can look up.
    """
    text = _text(text) or str(otherwise)
    if text.startswith(_TRANSLATION_KEY):
        key = text.removeprefix(_TRANSLATION_KEY)
        return key.replace("_", " ").replace("-", " ").strip().capitalize()
    return text


def by_name(descriptions: Iterable[Description]) -> dict[str, Description]:
    """Return descriptions by the names of their fields."""
    return {description.name: description for description in descriptions}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
