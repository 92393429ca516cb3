"""The documents: decisions are complete and listed, CHANGELOG has the usual shape."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class

from config import __version__

ROOT = Path(settings.BASE_DIR)
DECISIONS = ROOT / "docs/decisions"
RECORDS = sorted(DECISIONS.glob("[0-9]*.md"))
HEADINGS = ["Context", "Decision", "Consequence"]


def headings(path, level):
    return re.findall(rf"^{'#' * level} (.+)$", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name)
def test_a_decision_says_why_and_fits_on_a_screen(path):
    number = int(path.name[:4])

    assert headings(path, 1)[0].startswith(f"{number}. ")
    assert headings(path, 2) == HEADINGS
    assert len(path.read_text().split()) <= 250


def test_the_index_lists_every_decision_by_its_title():
    index = (DECISIONS / "README.md").read_text()
    listed = re.findall(r"^- \[(.+)\]\((.+)\)$", index, re.MULTILINE)

    assert len(RECORDS) > 50
    assert listed == [(headings(path, 1)[0], path.name) for path in RECORDS]


DOCUMENTS = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
PATH = re.compile(r"`((?:accounts|config|local|tests|docs|deploy|bench)/[\w./-]*)`")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_a_document_names_exist(path):
    text = path.read_text()
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)

    assert not [name for name in PATH.findall(text) if not (ROOT / name).exists()]
    assert not [link for link in links if not (path.parent / link).exists()]


USE = re.compile(
    r"\b(directus_\w+|rotate_token_keys|delete_accounts)((?: --?[\w-]+[^`\n|]*)?)"
)
COMMANDS = {name for name, app in get_commands().items() if app == "accounts"}


def options_of(command):
    parser = load_command_class("accounts", command).create_parser("manage.py", command)
    return set(parser._option_string_actions)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_know_the_options_that_a_document_names(path):
    uses = [use for use in USE.findall(path.read_text()) if use[0] in COMMANDS]

    assert not [
        (command, option)
        for command, rest in uses
        for option in re.findall(r"--[\w-]+", rest)
        if option not in options_of(command)
    ]


def test_the_view_in_the_readme_is_the_one_of_the_guide():
    [view] = re.findall(
        r"```python\n(.+?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )

    lines = (ROOT / "docs/building.md").read_text().splitlines()
    assert set(view.splitlines()) <= set(lines)


def test_the_changelog_has_released_versions_below_the_present_one():
    sections = headings(ROOT / "CHANGELOG.md", 2)

    day = r"(unreleased|\d{4}-\d\d-\d\d)"
    assert re.fullmatch(rf"\[{re.escape(__version__)}\] - {day}", sections[0])
    assert len(sections) > 1
    for section in sections[1:]:
        assert re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", section)
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(headings(ROOT / "CHANGELOG.md", 3)) <= kinds
