"""Comments and docstrings name their subject: a user, a request, a token.

Who does something is a user, a visitor or an operator, and an absence is "no user". The
words below hide that, and made sentences that had to be read twice.
"""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
SOURCES = sorted(
    path
    for folder in ("accounts", "bench", "config", "dashboard", "local", "tests")
    for path in (ROOT / folder).rglob("*.py")
    if not {"migrations", "node_modules"} & set(path.parts)
)
WORDS = re.compile(
    r"\b(whoever|nobody|somebody|anybody|everybody|someone|anyone|everyone)\b",
    re.IGNORECASE,
)
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def texts(path):
    source = path.read_text()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, DOCUMENTED):
            yield ast.get_docstring(node) or ""


@pytest.mark.parametrize("folder", sorted({path.parent for path in SOURCES}, key=str))
def test_comments_name_their_subject(folder):
    vague = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in SOURCES
        if path.parent == folder
        for text in texts(path)
        if WORDS.search(text)
    ]

    assert not vague
