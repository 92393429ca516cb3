"""The form field for a file: upload one, keep it or remove it, never name an id.

The content decides about the type of a file, and the declaration about the types.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, BinaryIO

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.forms.utils import flatatt
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from accounts.own_data import CustomField, Description, Kind, item_files

MEBIBYTE = 1024 * 1024
PICTURES = "image/*"
LONGEST_TITLE = 80
ZIP = rb"PK\x03\x04"
OFFICE = "application/vnd.openxmlformats-officedocument"


@dataclass(frozen=True)
class FileKind:
    """A kind of files: their first bytes as a pattern, and endings of their names.

    Without endings the name does not matter.
    """

    label: str
    starts: bytes
    media_type: str
    ending: str
    needs_ending: bool = False

    def fits(self, name: str, head: bytes) -> bool:
        """Return whether a file is of this kind."""
        has_ending = name.lower().endswith(f".{self.ending}")
        is_named = has_ending or not self.needs_ending
        return is_named and re.match(self.starts, head, re.DOTALL) is not None


KINDS = {
    PICTURES: (
        FileKind("PNG", rb"\x89PNG\r\n\x1a\n", "image/png", "png"),
        FileKind("JPEG", rb"\xff\xd8\xff", "image/jpeg", "jpg"),
        FileKind("WebP", rb"RIFF....WEBP", "image/webp", "webp"),
    ),
    "application/pdf": (FileKind("PDF", rb"%PDF-", "application/pdf", "pdf"),),
    "application/zip": (FileKind("ZIP", ZIP, "application/zip", "zip", True),),
    f"{OFFICE}.wordprocessingml.document": (
        FileKind("DOCX", ZIP, f"{OFFICE}.wordprocessingml.document", "docx", True),
    ),
    f"{OFFICE}.spreadsheetml.sheet": (
        FileKind("XLSX", ZIP, f"{OFFICE}.spreadsheetml.sheet", "xlsx", True),
    ),
}
# What pages call a type.
LABELS = {kind.media_type: kind.label for kinds in KINDS.values() for kind in kinds}
HEAD = 16


@dataclass(frozen=True)
class Files:
    """Which files customers may upload.

    Attributes:
        types: `image/*` for PNG, JPEG and WebP, or other keys of KINDS.
        most_bytes: of one file.
        most_files: how many files of this size one form may send.

    Raises:
        ValueError: one of the types is unknown.
    """

    types: tuple[str, ...] | list[str] = (PICTURES, "application/pdf")
    most_bytes: int = 5 * MEBIBYTE
    most_files: int = 2

    def __post_init__(self) -> None:
        if unknown := set(self.types) - KINDS.keys():
            raise ValueError(f"unknown types of files: {', '.join(sorted(unknown))}")

    @property
    def most_together(self) -> int:
        """The most bytes of all files in a form."""
        return self.most_bytes * self.most_files

    def kinds(self, *, only_pictures: bool = False) -> list[FileKind]:
        """Return the accepted kinds."""
        types = [each for each in self.types if each == PICTURES or not only_pictures]
        return [kind for each in types for kind in KINDS[each]]


class FileInput(forms.ClearableFileInput):
    """A choice of a file; a chosen file wins over the wish to remove the old one."""

    def render(self, name, value, attrs=None, renderer=None):
        context = self.get_context(name, value, attrs)
        context["checked"] = context["widget"]["attrs"].pop("checked", False)
        context["attrs"] = flatatt(context["widget"]["attrs"])
        return render_to_string("items/file_input.html", context)

    def value_from_datadict(self, data, files, name):
        chosen = files.get(name)
        return chosen or super().value_from_datadict(data, files, name)


@dataclass(frozen=True)
class CurrentFile:
    """The stored file, as the form shows it."""

    url: str
    label: str
    is_picture: bool
    file_id: str

    def __str__(self) -> str:
        # Compared with the row, to notice another file.
        return self.file_id


class FileField(forms.FileField):
    """A file of an accepted kind; its value is a NewFile, or None to remove it."""

    widget = FileInput

    def __init__(
        self, *, kinds: list[FileKind], most_bytes: int, **options: Any
    ) -> None:
        super().__init__(**options)
        self.kinds, self.most_bytes = kinds, most_bytes
        self.widget.attrs |= {
            "accept": ",".join(kind.media_type for kind in kinds),
            "data-most-bytes": most_bytes,
            "data-too-large": self._too_large(),
        }

    def bound_data(self, data, initial):
        """Return the stored file: browsers do not keep a chosen one."""
        return initial

    def clean(self, data, initial=None):
        """Check the size and the content."""
        found = super().clean(data, initial)
        if isinstance(found, UploadedFile):
            return self._checked(found)
        # False asks to remove the file: for rules there is none then.
        return found or None

    def _checked(self, file: UploadedFile) -> item_files.NewFile:
        if (file.size or 0) > self.most_bytes:
            raise ValidationError(self._too_large(), code="too_large")
        name = file.name or ""
        head = _head(file)
        for kind in self.kinds:
            if kind.fits(name, head):
                title = cleaned_title(name)
                content = file.read()
                return item_files.NewFile(content, kind.media_type, kind.ending, title)
        raise ValidationError(self._wrong_kind(), code="kind")

    def _too_large(self) -> str:
        size = filesizeformat(self.most_bytes)
        return _("Choose a file of at most %(size)s.") % {"size": size}

    def _wrong_kind(self) -> str:
        kinds = ", ".join(kind.label for kind in self.kinds)
        return _("Choose a file of one of these kinds: %(kinds)s.") % {"kinds": kinds}


class UploadField(CustomField):
    """A field of a row that holds a file.

    Args:
        description: of the field.
        files: the accepted files.

    Attributes:
        url: the address of the stored file.
    """

    url = ""

    def __init__(self, description: Description, files: Files) -> None:
        super().__init__(description, Kind(self._make))
        self._files = files

    def _make(self, description: Description, options: dict[str, Any]) -> FileField:
        options["error_messages"] = {"required": _("Choose a file.")}
        kinds = self._files.kinds(only_pictures=self._is_picture)
        field = FileField(kinds=kinds, most_bytes=self._files.most_bytes, **options)
        # A form may have several files: the label is part of the name.
        text = _("Remove “%(label)s”") % {"label": description.label}
        field.widget.clear_checkbox_label = text
        return field

    @property
    def _is_picture(self) -> bool:
        return self.description.interface == "file-image"

    def keep(self, field: forms.Field, value: Any) -> None:
        """Do nothing: the stored file is kept unless the form says otherwise."""

    def to_form(self, value: Any) -> CurrentFile | None:
        """Return the stored file for its id."""
        if not isinstance(value, str):
            return None
        label = self.description.label
        return CurrentFile(self.url, label, self._is_picture, value)

    def to_directus(self, value: Any) -> Any:
        """Return the new file, which is to be stored first; None to remove it.

        A file that stays is its id, which conditions look at.
        """
        if isinstance(value, CurrentFile):
            return value.file_id
        return value if isinstance(value, item_files.NewFile) else None


def cleaned_title(name: str, longest: int = LONGEST_TITLE) -> str:
    """Return the name of a file without its ending, for people to read.

    Without folders, and characters that are invisible, change the direction of text,
    or mean something in a header or on a disk.
    """
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    stem = name.rpartition(".")[0] or name
    plain = "".join(" " if _is_odd(letter) else letter for letter in stem)
    return " ".join(plain.split()).strip(". ")[:longest].strip() or "file"


def ending_of(name: str) -> str:
    """Return the ending of a file's name, such as `pdf`; empty for an odd one."""
    ending = name.rpartition(".")[2] if "." in name else ""
    return ending if ending.isascii() and ending.isalnum() and len(ending) < 10 else ""


def _is_odd(letter: str) -> bool:
    # C: control, format, surrogates, unassigned; Z: separators.
    return unicodedata.category(letter)[0] in "CZ" or letter in '"*:<>?|;%'


def _head(file: BinaryIO | Any) -> bytes:
    head = file.read(HEAD)
    file.seek(0)
    return head
