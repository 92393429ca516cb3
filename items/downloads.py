"""A list as a CSV file, sent while it is read from Directus, page by page."""

import csv
import logging
import re
from collections.abc import Callable, Iterator, Mapping
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
from .item import Item
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

Described = Mapping[str, Description]
Write = Callable[[list[list[str]]], str]


def csv_response(
    request: AuthenticatedRequest, query: ItemQuery, described: Described
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
    record("items.downloaded", request, user=request.user, collection=collection.name)
    # Not while it is sent: the language and the time zone of the page have ended then.
    columns, write = [Cells(name, described) for name in query.fields], _writer()
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
    """The cells of a column, in the language and the time zone of the page."""

    def __init__(self, path: str, described: Described) -> None:
        self._path = path
        self._zone = timezone.get_current_timezone()
        self._point = str(formats.get_format("DECIMAL_SEPARATOR"))
        found = described.get(path)
        self._type = found.type if found else ""
        self._is_file = found is not None and found.is_file
        self._is_file_list = found is not None and found.is_file_list
        self._texts = found.choice_texts if found else {}
        self._booleans = {True: _("Yes"), False: _("No")}
        relation = described.get(path.partition(".")[0])
        label = relation.label if relation else path
        # Times in a file say nowhere else in which zone they are.
        zone = f" ({self._zone})" if self._type == "timestamp" else ""
        self.heading = harmless(f"{label}{zone}")

    def text(self, item: Item) -> str:
        """Return the text of the cell in an item's line."""
        value = item.value(self._path)
        if self._is_file_list:
            return str(len(value or []))
        if value is None or isinstance(value, dict):
            return ""
        if isinstance(value, list):
            return harmless(", ".join(map(self._choice, value)))
        if self._is_file:
            return _("File")
        if self._type == "boolean":
            return self._booleans[bool(value)]
        if str(value) not in self._texts and self._type in NUMBERS:
            return self._number(str(value))
        if self._type == "timestamp":
            return harmless(self._local(str(value)))
        return harmless(self._choice(value))

    def _choice(self, value: Any) -> str:
        return self._texts.get(str(value), str(value))

    def _number(self, text: str) -> str:
        if NUMBER.fullmatch(text):
            return text.replace(".", self._point)
        return harmless(text)

    def _local(self, text: str) -> str:
        try:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            moment = moment.astimezone(self._zone)
        except (OverflowError, ValueError):
            return text
        return f"{moment:%Y-%m-%d %H:%M:%S}"


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
