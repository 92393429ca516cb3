"""The style sheet, which no tool here parses, and the site's pictures."""

import re
from pathlib import Path

import bootstrap
import pytest
from django.conf import settings

STATIC = settings.BASE_DIR / "static"
TEMPLATES = settings.BASE_DIR / "templates"
BOOTSTRAP = Path(bootstrap.__path__[0], "static/bootstrap/css/bootstrap.min.css")
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")


def rules(path):
    """Yield the selectors of each rule with its declarations."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    for selectors, declarations in RULE.findall(text):
        yield {part.strip() for part in selectors.split(",")}, declarations


def own_classes():
    """Return the classes in the templates, each word of them."""
    pages = (path.read_text() for path in TEMPLATES.rglob("*.html"))
    return set(re.findall(r"[\w-]+", " ".join(pages)))


def test_every_brace_is_closed():
    text = (STATIC / "site.css").read_text()
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        # A rule that is not closed swallows all that follow it, without a word.
        if line.startswith("."):
            assert depth == 0, f"line {number - 1}: a rule is not closed"
        depth += line.count("{") - line.count("}")

    assert depth == 0


def test_every_input_and_button_shows_that_it_has_the_focus():
    without_outline = {
        selector
        for selectors, declarations in rules(BOOTSTRAP)
        for selector in selectors
        if re.fullmatch(r"\.[\w-]+:focus(-visible)?", selector)
        and re.search(r"outline:\s*0", declarations)
        and selector[1:].partition(":")[0] in own_classes()
    }
    outlined = {
        selector
        for selectors, declarations in rules(STATIC / "site.css")
        for selector in selectors
        if "outline: 3px solid var(--focus)" in declarations
    }

    assert {".form-select:focus", ".form-check-input:focus"} <= without_outline
    assert without_outline <= outlined


@pytest.mark.parametrize(
    "path",
    sorted([*STATIC.rglob("*.svg"), *TEMPLATES.rglob("*.svg")]),
    ids=lambda path: path.name,
)
def test_no_picture_has_styles_of_its_own(path):
    # style-src 'self' forbids them where a browser applies the policy to pictures.
    assert not re.search(r"<style|\sstyle\s*=", path.read_text())


def test_no_rule_waits_for_an_element_without_a_space():
    # Templates leave spaces where they leave out what an element holds.
    assert ":empty" not in (STATIC / "site.css").read_text()
