"""What a set-up says: lines for people, or one JSON document."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from .plan import Change, Plan
from .rendering import Style, describe, plain, render_plan

HIDDEN = "**********"


class Report(Protocol):
    """What the command has to say, in the order in which it happens."""

    def plan(self, plan: Plan, version: str) -> None:
        """Show what would change in a Directus of this version."""

    def note(self, text: str) -> None:
        """Say something beside the plan."""

    def made(self, change: Change) -> None:
        """Tell of a change that was made."""

    def handed_over(self, names: list[str], file: Path) -> None:
        """Tell which values were written to which file."""

    def token(self, name: str, token: str) -> None:
        """Show a new token to whoever asked for that."""

    def environment(self, lines: Mapping[str, str]) -> None:
        """Show what only Directus' own environment can hold."""

    def end(self) -> None:
        """Say what was kept back until now."""


class TextReport:
    """Lines for people, as they come.

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
        """Show the differences."""
        for line in render_plan(
            plan, added=self._good, changed=self._changed, removed=self._bad
        ):
            self._write(line)
        if plan.token_missing:
            text = (
                "The site has no working service token. Give --env-file or "
                "--print-token to make one."
            )
            self.note(text)

    def note(self, text: str) -> None:
        """Show it as something to look at."""
        self._write(self._changed(text))

    def made(self, change: Change) -> None:
        """Tick a change off."""
        self._write(f"{self._good('✓')} {describe(change)}")

    def handed_over(self, names: list[str], file: Path) -> None:
        """Name the file."""
        written = {"names": ", ".join(names), "file": file}
        self._write("Wrote {names} to {file}.".format(**written))

    def token(self, name: str, token: str) -> None:
        """Show it as a line to paste."""
        self._write(f"{name}={token}")

    def environment(self, lines: Mapping[str, str]) -> None:
        """Show lines to paste."""
        self._write("")
        self._write(
            "Directus reads the following from its own environment. Put the "
            "address of this site's server in place of 127.0.0.1, and set up mail "
            "(EMAIL_TRANSPORT, EMAIL_FROM) and SECRET there, too."
        )
        for name, value in lines.items():
            self._write(f'{name}="{value}"')
        alone = "if nobody but this site uses Directus"
        self._write(f'# MAX_PAYLOAD_SIZE="100kb"  {alone}')

    def end(self) -> None:
        """Everything was said."""


class JsonReport:
    """One document at the end, whether it went well or not."""

    def __init__(self, write: Callable[[str], Any]) -> None:
        self._write = write
        self._made: list[Change] = []
        self._notes: list[str] = []
        self._plan: Plan | None = None
        self._document: dict[str, Any] = {}

    def plan(self, plan: Plan, version: str) -> None:
        """Keep the plan, to tell at the end what of it was made."""
        self._plan = plan
        self._document |= {
            "directus": version,
            "restricted_by_licence": plan.is_restricted,
            "customer_role": plan.customer_role,
            "customer_role_may_also": [each.text for each in plan.beyond],
            "left_of_directus_10": [asdict(each) for each in plan.leftovers],
            "token_missing": plan.token_missing,
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
        """Keep it for the document, because it was asked for."""
        self._document[name] = token

    def environment(self, lines: Mapping[str, str]) -> None:
        """Keep the lines."""
        self._document |= {"environment_of_directus": dict(lines)}

    def end(self) -> None:
        """Write the document; nothing before there is a plan."""
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
    return {
        "verb": change.verb,
        "kind": change.kind,
        "name": change.name,
        "values": values,
        "before": before,
    }
