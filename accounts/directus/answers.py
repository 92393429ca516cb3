"""Read an answer from Directus without trusting its content.

The body has a size limit, must match its headers, and must be strict JSON. Otherwise
DirectusUnavailable is raised; its message contains no part of the answer.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import accumulate
from math import isfinite
from typing import Any, BinaryIO, NoReturn

from requests import Response

from .exceptions import DirectusUnavailable, error_facts, parse_retry_after

SMALL = 256 * 1024
LARGE = 8 * 1024 * 1024
LARGEST_FILE = 100 * 1024 * 1024
MAX_DEPTH = 20
_CHUNK = 16 * 1024
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in _STEPS)


@dataclass(frozen=True)
class Answer:
    """A status, and the JSON, text or file of the body."""

    status: int
    payload: Any = field(default=None, repr=False)
    retry_after: int | None = None
    media_type: str = ""
    location: str = field(default="", repr=False)
    # The Date header.
    date: datetime | None = None
    # The Set-Cookie headers, for calls that ask for them.
    cookies: tuple[str, ...] = field(default=(), repr=False)

    @property
    def code(self) -> str:
        """Directus' error code, or an empty string."""
        code = error_facts(self.payload).get("code")
        return code if isinstance(code, str) else ""

    @property
    def data(self) -> Any:
        """The data of the answer. Raises DirectusUnavailable if there is none."""
        if isinstance(self.payload, dict) and "data" in self.payload:
            return self.payload["data"]
        raise DirectusUnavailable("the answer has no data")


def read_answer(
    response: Response,
    *,
    limit: int = SMALL,
    text: bool = False,
    media_types: frozenset[str] = frozenset(),
    into: BinaryIO | None = None,
    cookies: bool = False,
) -> Answer:
    """Read a whole answer.

    Args:
        limit: the most bytes of the body.
        text: the body of a success is plain text instead of JSON.
        media_types: the body of a success is a file of one of these types.
        into: the body of a success is written here.
        cookies: keep the Set-Cookie headers.

    Raises:
        DirectusUnavailable: this is not an answer of Directus.
        OSError, urllib3.exceptions.HTTPError: the connection failed.
    """
    headers = response.headers
    _check_headers(headers, limit)
    status = response.status_code
    if status == 200 and into is not None:
        _copy_body(response, limit, into)
        return Answer(status, media_type=_media_type(headers))
    body = _read_body(response, min(limit, LARGE))
    payload: Any = None
    if status == 200 and media_types:
        payload = _file(headers, body, media_types)
    elif status == 200:
        payload = _decode(body) if text else _success(headers, body)
    elif status >= 400:
        payload = _refusal(headers, body)
    return Answer(
        status,
        payload,
        retry_after=parse_retry_after(headers.get("Retry-After")),
        media_type=_media_type(headers),
        location=headers.get("Location", ""),
        date=_date(headers),
        cookies=tuple(response.raw.headers.getlist("Set-Cookie")) if cookies else (),
    )


def _date(headers: Mapping[str, str]) -> datetime | None:
    try:
        date = parsedate_to_datetime(headers.get("Date", ""))
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def parse_json(body: bytes) -> Any:
    """Parse strict JSON: UTF-8 without BOM, no NaN, no duplicate key, limited depth.

    Raises:
        DirectusUnavailable: it is not strict JSON.
    """
    if _depth(body) > MAX_DEPTH:
        raise DirectusUnavailable("the answer is nested too deeply")
    try:
        return json.loads(
            _decode(body),
            parse_constant=_refuse_constant,
            parse_float=_finite,
            object_pairs_hook=_unique,
        )
    except ValueError:
        raise DirectusUnavailable("the answer is not valid JSON") from None


@contextmanager
def expected(what: str) -> Iterator[None]:
    """Raise DirectusUnavailable where data has not the form that a block expects.

    Args:
        what: names the data in the message.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        # Its text may quote the data.
        kind = type(error).__name__
        raise DirectusUnavailable(f"{what}: an unexpected form ({kind})") from None


def as_object(data: Any) -> dict[str, Any]:
    """Return data that is an object. Raises DirectusUnavailable for any other."""
    if not isinstance(data, dict):
        raise DirectusUnavailable("the data is not an object")
    return data


def as_list(data: Any, what: str) -> list[Any]:
    """Return data that is a list. Raises DirectusUnavailable for any other.

    Args:
        what: names the data in the message.
    """
    if not isinstance(data, list):
        raise DirectusUnavailable(f"{what}: not a list")
    return data


def _depth(body: bytes) -> int:
    """Return the depth of JSON without recursion.

    Parsing recurses: near the recursion limit, finalizers of other objects fail, too.
    """
    # Every second piece between quotes is outside of strings.
    pieces = body.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2]
    brackets = b"".join(pieces).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


def _check_headers(headers: Mapping[str, str], limit: int) -> None:
    encoding = headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        # The request forbids compression: a few bytes could expand to any size.
        raise DirectusUnavailable("the answer is compressed")
    length = headers.get("Content-Length", "")
    if length.isdecimal() and (len(length) > 12 or int(length) > limit):
        raise DirectusUnavailable("the answer is too long")


def _read_body(response: Response, limit: int) -> bytes:
    return b"".join(_chunks(response, limit))


def _copy_body(response: Response, limit: int, into: BinaryIO) -> None:
    # An earlier attempt may have written a part.
    into.seek(0)
    into.truncate()
    into.writelines(_chunks(response, limit))
    into.seek(0)


def _chunks(response: Response, limit: int) -> Iterator[bytes]:
    size = 0
    for chunk in response.raw.stream(_CHUNK, decode_content=False):
        size += len(chunk)
        if size > limit:
            raise DirectusUnavailable("the answer is too long")
        yield chunk


def _file(
    headers: Mapping[str, str], body: bytes, media_types: frozenset[str]
) -> bytes:
    if _media_type(headers) not in media_types:
        raise DirectusUnavailable("the answer is not a file of the wanted kind")
    return body


def _success(headers: Mapping[str, str], body: bytes) -> Any:
    if not _is_json(headers):
        raise DirectusUnavailable("the answer is not JSON")
    return parse_json(body)


def _refusal(headers: Mapping[str, str], body: bytes) -> Any:
    """Return the JSON of an error; None for another body, as from a proxy."""
    try:
        return parse_json(body) if _is_json(headers) else None
    except DirectusUnavailable:
        return None


def _is_json(headers: Mapping[str, str]) -> bool:
    return _media_type(headers) == "application/json"


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _decode(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise DirectusUnavailable("the answer is not UTF-8") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("out of range")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a key appears twice")
    return content
