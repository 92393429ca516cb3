"""The search of a list page: every word has to occur in one of the fields."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from accounts.own_data import Description

from .collection import Rule, is_name_of_value

LONGEST = 100
MOST_WORDS = 10
TEXTS = frozenset({"string", "text"})
# Columns take no larger ones, and JSON numbers are exact up to 2**53.
LARGEST = {"integer": 2**31 - 1, "bigInteger": 2**53 - 1}
WHOLE = re.compile(r"-?[0-9]{1,16}")
NUMBER = re.compile(r"-?[0-9]{1,15}(?:[.,][0-9]{1,10})?")


def search_rules(text: str, fields: Iterable[Description], never: Rule) -> list[Rule]:
    """Return a rule for each word of a text.

    Args:
        fields: texts are searched for a part, numbers for the whole value, and fields
            of other types are omitted: Directus refuses to search them.
        never: a rule that no row matches, for a word that no field can have.
    """
    fields = list(fields)
    return [_word_rule(word, fields, never) for word in text.split()[:MOST_WORDS]]


def _word_rule(word: str, fields: list[Description], never: Rule) -> Rule:
    found = [
        {field.name: condition}
        for field in fields
        if (condition := _condition(word, field.type))
    ]
    return {"_or": found} if found else never


def _condition(word: str, kind: str) -> dict[str, Any] | None:
    if kind in TEXTS:
        return {"_icontains": literal(word)}
    if kind in LARGEST:
        number = int(word) if WHOLE.fullmatch(word) else None
        return None if number is None or abs(number) > LARGEST[kind] else _eq(number)
    if kind in {"float", "decimal"} and NUMBER.fullmatch(word):
        return _eq(float(Decimal(word.replace(",", "."))))
    return None


def _eq(number: float) -> dict[str, Any]:
    return {"_eq": number}


def literal(text: str) -> str:
    """Return a text, or a part of it, that means itself in a filter of Directus.

    There, texts such as `$NOW` and `null` are names of values.
    """
    text = text.lstrip("$") or text[1:]
    return text[:-1] if is_name_of_value(text) else text
