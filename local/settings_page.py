"""`make settings`: write the tables of docs/settings.md from .env.example."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from .paths import ROOT
from .problem import report

EXAMPLE = ROOT / ".env.example"
PAGE = ROOT / "docs" / "settings.md"
BEGIN = "<!-- From .env.example, by `make settings`. -->\n"
END = "<!-- Written by hand from here on. -->\n"
SECTION = re.compile(r"# --- (.+?) -+")
ASSIGNMENT = re.compile(r"#?([A-Z][A-Z0-9_]*)=(.*)")
DEFAULT = "# Default: "
REQUIRED = "Required. "
# An indented line is a command.
COMMAND = "#   "


@dataclass(frozen=True)
class Setting:
    """A variable of .env.example.

    Attributes:
        default: how the page shows it.
        text: sentences in Markdown.
    """

    section: str
    name: str
    default: str
    text: str


def settings(example: str) -> Iterator[Setting]:
    """Yield the settings in the text of .env.example; comments stand above each."""
    section = ""
    comments: list[str] = []
    for line in example.splitlines():
        if match := SECTION.fullmatch(line):
            section = match[1]
        elif match := ASSIGNMENT.fullmatch(line):
            yield _setting(section, match[1], match[2], comments)
            comments = []
        elif line:
            comments.append(line)
        else:
            comments = []


def _setting(section: str, name: str, value: str, comments: list[str]) -> Setting:
    words, default = [], f"`{value}`" if value else "none"
    for line in comments:
        if line.startswith(DEFAULT):
            default = line.removeprefix(DEFAULT)
        elif line.startswith(COMMAND):
            words.append(f"Make one: `{line.removeprefix(COMMAND)}`.")
        else:
            words.append(line.removeprefix("# "))
    text = " ".join(words)
    if text.startswith(REQUIRED):
        text, default = text.removeprefix(REQUIRED), "required"
    return Setting(section, name, default, text)


def tables(example: str) -> str:
    """Return the Markdown of all settings, a table for each section."""
    lines: list[str] = []
    last = ""
    for each in settings(example):
        if each.section != last:
            lines += ["", f"### {each.section}", ""]
            lines += ["| variable | default | meaning |", "|---|---|---|"]
            last = each.section
        text = each.text.replace("|", r"\|")
        lines.append(f"| `{each.name}` | {each.default} | {text} |")
    return "\n".join([*lines, "", ""])


def page(before: str, example: str) -> str:
    """Return the page with the tables between its two marks replaced."""
    head, _, rest = before.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}{tables(example)}{END}{tail}"


def main() -> int:
    """Write the page anew."""
    PAGE.write_text(page(PAGE.read_text(), EXAMPLE.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(report(main))
