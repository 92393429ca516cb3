"""The result of a check."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The state of a finding.

    UNKNOWN: the check was not possible, and there is nothing to do, or another finding
    says what to do. Any other obstacle to a check is a WARNING.
    """

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Answer:
    """A status, its reason, and the line to paste that fixes it."""

    verdict: Verdict
    reason: str
    line: str = ""


@dataclass(frozen=True)
class Finding:
    """A verdict with the id of its check."""

    id: str
    verdict: Verdict
    reason: str
    line: str = ""

    @property
    def needs_attention(self) -> bool:
        """Whether an operator has to do something."""
        return self.verdict in {Verdict.WARNING, Verdict.PROBLEM}

    def as_dict(self) -> dict[str, str]:
        """Return the finding for JSON."""
        return asdict(self)


def ok(reason: str) -> Answer:
    """Return an OK verdict."""
    return Answer(Verdict.OK, reason)


def warning(reason: str, line: str = "") -> Answer:
    """Return a WARNING verdict: something should be changed."""
    return Answer(Verdict.WARNING, reason, line)


def problem(reason: str, line: str = "") -> Answer:
    """Return an ERROR verdict: something does not work or is not safe."""
    return Answer(Verdict.PROBLEM, reason, line)


def unknown(reason: str, line: str = "") -> Answer:
    """Return an UNKNOWN verdict."""
    return Answer(Verdict.UNKNOWN, reason, line)
