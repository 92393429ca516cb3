"""What a check says."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How it stands.

    UNKNOWN: the check could not look, and nothing is to be done about it, or another
    finding says what. Anything else that keeps a check from looking is a WARNING.
    """

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Answer:
    """A verdict, its reason, and the line to paste that settles it."""

    verdict: Verdict
    reason: str
    line: str = ""


@dataclass(frozen=True)
class Finding:
    """An answer with the id of the check that gave it."""

    id: str
    verdict: Verdict
    reason: str
    line: str = ""

    @property
    def needs_attention(self) -> bool:
        """Whether somebody has to do something."""
        return self.verdict in {Verdict.WARNING, Verdict.PROBLEM}

    def as_dict(self) -> dict[str, str]:
        """Return it for JSON."""
        return asdict(self)


def ok(reason: str) -> Answer:
    """Return that all is well."""
    return Answer(Verdict.OK, reason)


def warning(reason: str, line: str = "") -> Answer:
    """Return that something should be changed."""
    return Answer(Verdict.WARNING, reason, line)


def problem(reason: str, line: str = "") -> Answer:
    """Return that something does not work or is not safe."""
    return Answer(Verdict.PROBLEM, reason, line)


def unknown(reason: str, line: str = "") -> Answer:
    """Return that this could not be seen."""
    return Answer(Verdict.UNKNOWN, reason, line)
