"""A list as a CSV file, sent while it is read from Directus, page by page."""

import csv
import json
import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain
from time import monotonic
from typing import Any

from django.core.exceptions import SuspiciousFileOperation
from django.http import StreamingHttpResponse
from django.utils import formats, timezone
from django.utils.http import content_disposition_header
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _

from accounts.directus import DirectusError, TryLater
from accounts.own_data import Description, record, time_budget
from config.request import AuthenticatedRequest

from .collection import Collection
from .columns import Column, column
from .item import Item
from .labels import filled
from .query import ItemQuery

logger = logging.getLogger(__name__)

MOST_ROWS = 100_000
ROWS_AT_ONCE = 500
MOST_SECONDS = 120
# Programs calculate cells that begin with one of these, in full width, too.
FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
NUMBERS = frozenset({"integer", "bigInteger", "float", "decimal"})
# Excel takes a file for UTF-8 only with this mark.
MARK = "\N{BOM}"

Write = Callable[[list[list[str]]], str]


def csv_response(
    request: AuthenticatedRequest, query: ItemQuery
) -> StreamingHttpResponse:
    """Return the rows of a query as a file.

    The first rows are read before the answer begins, so that an outage is a page. A
    later outage breaks the connection off: the browser says that the download failed.

    Raises:
        TryLater: Directus does not answer.
    """
    collection = query.collection
    pages = _in_time(query.pages(ROWS_AT_ONCE, most=MOST_ROWS))
    pages = chain([next(pages, [])], pages)
    # Not while it is sent: the language and the time zone of the page have ended then.
    columns = [Cells(name, column(request, collection, name)) for name in query.fields]
    write = _writer()
    record("items.downloaded", request, user=request.user, collection=collection.name)
    disposition = content_disposition_header(True, _file_name(collection)) or ""
    return StreamingHttpResponse(
        _lines(collection.name, columns, write, pages),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": disposition},
    )


def _in_time(pages: Iterator[list[Item]]) -> Iterator[list[Item]]:
    """Yield pages, all of them read within the time of one download."""
    ends_at = monotonic() + MOST_SECONDS
    while True:
        # The budget of the request has ended with its view.
        with time_budget(ends_at - monotonic()):
            page = next(pages, None)
        if page is None:
            return
        yield page


def _lines(
    name: str, columns: "list[Cells]", write: Write, pages: Iterator[list[Item]]
) -> Iterator[str]:
    sent = 0
    try:
        yield MARK + write([[column.heading for column in columns]])
        for page in pages:
            yield write([[column.text(item) for column in columns] for item in page])
            sent += len(page)
    except (DirectusError, TryLater) as error:
        # Raised again: the server closes the connection before the end of the file.
        logger.error("The download of %s stopped after %d rows: %s", name, sent, error)
        raise


class _Line:
    """What `csv` writes to: it returns each line."""

    def write(self, text: str) -> str:
        return text


def _writer() -> Write:
    # Spreadsheets expect this separator where numbers have a comma.
    has_comma = formats.get_format("DECIMAL_SEPARATOR") == ","
    writer = csv.writer(_Line(), delimiter=";" if has_comma else ",")
    # `writerow` returns what `write` returns, unlike `writerows`.
    return lambda rows: "".join(str(writer.writerow(row)) for row in rows)


def _file_name(collection: Collection) -> str:
    try:
        name = get_valid_filename(collection.plural)
    except SuspiciousFileOperation:
        name = collection.name
    return f"{name}-{timezone.localdate():%Y-%m-%d}.csv"


class Cells:
    """The cells of a column, in the language and the time zone of the page.

    The label, the description and the template are those of the table on the page.
    Numbers and times have a form that spreadsheets know.
    """

    def __init__(self, path: str, column: Column) -> None:
        self._path = path
        self._zone = timezone.get_current_timezone()
        self._point = str(formats.get_format("DECIMAL_SEPARATOR"))
        found = column.description
        self._type = found.type if found else ""
        self._is_file_list = found is not None and found.is_file_list
        self._texts = found.choice_texts if found else {}
        # While the file is sent, the language of the page has ended.
        self._booleans = {True: _("Yes"), False: _("No")}
        self._constant = _constant(found)
        self._points = found is None or bool(found.target or column.template)
        options = found.options if found else {}
        self._template = column.template or options.get("template")
        # Times in a file say nowhere else in which zone they are.
        zone = f" ({self._zone})" if self._type == "timestamp" else ""
        self.heading = harmless(f"{column.label}{zone}")

    def text(self, item: Item) -> str:
        """Return the text of the cell in an item's line."""
        value = item.value(self._path)
        if self._is_file_list:
            return str(len(value or []))
        if isinstance(value, list) and not _is_deep(value, self._type):
            return harmless(", ".join(filter(None, map(self._plain, value))))
        found = self._plain(value)
        return found if self._is_number(value) else harmless(found)

    def _is_number(self, value: Any) -> bool:
        is_choice = str(value) in self._texts
        is_typed = self._type in NUMBERS and not is_choice
        return is_typed and NUMBER.fullmatch(str(value)) is not None

    def _plain(self, value: Any) -> str:
        if value is None or value in ("", [], {}):
            return ""
        if self._constant is not None:
            return self._constant
        if isinstance(value, (dict, list)):
            return self._of_object(value)
        if str(value) in self._texts:
            return self._texts[str(value)]
        if self._type == "boolean" or isinstance(value, bool):
            return self._booleans[bool(value)]
        if self._type == "timestamp":
            return self._local(str(value))
        if self._is_number(value):
            return str(value).replace(".", self._point)
        return str(value)

    def _of_object(self, value: Any) -> str:
        if self._type == "json":
            return json.dumps(value, ensure_ascii=False)
        is_row = isinstance(value, dict) and self._points
        return filled(self._template, value) if is_row else ""

    def _local(self, text: str) -> str:
        try:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            moment = moment.astimezone(self._zone).replace(tzinfo=None)
        except (OverflowError, ValueError):
            return text
        return moment.isoformat(" ", timespec="seconds")


def _constant(description: Description | None) -> str | None:
    """Return the text of all values of a field whose values are not told."""
    if description is None:
        return None
    if description.is_concealed:
        return ""
    return _("File") if description.is_file else None


def _is_deep(value: list[Any], kind: str) -> bool:
    return kind == "json" and any(isinstance(each, (dict, list)) for each in value)


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
