"""The one table that comes out: what was measured, against what, and the goal."""

import platform
import statistics
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import django

HEADINGS = ("measured", "site", "reference", "result", "goal", "")


@dataclass(frozen=True)
class Line:
    """One line: two measurements, what they make together, and whether that will do."""

    what: str
    site: str
    reference: str
    result: str
    goal: str
    met: bool

    def cells(self) -> tuple[str, ...]:
        """Return the texts of the columns."""
        *texts, met = astuple(self)
        return (*texts, "met" if met else "MISSED")


def ratio(
    what: str,
    site: Sequence[float],
    reference: Sequence[float],
    *,
    unit: str,
    at_least: float,
) -> Line:
    """Return a line about rates of interleaved rounds: the median of their ratios."""
    result = statistics.median(s / r for s, r in zip(site, reference, strict=True))
    return Line(
        what,
        f"{statistics.median(site):.5g} {unit}",
        f"{statistics.median(reference):.5g} {unit}",
        f"{result:.2f}",
        f">= {at_least:g}",
        result >= at_least,
    )


def at_most(
    what: str, value: float, limit: float, *, unit: str = "", reference: str = "-"
) -> Line:
    """Return a line about a value that has a limit."""
    text = f"{value:.4g} {unit}".rstrip()
    return Line(what, text, reference, text, f"<= {limit:g}", value <= limit)


def at_least(what: str, value: float, limit: float) -> Line:
    """Return a line about a number that has to be so large."""
    return Line(what, f"{value:g}", "-", f"{value:g}", f">= {limit:g}", value >= limit)


def exactly(what: str, value: int, wanted: int) -> Line:
    """Return a line about a number that has to be this one."""
    return Line(what, str(value), "-", str(value), f"= {wanted}", value == wanted)


def failed(what: str, error: Exception) -> Line:
    """Return the line of a measurement that could not be made."""
    reason = f"{type(error).__name__}: {error}"[:60]
    return Line(what, reason, "-", "-", "-", False)


def show(lines: Sequence[Line], conditions: str) -> None:
    """Print the table, and under which conditions it came about."""
    rows = [HEADINGS, *(line.cells() for line in lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    print()
    # As docs/bench.md has it.
    for row in rows:
        cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        print(f"| {' | '.join(cells)} |")
    missed = sum(not line.met for line in lines)
    print(f"\n{len(lines) - missed} of {len(lines)} goals met. {conditions}")
    print(f"Python {platform.python_version()}, Django {django.__version__}.")
