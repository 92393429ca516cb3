"""How pages show the values of all types, in the shapes of both databases."""

import re

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from items.rich_text import from_html, from_markdown
from items.values import EMPTY, cell, shown, text

from .described import STATES, described

CHOICES = {"choices": STATES}


@pytest.mark.parametrize(
    ("type", "shape", "value", "expected"),
    [
        ("string", {}, "Engine", "Engine"),
        ("string", {}, "", EMPTY),
        ("string", {}, None, EMPTY),
        ("string", {"interface": "select-dropdown", "options": CHOICES}, 2, "Done"),
        ("string", {"interface": "select-radio", "options": CHOICES}, "gone", "gone"),
        ("integer", {}, 0, "0"),
        ("integer", {}, 42, "42"),
        ("bigInteger", {}, "9007199254740993", "9007199254740993"),
        ("bigInteger", {}, 9007199254740991, "9007199254740991"),
        ("float", {}, 1.5, "1,5"),
        ("decimal", {"schema": {"numeric_scale": 2}}, 12.5, "12,50"),
        ("decimal", {"schema": {"numeric_scale": 2}}, "12.50", "12,50"),
        ("decimal", {}, "12345678901234.5678", "12345678901234,5678"),
        ("boolean", {}, 1, "Ja"),
        ("boolean", {}, False, "Nein"),
        ("boolean", {}, 0, "Nein"),
        ("date", {}, "2026-03-01", "1. März 2026"),
        ("time", {}, "12:30:00", "12:30"),
        ("dateTime", {}, "2026-03-01T23:30:00", "1. März 2026 23:30"),
        ("timestamp", {}, "2026-03-01T23:30:00.000Z", "2. März 2026 08:30"),
        ("timestamp", {}, "2026-03-01T23:30:00", "2. März 2026 08:30"),
        ("timestamp", {}, "9999-12-31T23:59:59Z", "31. Dezember 9999 23:59"),
        ("uuid", {}, "5f0b…", "5f0b…"),
        ("json", {"interface": "tags"}, ["a", "b"], "a, b"),
        ("csv", {"options": CHOICES}, ["open", "x"], "Open, x"),
        ("json", {}, {"a": 1}, '{\n  "a": 1\n}'),
        ("hash", {}, "$argon2id$x", EMPTY),
        ("string", {"special": ["conceal"]}, "**********", EMPTY),
        ("geometry.Point", {}, {"type": "Point"}, EMPTY),
        ("date", {}, "no date", EMPTY),
        ("integer", {}, "abc", EMPTY),
        ("decimal", {}, "NaN?", EMPTY),
        ("text", {"interface": "input-rich-text-md"}, "**a** b", "a b"),
    ],
)
def test_a_value_in_words(type, shape, value, expected):
    with translation.override("de"), timezone.override("Asia/Tokyo"):
        assert text(described(type, **shape), value) == expected


def test_a_related_row_is_shown_by_its_label():
    product = described(
        "integer", options={"template": "{{name}}"}, schema={"foreign_key_table": "p"}
    )

    assert text(product, {"id": 1, "name": "Engine"}) == "Engine"
    assert text(product, {"id": 1, "name": "E", "size": 3}, template="{{size}}") == "3"
    rows = [{"id": 1, "text": "One"}, {"id": 2, "text": "Two"}]
    assert text(None, rows) == "One, Two"


def test_a_text_keeps_its_line_breaks_and_is_no_html():
    assert shown(described("text"), "<b>\nc") == "<p>&lt;b&gt;<br>c</p>"


def test_several_values_are_a_list():
    found = shown(described("json", interface="tags"), ["a", "<b>"])

    assert found == '<ul class="values"><li>a</li><li>&lt;b&gt;</li></ul>'


def test_a_list_of_rows_shows_the_start_of_a_text():
    long = "# Heading\n\n" + "word " * 100

    found = cell(described("text", interface="input-rich-text-md"), long)

    assert found.startswith("Heading word")
    assert len(found) == 80


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()))
def test_no_value_of_any_type_is_an_error(value):
    for type in ("string", "integer", "decimal", "date", "timestamp", "json"):
        shown(described(type), value)
        cell(described(type), value)


PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<img src="https://evil.example/x.png" alt="><script>alert(1)</script>">',
    '<img alt=\'"><svg onload=alert(1)>\' src="javascript:alert(1)">',
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" java&#10;script:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="//evil.example/">x</a>',
    '<a href="/\\evil.example/">x</a>',
    '<a href="https://x" onclick="alert(1)" style="position:fixed" id="a">x</a>',
    "<svg><script>alert(1)</script></svg>",
    '<svg><a xlink:href="javascript:alert(1)">x</a></svg>',
    '<math><mtext><table><mglyph><style><img src=x onerror="alert(1)">',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    '<form action="/account/delete/"><button>x</button></form>',
    '<h1 onmouseover="alert(1)">x</h1>',
    "<style>*{display:none}</style>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    '<base href="https://evil.example/"><meta http-equiv=refresh content=0>',
    '<p class="alert" hidden>x</p>',
    "[x](javascript:alert(1))",
    "[x](  JaVaScRiPt:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](javascript:alert(1))",
    '![a](https://x/"onerror="alert(1))',
    "[a]: javascript:alert(1)\n[a]",
    "<javascript:alert(1)>",
    "> [![x](https://x/y.png)](vbscript:x)\n> # <img src=x onerror=alert(1)>",
    "| a |\n|---|\n| <script>alert(1)</script> |",
    "`<script>`\n\n    <script>alert(1)</script>",
]
ALLOWED = re.compile(
    r"</?(?:a|abbr|b|blockquote|br|code|del|dd|dl|dt|em|h2|hr|i|li|ol|p|pre|s|strong|"
    r"table|tbody|td|th|thead|tr|ul)"
    r'(?: (?:href="(?:https?:|mailto:|tel:|/(?![/\\]))[^"<>]*"|rel="[a-z ]*"'
    r'|start="\d+"|title="[^"]*"))*>'
)


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("render", [from_markdown, from_html])
def test_nothing_in_a_text_runs_or_loads(render, payload):
    found = render(payload)

    assert "<" not in ALLOWED.sub("", found), found


@given(st.text(alphabet="<>/\"'=& !-ahrefscriptimgonload:[]()#`\n", max_size=80))
def test_nothing_in_a_made_up_text_runs_or_loads(made_up):
    for render in (from_markdown, from_html):
        found = render(made_up)
        assert "<" not in ALLOWED.sub("", found), found


def test_markdown_is_formatted():
    found = from_markdown(
        "# Title\n\n* [link](https://example.com)\n* ![A picture](https://x.example/a.png)"
    )

    rel = 'rel="nofollow noopener noreferrer"'
    assert "<h2>Title</h2>" in found
    assert f'<a href="https://example.com" {rel}>link</a>' in found
    assert f'<a href="https://x.example/a.png" {rel}>A picture</a>' in found
