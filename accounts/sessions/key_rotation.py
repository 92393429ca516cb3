"""Seal the tokens of all rows with the newest key, one conditional update each."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .tokens import Sealed, seal_anew, sealed_rows

if TYPE_CHECKING:
    from ..models import Session

BATCH = 500
# Rows with a renewal in progress are tried again, for longer than a renewal takes.
ROUNDS = 10
ROUND_SECONDS = 1.0


@dataclass
class RotationResult:
    """The numbers of newly sealed, already sealed and unreadable rows."""

    anew: int = 0
    before: int = 0
    busy: int = 0
    unreadable: int = 0
    interrupted: bool = False


def count_rows(model: type["Session"]) -> int:
    """Return the number of rows with tokens."""
    return sealed_rows(model).count()


def rotate(
    model: type["Session"], *, on_row: Callable[[], object] = lambda: None
) -> RotationResult:
    """Seal the tokens of all rows with the newest key.

    After an interruption each row is sealed with the old or the new key; Ctrl-C ends it
    with the present result.
    """
    result = RotationResult()
    try:
        busy = _seal(_pages(model), result, on_row)
        for _round in range(ROUNDS):
            if not busy:
                break
            time.sleep(ROUND_SECONDS)
            busy = _seal(sealed_rows(model).filter(pk__in=busy), result, on_row)
        result.busy = len(busy)
    except KeyboardInterrupt:
        result.interrupted = True
    return result


def _seal(
    rows: Iterable, result: RotationResult, on_row: Callable[[], object]
) -> list[int]:
    """Seal rows; return the ids of rows with a renewal in progress."""
    busy = []
    for row in rows:
        sealed = seal_anew(row)
        if sealed is Sealed.BUSY:
            busy.append(row.pk)
            continue
        setattr(result, sealed.value, getattr(result, sealed.value) + 1)
        on_row()
    return busy


def _pages(model: type["Session"]) -> Iterator["Session"]:
    """Yield the rows in pages, so that no query stays open beside the running site."""
    rows = sealed_rows(model).order_by("pk")
    last = 0
    while page := list(rows.filter(pk__gt=last)[:BATCH]):
        yield from page
        last = page[-1].pk
