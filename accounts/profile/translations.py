"""Texts that operators store in Directus under a key, written as `$t:some_key`.

Like Directus' own app, the site reads them from `directus_translations`, with the
service token, because all users share the answer.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import get_language

from ..core import clients
from ..directus import DirectusAPIError, TryLater
from ..web import languages
from . import cached

logger = logging.getLogger(__name__)

PREFIX = "$t:"


def look_up(described: Any) -> dict[str, str]:
    """Return the texts for the keys in a description.

    They are in the language of the page, else in LANGUAGE_CODE. A key without a text,
    or without an answer, is omitted.
    """
    keys = sorted(_keys_in(described))
    if not keys:
        return {}
    digest = hashlib.sha256(json.dumps(keys).encode()).hexdigest()
    try:
        found = cached.get(f"directus-texts:{digest}", lambda: _ask(keys))
    except TryLater:
        # The page is shown without them.
        return {}
    own = settings.LANGUAGE_CODE
    return _in_language(own, found) | _in_language(get_language() or own, found)


def readable(text: str, texts: Mapping[str, str]) -> str:
    """Return an operator's text; a key is replaced by its text, or by words.

    Args:
        texts: from `look_up`.
    """
    if not text.startswith(PREFIX):
        return text
    key = text.removeprefix(PREFIX)
    words = key.replace("_", " ").replace("-", " ").strip().capitalize()
    return texts.get(key, words)


def _keys_in(described: Any) -> set[str]:
    keys, rest = set(), [described]
    while rest:
        value = rest.pop()
        if isinstance(value, str) and value.startswith(PREFIX):
            keys.add(value.removeprefix(PREFIX))
        elif isinstance(value, dict):
            rest += value.values()
        elif isinstance(value, list):
            rest += value
    return keys - {""}


def _ask(keys: list[str]) -> dict[str, dict[str, str]]:
    """Return the texts by Directus' language and by key."""
    client = clients.service_client()
    try:
        rows = client.list_translations(keys) if client else None
    except DirectusAPIError:
        rows = None
    if rows is None:
        logger.warning(
            "The service token may not read the texts of $t: keys, so the keys are "
            "shown; run directus_setup to grant it"
        )
    return _by_language(rows or [], set(keys))


def _by_language(rows: Iterable[Any], keys: set[str]) -> dict[str, dict[str, str]]:
    """Group rows by language; malformed rows and other keys are omitted."""
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        row = row if isinstance(row, dict) else {}
        key, language, value = (
            _text(row.get(name)) for name in ("key", "language", "value")
        )
        if key in keys and language and value.strip():
            found.setdefault(language, {})[key] = value
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _in_language(code: str, found: dict[str, dict[str, str]]) -> dict[str, str]:
    """Return the texts in one of Django's languages, by key.

    Several languages of Directus may match: `de-AT` is used without `de-DE`.
    """
    exact = languages.DIRECTUS_NAMES.get(code, code)
    names = [name for name in found if languages.supported(name) == code]
    # The last one wins.
    names.sort(key=lambda name: (name == exact, name))
    return {key: text for name in names for key, text in found[name].items()}
