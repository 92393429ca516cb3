"""The style sheet, which no tool here parses."""

from django.conf import settings


def test_every_brace_is_closed():
    text = (settings.BASE_DIR / "static" / "site.css").read_text()
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        # A rule that is not closed swallows all that follow it, without a word.
        if line.startswith("."):
            assert depth == 0, f"line {number - 1}: a rule is not closed"
        depth += line.count("{") - line.count("}")

    assert depth == 0
