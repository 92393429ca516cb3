"""docs/building.md, followed step by step in a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"(?:#|{#) ([\w./]+)(?: #})?\n")
FOLDERS = (
    "accounts",
    "config",
    "dashboard",
    "items",
    "local",
    "locale",
    "static",
    "templates",
    "tests",
)
IMPORTS = (
    "-c",
    "from importlinter.cli import lint_imports_command as main; main()",
)
CODE = ("membership", "tests/membership")
PAGES = ("templates/membership", "templates/items/notes_list.html")
LEFT_OUT = shutil.ignore_patterns("node_modules", "__pycache__", "*.sqlite3*")


def blocks():
    """Return the language and text of each block, in order."""
    return BLOCK.findall((ROOT / "docs/building.md").read_text())


def change(file, lines):
    """Replace the lines of one place without a plus by those without a minus."""
    before = "".join(line[1:] for line in lines if not line.startswith("+"))
    after = "".join(line[1:] for line in lines if not line.startswith("-"))
    text = file.read_text()
    assert text.count(before) == 1, f"{file.name} has not once:\n{before}"
    file.write_text(text.replace(before, after))


def follow(folder, language, text):
    """Carry one block out; `make` and `manage.py` are left to other tests."""
    if language == "sh":
        if not text.startswith(("make ", "python manage.py ")):
            subprocess.run(text, shell=True, check=True, cwd=folder)
        return
    name = NAME.match(text)
    assert name, f"the block does not begin with the name of a file:\n{text}"
    file, rest = folder / name[1], text[name.end() :]
    if language == "diff":
        for place in rest.split("\n\n"):
            change(file, f"{place.rstrip()}\n".splitlines(keepends=True))
    else:
        file.parent.mkdir(exist_ok=True)
        file.write_text(rest)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A copy of the project after all steps."""
    folder = tmp_path_factory.mktemp("building") / "site"
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=LEFT_OUT)
    for name in ("manage.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    for language, text in blocks():
        follow(folder, language, text)
    return folder


def run(folder, *arguments):
    """Run this Python in the copy, apart from the run of these tests."""
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "TEST_DATABASE", "DJANGO_"))
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=env | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_tests_of_the_guide_pass(built):
    ran = run(built, "-m", "pytest", "-q", "tests/membership")

    assert ran.returncode == 0, ran.stdout
    assert "9 passed" in ran.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("-m", "ruff", "check", "--no-cache", "config", *CODE),
        ("-m", "ruff", "format", "--no-cache", "--check", "config", *CODE),
        ("-m", "djlint", "--lint", "--check", *PAGES),
        (*IMPORTS, "--no-cache"),
    ],
    ids=["ruff", "format", "djlint", "imports"],
)
def test_the_result_is_clean(built, arguments):
    ran = run(built, *arguments)

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_an_import_that_is_not_allowed_is_found(built):
    forbidden = built / "membership/forbidden.py"
    forbidden.write_text("from accounts.core import clients  # noqa: F401\n")
    try:
        ran = run(built, *IMPORTS, "--no-cache")
    finally:
        forbidden.unlink()

    assert ran.returncode == 1
    assert "membership.forbidden -> accounts.core.clients" in ran.stdout


def test_make_messages_collects_the_texts_of_the_guide(built):
    code = "from local.messages import collect; print('Membership' in collect('de'))"

    assert run(built, "-c", code).stdout == "True\n"
