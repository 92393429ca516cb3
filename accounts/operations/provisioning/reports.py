"""Output of a set-up: lines of text, or one JSON document."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from .changes import Change
from .environment import GOOD_TO_HAVE
from .mails import SITE
from .plan import Plan
from .rendering import Style, describe, plain, render_plan

HIDDEN = "**********"


class Report(Protocol):
    """The messages of a set-up, in their order."""

    def plan(self, plan: Plan, version: str) -> None:
        """Show the changes for a Directus of this version."""

    def note(self, text: str) -> None:
        """Show a note."""

    def made(self, change: Change) -> None:
        """Show a change after it was made."""

    def handed_over(self, names: list[str], file: Path) -> None:
        """Show the names of the values that were written to a file."""

    def token(self, name: str, token: str) -> None:
        """Show a new token, because the operator asked for it."""

    def mails(self, sender: str, reason: str) -> None:
        """Show whether the site or Directus mails the links, and why."""

    def environment(self, needed: Mapping[str, str], good: Mapping[str, str]) -> None:
        """Show the needed and the useful values for Directus' own environment."""

    def end(self) -> None:
        """Write everything that was kept."""


class TextReport:
    """Writes lines of text at once.

    Args:
        write: takes a line.
        good, changed, bad: colour a text.
    """

    def __init__(
        self,
        write: Callable[[str], Any],
        *,
        good: Style = plain,
        changed: Style = plain,
        bad: Style = plain,
    ) -> None:
        self._write = write
        self._good, self._changed, self._bad = good, changed, bad

    def plan(self, plan: Plan, version: str) -> None:
        """Show the plan."""
        for line in render_plan(
            plan, added=self._good, changed=self._changed, removed=self._bad
        ):
            self._write(line)
        if plan.token_missing:
            text = (
                "The site has no valid service token. Give --env-file or "
                "--print-token to create one."
            )
            self.note(text)

    def note(self, text: str) -> None:
        """Show it in the colour of a warning."""
        self._write(self._changed(text))

    def made(self, change: Change) -> None:
        """Show the change."""
        self._write(f"{self._good('✓')} {describe(change)}")

    def handed_over(self, names: list[str], file: Path) -> None:
        """Show the file's name."""
        self._write(f"Wrote {', '.join(names)} to {file}.")

    def token(self, name: str, token: str) -> None:
        """Show the token as a line to paste."""
        self._write(f"{name}={token}")

    def mails(self, sender: str, reason: str) -> None:
        """Show both in one sentence."""
        self._write("")
        name = "This site" if sender == SITE else "Directus"
        self._write(
            f"{name} sends the mails of sign-up, reset and invitation "
            f"(ACCOUNT_MAILS={sender}): {reason}."
        )

    def environment(self, needed: Mapping[str, str], good: Mapping[str, str]) -> None:
        """Show the values as lines to paste."""
        self._write("")
        if good:
            self._needed(needed)
            self._useful(good)
        else:
            self._everything(needed)
        alone = "if only this site uses Directus"
        self._write(f'# MAX_PAYLOAD_SIZE="100kb"  {alone}')

    def _everything(self, lines: Mapping[str, str]) -> None:
        self._write(
            "Put the following into Directus' own environment. Use the "
            "address of this site's server instead of 127.0.0.1, and set up mail "
            "(EMAIL_TRANSPORT, EMAIL_FROM) and SECRET there, too."
        )
        self._lines(lines)

    def _needed(self, lines: Mapping[str, str]) -> None:
        if not lines:
            self._write("The site needs nothing in Directus' own environment.")
            return
        self._write("Put the following into Directus' own environment:")
        self._lines(lines)

    def _useful(self, lines: Mapping[str, str]) -> None:
        self._write("")
        self._write(
            "These are good to have there. Use the address of this site's server "
            "instead of 127.0.0.1."
        )
        for reason in dict.fromkeys(GOOD_TO_HAVE[name] for name in lines):
            self._write(f"# With it, {reason}.")
            same = {n: v for n, v in lines.items() if GOOD_TO_HAVE[n] == reason}
            self._lines(same)

    def _lines(self, lines: Mapping[str, str]) -> None:
        for name, value in lines.items():
            self._write(f'{name}="{value}"')

    def end(self) -> None:
        """Write nothing: all lines were written."""


class JsonReport:
    """Writes one document at the end, also after a failure."""

    def __init__(self, write: Callable[[str], Any]) -> None:
        self._write = write
        self._made: list[Change] = []
        self._notes: list[str] = []
        self._plan: Plan | None = None
        self._document: dict[str, Any] = {}

    def plan(self, plan: Plan, version: str) -> None:
        """Keep the plan, for the list of changes that were made."""
        self._plan = plan
        self._document |= {
            "directus": version,
            "restricted_by_licence": plan.is_restricted,
            "customer_role": plan.customer_role,
            "customer_role_may_also": [each.text for each in plan.beyond],
            "left_of_directus_10": [asdict(each) for each in plan.leftovers],
            "token_missing": plan.token_missing,
            "own_collections": plan.differences,
        }

    def note(self, text: str) -> None:
        """Keep it."""
        self._notes.append(text)

    def made(self, change: Change) -> None:
        """Keep the change."""
        self._made.append(change)

    def handed_over(self, names: list[str], file: Path) -> None:
        """Keep the names."""
        self._document |= {"written": {"file": str(file), "names": names}}

    def token(self, name: str, token: str) -> None:
        """Keep the token, because the operator asked for it."""
        self._document[name] = token

    def mails(self, sender: str, reason: str) -> None:
        """Keep both."""
        self._document |= {"account_mails": {"sender": sender, "because": reason}}

    def environment(self, needed: Mapping[str, str], good: Mapping[str, str]) -> None:
        """Keep the lines."""
        self._document |= {
            "environment_of_directus": dict(needed),
            "environment_good_to_have": dict(good),
        }

    def end(self) -> None:
        """Write the document, or nothing without a plan."""
        if self._plan is None:
            return
        changes = [
            _as_dict(change) | {"made": change in self._made}
            for change in self._plan.changes
        ]
        document = self._document | {"notes": self._notes, "changes": changes}
        self._write(json.dumps(document, indent=2, ensure_ascii=False))


def _as_dict(change: Change) -> dict[str, Any]:
    values, before = dict(change.values), dict(change.before)
    for row in (values, before):
        if change.hidden in row:
            row[change.hidden] = HIDDEN
    if change.needs_token:
        values["token"] = HIDDEN
    rows = {"rows": change.rows} if change.rows else {}
    return {
        "verb": change.verb,
        "kind": change.kind,
        "name": change.name,
        "values": values,
        "before": before,
        **rows,
    }
