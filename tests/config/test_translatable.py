"""No text reaches a person past the catalogues."""

import ast
import re
from html.parser import HTMLParser

import pytest

from local import messages

ROOT = messages.ROOT
TEMPLATES = sorted(
    path
    for path in (ROOT / "templates").rglob("*.*")
    if path.suffix in {".html", ".txt"}
)
MODULES = [path for path in messages.source_files() if path.suffix == ".py"]


def name_in_project(path):
    return path.relative_to(ROOT).as_posix()


TRANSLATED = re.compile(
    r"{%\s*blocktranslate\b.*?{%\s*endblocktranslate\s*%}"
    r"|{%\s*comment\b.*?{%\s*endcomment\s*%}"
    r"|{%\s*block (?:page_class|bodyclass)\s*%}.*?{%\s*endblock\s*%}"
    r"|{#.*?#}|{%.*?%}|{{.*?}}",
    re.DOTALL,
)
# In what {{ … }} and {% … %} hold: text that is shown as it stands.
LITERAL = re.compile(r"""(?<!_\()(?:\bdefault|\bdefault_if_none):(["'])(.*?)\1""")
SHOWN = {"title", "aria-label", "placeholder", "alt", "data-show", "data-hide"}
# Numbers of HTTP, and names that are the same everywhere.
UNIVERSAL = {"Directus", "Django"}
LETTERS = re.compile(r"[^\W\d_]{2,}")

# Calls with a text that users read; the position of the text in the arguments.
CALLS = {
    "add_error": 1,
    "ValidationError": 0,
    "message_user": 1,
    "info": 1,
    "success": 1,
    "warning": 1,
    "error": 1,
    "CharField": 0,
    "EmailField": 0,
    "DateTimeField": 0,
    "BooleanField": 0,
    "UUIDField": 0,
    "RegexValidator": 1,
}
KEYWORDS = {
    "label",
    "help_text",
    "verbose_name",
    "verbose_name_plural",
    "description",
    "empty_label",
    "error_message",
}
ASSIGNED = {"site_header", "site_title", "index_title", "verbose_name", "help_text"}


class Texts(HTMLParser):
    """Collects what a page shows: text, and attributes that are read out."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.hidden = 0

    def handle_starttag(self, tag, attrs):
        self.hidden += tag in {"script", "style"}
        self.found += [value or "" for name, value in attrs if name in SHOWN]

    def handle_endtag(self, tag):
        self.hidden -= tag in {"script", "style"}

    def handle_data(self, data):
        if not self.hidden:
            self.found.append(data)


def bare_texts(template):
    """Return the words of a template that no catalogue knows."""
    texts = Texts()
    texts.feed(TRANSLATED.sub(" ", template))
    texts.close()
    shown = [*texts.found, *(text for _, text in LITERAL.findall(template))]
    words = {" ".join(text.split()) for text in shown if LETTERS.search(text)}
    return words - UNIVERSAL


@pytest.mark.parametrize("path", TEMPLATES, ids=name_in_project)
def test_a_template_says_nothing_past_the_catalogues(path):
    assert bare_texts(path.read_text()) == set()


@pytest.mark.parametrize(
    "template",
    [
        "<p>Hello</p>",
        "<p>{% translate 'x' %} and more</p>",
        '<a title="Hello"></a>',
        "{% if x %}Hello{% endif %}",
        '{{ name|default:"Nobody" }}',
    ],
)
def test_what_a_template_says_past_them_is_found(template):
    assert bare_texts(template)


def name_of(function):
    return getattr(function, "attr", getattr(function, "id", ""))


def is_text(node):
    if isinstance(node, ast.JoinedStr):
        return True
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and bool(LETTERS.search(node.value))
    )


def is_shown_to_a_user(call):
    """Leave out loggers: their methods have the names of those of messages."""
    owner = getattr(call.func, "value", None)
    return getattr(owner, "id", "") != "logger"


def said_by(call):
    place = CALLS.get(name_of(call.func))
    if place is not None and is_shown_to_a_user(call):
        yield from call.args[place : place + 1]
    yield from (keyword.value for keyword in call.keywords if keyword.arg in KEYWORDS)


def assigned_by(node):
    names = {getattr(target, "id", "") for target in node.targets}
    if names & ASSIGNED:
        yield node.value


def bare_strings(code):
    """Return the line and text of what a module says past the catalogues."""
    said = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call):
            said += said_by(node)
        elif isinstance(node, ast.Assign):
            said += assigned_by(node)
    return [(node.lineno, ast.unparse(node)) for node in said if is_text(node)]


@pytest.mark.parametrize("path", MODULES, ids=name_in_project)
def test_a_module_says_nothing_past_the_catalogues(path):
    assert bare_strings(path.read_text()) == []


@pytest.mark.parametrize(
    "code",
    [
        'messages.info(request, "Done.")',
        'form.add_error("email", "Wrong.")',
        'raise ValidationError("Wrong.")',
        'CharField(label="Name")',
        'CharField(help_text=f"Up to {n} letters")',
        'class A:\n    verbose_name = "session"',
    ],
)
def test_what_a_module_says_past_them_is_found(code):
    assert bare_strings(code)


@pytest.mark.parametrize("path", MODULES, ids=name_in_project)
def test_what_is_to_be_translated_can_be_collected(path):
    """Names that the collecting does not know, and text made up at run time."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == (
            "django.utils.translation"
        ):
            for alias in node.names:
                if "gettext" in alias.name:
                    assert (alias.asname or alias.name) in messages.KEYWORDS
        if isinstance(node, ast.Call) and name_of(node.func) in messages.KEYWORDS:
            assert not isinstance(node.args[0], ast.JoinedStr | ast.BinOp)


def done_at_import(tree):
    """Yield what a module does when it is imported: all but the bodies of functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            yield from node.decorator_list
        elif not isinstance(node, ast.Lambda):
            yield node
            yield from done_at_import(node)


@pytest.mark.parametrize("path", MODULES, ids=name_in_project)
def test_nothing_is_translated_at_import(path):
    """It would stay in the language of the first request: that needs gettext_lazy."""
    tree = ast.parse(path.read_text())
    at_once = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in {"gettext", "ngettext", "pgettext", "npgettext"}
    }
    early = [
        ast.unparse(node)
        for node in done_at_import(tree)
        if isinstance(node, ast.Call) and name_of(node.func) in at_once
    ]

    assert early == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name_in_project)
def test_a_template_uses_the_tags_that_are_collected(path):
    """The old names work too; one name is enough."""
    assert not re.search(r"{%\s*(trans|blocktrans)\b", path.read_text())


def test_what_operators_read_on_a_terminal_is_english():
    """No catalogue has it, so nothing there is marked."""
    operators = {
        path
        for folder in messages.SOURCES
        for path in (ROOT / folder).rglob("*.py")
        if name_in_project(path).startswith(messages.UNTRANSLATED)
    }

    assert len(operators) > 20
    for path in operators:
        assert "django.utils.translation" not in path.read_text(), path
