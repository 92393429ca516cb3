"""Operators' conditions, which hide, lock or demand a field, or change its options.

Directus' own app alone follows them; its API does not. As there, the last condition
that matches counts, and an operator of rules that is unknown here matches nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.own_data import Description

Values = Mapping[str, Any]
EMPTY: tuple[Any, ...] = (None, "", [], {})
LIMITS = {"min", "max", "minValue", "maxValue"}


@dataclass(frozen=True)
class Demands:
    """How a field is to be shown, whether it needs a value, and of which options."""

    is_hidden: bool
    is_read_only: bool
    is_required: bool
    options: dict[str, Any]


class _UnknownError(Exception):
    """The rule cannot be evaluated here."""


def demands(description: Description, values: Values) -> Demands:
    """Return the demands on a field.

    Args:
        values: of the row, by field, as Directus has them.
    """
    usual = {
        "hidden": description.is_hidden,
        "readonly": description.is_read_only,
        "required": description.is_required,
    }
    options = description.options
    for condition in reversed(description.conditions):
        if matches(condition.get("rule"), values):
            changed = {name: condition.get(name) for name in usual}
            usual |= {n: v for n, v in changed.items() if isinstance(v, bool)}
            options = options | _options(condition)
            break
    return Demands(usual["hidden"], usual["readonly"], usual["required"], options)


def loosest_options(description: Description) -> dict[str, Any]:
    """Return options that accept each value which some condition accepts.

    For a form whose other fields decide which condition matches.
    """
    changed = list(filter(None, map(_options, description.conditions)))
    names = {name for options in changed for name in options}
    found = {n: v for n, v in description.options.items() if n not in names & LIMITS}
    if "choices" in names:
        lists = [options.get("choices") for options in (description.options, *changed)]
        rows = [row for each in lists if isinstance(each, list) for row in each]
        found["choices"] = list({str(_value_of(row)): row for row in rows}.values())
    if any(options.get("allowOther") for options in changed):
        found["allowOther"] = True
    return found


def _options(condition: Mapping[str, Any]) -> dict[str, Any]:
    options = condition.get("options")
    return options if isinstance(options, dict) else {}


def _value_of(row: Any) -> Any:
    return row.get("value") if isinstance(row, dict) else row


def names_in(description: Description) -> set[str]:
    """Return the names of the fields that a field's conditions look at."""
    rules = [condition.get("rule") for condition in description.conditions]
    return {name for rule in rules for name in _names(rule)}


def _names(rule: Any) -> Iterator[str]:
    for name, rest in rule.items() if isinstance(rule, dict) else ():
        if name in ("_and", "_or"):
            for each in rest if isinstance(rest, list) else ():
                yield from _names(each)
        else:
            yield name


def matches(rule: Any, values: Values) -> bool:
    """Return whether values match a rule of Directus."""
    try:
        return _matches(rule, values)
    except _UnknownError:
        return False


def _matches(rule: Any, values: Values) -> bool:
    if not isinstance(rule, dict) or len(rule) != 1:
        raise _UnknownError
    ((name, rest),) = rule.items()
    if name in ("_and", "_or"):
        found = (_matches(each, values) for each in _list(rest))
        return all(found) if name == "_and" else any(found)
    if not isinstance(rest, dict) or not rest or name not in values:
        # Values of other collections, and fields that were not read.
        raise _UnknownError
    return all(_holds(op, values[name], wanted) for op, wanted in rest.items())


def _holds(operator: str, value: Any, wanted: Any) -> bool:
    test = TESTS.get(operator)
    if test is None or (isinstance(wanted, str) and wanted.startswith("$")):
        raise _UnknownError
    return test(value, wanted)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _UnknownError
    return value


def _same(value: Any, wanted: Any) -> bool:
    """Compare; PostgreSQL's numbers are texts, and so are some in rules."""
    if None in (value, wanted) or isinstance(wanted, bool):
        return value == wanted
    if isinstance(value, (list, dict)):
        return value == wanted
    return str(value) == str(wanted) or _number(value) == _number(wanted) is not None


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (OverflowError, TypeError, ValueError):
        return None


def _order(value: Any, wanted: Any) -> int | None:
    """Return -1, 0 or 1 as a value is below, equal to or above another."""
    for read in (_number, _moment):
        mine, other = read(value), read(wanted)
        if mine is not None and other is not None:
            return (mine > other) - (mine < other)
    return None


def _moment(value: Any) -> float | None:
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except (OverflowError, ValueError):
        return None


def _text_test(test: Any) -> Any:
    return lambda value, wanted: isinstance(value, str) and test(value, str(wanted))


TESTS: dict[str, Any] = {
    "_eq": _same,
    "_neq": lambda value, wanted: not _same(value, wanted),
    "_in": lambda value, wanted: any(_same(value, one) for one in _list(wanted)),
    "_nin": lambda value, wanted: not any(_same(value, one) for one in _list(wanted)),
    "_null": lambda value, wanted: (value is None) == bool(wanted),
    "_nnull": lambda value, wanted: (value is not None) == bool(wanted),
    "_empty": lambda value, wanted: (value in EMPTY) == bool(wanted),
    "_nempty": lambda value, wanted: (value not in EMPTY) == bool(wanted),
    "_gt": lambda value, wanted: _order(value, wanted) == 1,
    "_gte": lambda value, wanted: _order(value, wanted) in (0, 1),
    "_lt": lambda value, wanted: _order(value, wanted) == -1,
    "_lte": lambda value, wanted: _order(value, wanted) in (0, -1),
    "_contains": _text_test(lambda value, wanted: wanted in value),
    "_icontains": _text_test(lambda value, wanted: wanted.lower() in value.lower()),
    "_starts_with": _text_test(str.startswith),
    "_ends_with": _text_test(str.endswith),
}
