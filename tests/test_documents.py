"""The documents: decisions are complete and listed, CHANGELOG has the usual shape."""

import re
from pathlib import Path

import pytest
from django.conf import settings

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
