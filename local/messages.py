"""The catalogues of translations: collect what the sources say, compile it.

`make messages` runs it. A catalogue keeps its translations, gets new strings without
one, and loses what the sources no longer say; tests/config/test_catalogues.py refuses
a catalogue with gaps. What a run writes depends on the sources alone: there are no
dates, no line numbers and no names of tools in the files.
"""

import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from .paths import ROOT

LOCALE = ROOT / "locale"
LANGUAGES = ("de", "fr", "es", "pt_BR", "ja")
SOURCES = sorted({"config", *(path.parent.name for path in ROOT.glob("*/apps.py"))})
# Operators' output is English: see docs/decisions/0056-catalogues.md.
UNTRANSLATED = (
    "accounts/management/",
    "accounts/operations/doctor/",
    "accounts/operations/explain.py",
    "accounts/operations/provisioning/",
    "accounts/sync/",
)
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
# Django's own catalogues say the same; an integer in its own words.
PLURALS = {
    "de": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1);",
    "es": "nplurals=2; plural=(n != 1);",
    "pt_BR": "nplurals=2; plural=(n > 1);",
    "ja": "nplurals=1; plural=0;",
}


class Messages(Catalog):
    """A catalogue with a header that does not change by itself."""

    def __init__(self, language: str) -> None:
        super().__init__(
            locale=language, header_comment="", charset="utf-8", fuzzy=False
        )
        self.language = language

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """The header's lines."""
        return [
            ("Language", self.language),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=UTF-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", PLURALS[self.language]),
        ]

    @mime_headers.setter
    def mime_headers(self, headers: object) -> None:
        """What a file's header says is written anew, and not kept."""


def source_files() -> Iterator[Path]:
    """Yield every file that may have something to translate, in a fixed order."""
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            place = path.relative_to(ROOT).as_posix()
            if not place.startswith(UNTRANSLATED) and "migrations" not in place:
                yield path
    for path in sorted((ROOT / "templates").rglob("*.*")):
        if path.suffix in {".html", ".txt"}:
            yield path


def _as_python(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    code = templatize(text, origin=str(path))
    # It is a list of calls; how far they are indented would mean something to Python.
    return "\n".join(line.strip() for line in code.splitlines())


def found_in(path: Path) -> list[tuple[str | tuple[str, ...], str | None]]:
    """Return the strings of a file that are to be translated, with their contexts."""
    code = io.BytesIO(_as_python(path).encode())
    found = extract("python", code, keywords=KEYWORDS)
    return [(message, context) for _, message, _, context in found]


def collect(language: str) -> Messages:
    """Return a catalogue with everything that the sources say, not translated."""
    catalog = Messages(language)
    for path in source_files():
        for message, context in found_in(path):
            catalog.add(message, context=context)
    return catalog


def po_file(language: str) -> Path:
    """Return where a language's catalogue is."""
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def read(language: str) -> Catalog:
    """Return a catalogue as it stands in its file; an empty one if there is none."""
    path = po_file(language)
    if not path.is_file():
        return Messages(language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update(language: str) -> Messages:
    """Return what the sources say with the translations that the file has."""
    known = read(language)
    catalog = collect(language)
    for message in catalog:
        before = message.id and known.get(message.id, message.context)
        if before and _has_the_forms(before.string, message.string):
            message.string = before.string
    return catalog


def _has_the_forms(before: object, now: object) -> bool:
    """Whether a translation fits: a string without a plural may have got one."""
    return isinstance(before, tuple) == isinstance(now, tuple)


def as_po(catalog: Catalog) -> bytes:
    """Return a catalogue as its source file holds it."""
    file = io.BytesIO()
    write_po(file, catalog, no_location=True, sort_output=True, ignore_obsolete=True)
    return file.getvalue().strip() + b"\n"


def as_mo(catalog: Catalog) -> bytes:
    """Return a catalogue as gettext reads it."""
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def gaps(catalog: Catalog) -> list[str]:
    """Return what has no translation, or not in all forms."""
    return [
        f"{catalog.locale}: {message.id!r}"
        for message in catalog
        if message.id and not _is_whole(message.string)
    ]


def _is_whole(string: str | Sequence[str] | None) -> bool:
    return all(string) if isinstance(string, tuple) else bool(string)


def main() -> int:
    """Bring all catalogues up to date; return 1 if something is not translated."""
    missing = []
    for language in LANGUAGES:
        catalog = update(language)
        path = po_file(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_po(catalog))
        path.with_suffix(".mo").write_bytes(as_mo(catalog))
        missing += gaps(catalog)
    for line in missing:
        print(line, file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
