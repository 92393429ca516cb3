"""The figures that docs/bench.md has, and how a run differs from them."""

import re
from collections.abc import Sequence

from local.paths import ROOT

from .table import Line

DOCUMENT = ROOT / "docs" / "bench.md"
# The cells of a table: measured, site, reference, result, goal, met or not.
CELLS = 6
NUMBER = re.compile(r"-?\d[\d ]*(?:\.\d+)?")


def recorded() -> dict[str, str]:
    """Return the results in the document by what was measured."""
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in DOCUMENT.read_text().splitlines()
        if line.startswith("|")
    ]
    found = {row[0]: row[3] for row in rows if len(row) == CELLS}
    # The heading, and the line below it.
    return {what: result for what, result in found.items() if NUMBER.search(result)}


def changes(lines: Sequence[Line]) -> list[str]:
    """Return a sentence for each line of a run: what it was, and what it is now."""
    before = recorded()
    return [_change(line, before.get(line.what)) for line in lines]


def _change(line: Line, before: str | None) -> str:
    if before is None:
        return f"{line.what}: {line.result}, not in docs/bench.md yet"
    old, new = _number(before), _number(line.result)
    if old is None or new is None or not old:
        return f"{line.what}: {line.result} (before: {before})"
    percent = f"{(new / old - 1) * 100:+.0f} %"
    return f"{line.what}: {line.result} (before: {before}, {percent})"


def _number(text: str) -> float | None:
    found = NUMBER.search(text)
    return float(found[0].replace(" ", "")) if found else None
