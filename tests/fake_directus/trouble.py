"""Trouble on the way to Directus, and answers that tests make up."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

from . import answers
from .answers import Answer
from .asked import Asked


@dataclass
class Special:
    """What happens to requests instead of, or on top of, a usual answer."""

    path: str | None
    answer: Answer | None = None
    error: Exception | None = None
    seconds: float = 0
    loses_answer: bool = False
    times: int = 1
    method: str | None = None

    def fits(self, asked: Asked) -> bool:
        """Tell whether a request is meant."""
        is_there = self.path in {None, asked.path}
        return self.times > 0 and is_there and self.method in {None, asked.method}


class Trouble:
    """What a test lets happen to requests, now or next."""

    def __init__(self) -> None:
        self._specials: list[Special] = []
        self._trouble: Answer | Exception | None = None
        self._late: list[tuple[str, str, Callable[[], object]]] = []

    def is_down(self, error: Exception | None = None) -> None:
        """Refuse connections from now on, or fail with another error."""
        self._trouble = error or requests.ConnectionError("connection refused")

    def is_up(self) -> None:
        """Answer again."""
        self._trouble = None

    def throttles(self, retry_after: int = 57) -> None:
        """Answer 429 to everything from now on."""
        self._trouble = answers.too_many(retry_after, 50).answer

    def answers(
        self,
        status: int,
        json_body: Any = None,
        *,
        path: str | None = None,
        method: str | None = None,
        times: int = 1,
        headers: dict[str, str] | None = None,
        body: str = "",
    ) -> None:
        """Answer the next request, of a kind if named, with this: JSON or `body`."""
        text = body if json_body is None else json.dumps(json_body)
        kind = {} if json_body is None else answers.JSON
        answer = Answer(status, text, kind | (headers or {}))
        self._specials.append(Special(path, answer=answer, times=times, method=method))

    def fails(self, error: Exception, path: str, *, times: int = 1) -> None:
        """Raise an error of requests in place of an answer."""
        self._specials.append(Special(path, error=error, times=times))

    def loses_answer(self, path: str, *, method: str | None = None) -> None:
        """Process the request, and time out before the answer."""
        self._specials.append(Special(path, loses_answer=True, method=method))

    def is_late(self, path: str, about: str, meanwhile: Callable[[], object]) -> None:
        """Let something happen between an answer with this text and its arrival."""
        self._late.append((path, about, meanwhile))

    def _arrive(self, asked: Asked, answer: Answer) -> None:
        for late in self._late:
            path, about, meanwhile = late
            if path == asked.path and about in str(answer.body):
                self._late.remove(late)
                meanwhile()
                return

    def takes(self, seconds: float, path: str, *, times: int = 1) -> None:
        """Take this long to answer the next requests to a path."""
        self._specials.append(Special(path, seconds=seconds, times=times))

    def _special_for(self, asked: Asked) -> Special:
        """Take what a test wants for this request, if anything."""
        special = next((s for s in self._specials if s.fits(asked)), None)
        if special is None:
            return Special(None)
        special.times -= 1
        return special
