"""Send calls to Directus: deadlines, limits, retries, breaker and bulkhead.

One `Transport` serves all threads of a process. It knows which calls may be sent twice,
but no endpoint, token or user.
"""

import logging
import random
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests import PreparedRequest
from urllib3.exceptions import HTTPError, ReadTimeoutError

from . import tracing
from .answers import Answer, read_answer
from .breaker import OPEN_SECONDS, Breaker, RetryBudget
from .bulkhead import PASSWORD_PATIENCE_SECONDS, Bulkhead
from .calls import Call, Kind, Repeat, Upload
from .exceptions import (
    CallFailed,
    DirectusUnavailable,
    ProviderUnavailable,
    error_for,
)
from .time_budget import RESERVE_SECONDS, check_time, seconds_left
from .watch import NOTHING, Watch
from .wire import CURRENT_EXCHANGE, Exchange, Stage, TimedAdapter, TooLong

logger = logging.getLogger(__name__)

# A retry must have time to succeed: 3 seconds, or half of a shorter deadline.
RETRY_NEEDS = 3.0
RETRY_DELAY = (0.05, 0.15)
# With less time a call would fail in any case: hashing alone takes longer.
SLOW_NEEDS = 1.0
QUICK_NEEDS = 0.1
_WORTH_RETRYING = frozenset({502, 503, 504})
# One visitor, or one provider, can cause these. They must not count as an outage, which
# would block all visitors.
_ABOUT_ONE_CALL = (CallFailed, ProviderUnavailable)
# The libraries raise ValueError, too, for an answer that breaks the rules of HTTP.
_TRANSPORT_ERRORS = (
    requests.RequestException,
    HTTPError,
    HTTPException,
    OSError,
    ValueError,
)


class Transport:
    """Sends calls to one Directus and returns its answers.

    Args:
        base_url: the URL of Directus for this host.
        connect_timeout, read_timeout: seconds for one connection, for one read.
        total_timeout: seconds for a whole call, retry included.
        login_timeout: the same for calls that hash a password.
        login_slots, file_slots, call_slots: the most running calls that hash a
            password or wait for a provider, that transfer a file, and of all others;
            the calls that wait for a provider take no more than half of theirs.
        ca_bundle: a file of certificates to trust instead of the usual ones.
        open_seconds: the pause after five failures in a row.
        watch: is told of each call.

    Raises:
        ValueError: the URL or the file of certificates is not valid.
    """

    def __init__(
        self,
        base_url: str,
        *,
        connect_timeout: float = 1.0,
        read_timeout: float = 5.0,
        total_timeout: float = 8.0,
        login_timeout: float = 10.0,
        login_slots: int = 8,
        file_slots: int = 4,
        call_slots: int = 16,
        ca_bundle: str | None = None,
        open_seconds: float = OPEN_SECONDS,
        watch: Watch = NOTHING,
    ) -> None:
        self.base_url = _checked(base_url)
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._total_timeout = total_timeout
        self._login_timeout = login_timeout
        if ca_bundle and not Path(ca_bundle).exists():
            raise ValueError("there is no such file of certificates")
        self._verify: bool | str = ca_bundle or True
        self._adapter = TimedAdapter()
        self._watch = watch
        self._breaker = Breaker(open_seconds=open_seconds, watch=watch)
        self._bulkheads = {
            Kind.PASSWORD: _for_sign_in(login_slots, "password", watch),
            Kind.FILE: Bulkhead(file_slots, kind="file", watch=watch),
            Kind.OTHER: Bulkhead(call_slots, kind="other", watch=watch),
        }
        # A provider that hangs must leave the other half for passwords.
        half = max(1, login_slots // 2)
        self._provider_slots = _for_sign_in(half, "provider", watch)
        self._budget = RetryBudget()

    def __repr__(self) -> str:
        return f"Transport({self.base_url!r})"

    def prepare(self, call: Call, headers: Mapping[str, str]) -> PreparedRequest:
        """Return the unsigned request of a call."""
        return requests.Request(
            call.method,
            self.base_url + call.path,
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                tracing.HEADER: tracing.header(),
                **headers,
                **call.headers,
            },
            params=call.params,
            json=call.body,
            **_form(call.upload),
        ).prepare()

    def send(self, call: Call, request: PreparedRequest) -> Answer:
        """Send a prepared call; return its answer, which has an expected status.

        Raises:
            DirectusUnavailable: there is no usable answer, or no time is left.
            RateLimited: Directus refuses the call for some seconds.
            DirectusAPIError: Directus answered with an error.
        """
        began = time.monotonic()
        try:
            answer = self._send(call, request)
        except BaseException as error:
            self._watch.ended(call, time.monotonic() - began, error)
            raise
        self._watch.ended(call, time.monotonic() - began, None)
        return answer

    def _send(self, call: Call, request: PreparedRequest) -> Answer:
        self._breaker.refuse_while_open()
        self._budget.earn()
        with self._slot(call):
            # Outside of the breaker: a lack of time is not an outage.
            _check_time(call)
            with self._breaker.guard(only_unsent=call.asks_provider) as probing:
                answer = self._answer(call, request, may_repeat=not probing)
                _check_usable(call, answer)
        if answer.status not in call.expected:
            raise error_for(answer)
        return answer

    def close(self) -> None:
        """Close the kept connections."""
        self._adapter.close()

    @contextmanager
    def _slot(self, call: Call) -> Iterator[None]:
        # Commands and background tasks may wait longer: no page waits for them.
        patience = self._usual_seconds(call) if seconds_left() is None else None
        with ExitStack() as slots:
            if call.asks_provider:
                slots.enter_context(self._provider_slots.slot(patience=patience))
            slots.enter_context(self._bulkheads[call.kind].slot(patience=patience))
            yield

    def _answer(
        self, call: Call, request: PreparedRequest, *, may_repeat: bool
    ) -> Answer:
        """Send the call, and retry it if that is safe and there is time."""
        total = self._seconds_for(call)
        # Directus may close a kept connection as the request leaves. A call that cannot
        # be repeated uses a new one.
        first = self._new_exchange(call, total, fresh=call.repeat is Repeat.NEVER)
        try:
            answer = self._try(call, request, first)
        except DirectusUnavailable:
            if not (may_repeat and self._may_repeat_failed(call, first, total)):
                raise
        else:
            if not (
                may_repeat and self._may_repeat_answered(call, answer, first, total)
            ):
                return answer
        if not first.was_stale:
            time.sleep(random.uniform(*RETRY_DELAY))  # noqa: S311 (no secret)
        second = self._new_exchange(call, first.remaining, fresh=True)
        return self._try(call, request, second)

    def _seconds_for(self, call: Call) -> float:
        usual, left = self._usual_seconds(call), seconds_left()
        return usual if left is None else min(usual, left + _reserve(call))

    def _usual_seconds(self, call: Call) -> float:
        if call.timeout is not None:
            return call.timeout
        return self._login_timeout if call.slow else self._total_timeout

    def _new_exchange(self, call: Call, seconds: float, *, fresh: bool) -> Exchange:
        return Exchange(
            seconds=seconds,
            # Directus sends nothing while it hashes.
            read_timeout=seconds if call.slow else self._read_timeout,
            limit=call.limit,
            fresh=fresh,
        )

    def _may_repeat_failed(self, call: Call, exchange: Exchange, total: float) -> bool:
        if not exchange.broke or not self._has_time(exchange, total):
            return False
        if exchange.was_stale and call.repeat is not Repeat.NEVER:
            # Idle connections end normally: not counted against the budget.
            return True
        is_safe = exchange.nothing_sent or call.repeat is Repeat.ALWAYS
        return is_safe and self._budget.spend()

    def _may_repeat_answered(
        self, call: Call, answer: Answer, exchange: Exchange, total: float
    ) -> bool:
        is_safe = call.repeat is Repeat.ALWAYS and answer.status in _WORTH_RETRYING
        return is_safe and self._has_time(exchange, total) and self._budget.spend()

    def _has_time(self, exchange: Exchange, total: float) -> bool:
        return exchange.remaining >= min(RETRY_NEEDS, total / 2)

    def _try(self, call: Call, request: PreparedRequest, exchange: Exchange) -> Answer:
        token = CURRENT_EXCHANGE.set(exchange)
        try:
            answer = self._send_and_read(call, request, exchange)
        except _TRANSPORT_ERRORS as error:
            # The cause has the whole URL and the whole request.
            raise _failure(call, exchange, error) from None
        finally:
            CURRENT_EXCHANGE.reset(token)
        logger.debug("%s answered %d", call, answer.status)
        return answer

    def _send_and_read(
        self, call: Call, request: PreparedRequest, exchange: Exchange
    ) -> Answer:
        seconds = max(0.001, exchange.remaining)
        timeout = (min(self._connect_timeout, seconds), exchange.next_wait())
        response = self._adapter.send(
            request, stream=True, timeout=timeout, verify=self._verify
        )
        with closing(response):
            return read_answer(
                response,
                limit=call.limit,
                text=call.text,
                media_types=call.media_types,
                into=call.into,
                cookies=call.cookies,
            )


def _for_sign_in(slots: int, kind: str, watch: Watch) -> Bulkhead:
    return Bulkhead(
        slots,
        places=max(1, slots // 2),
        patience=PASSWORD_PATIENCE_SECONDS,
        kind=kind,
        watch=watch,
    )


def _check_time(call: Call) -> None:
    needed = SLOW_NEEDS if call.slow else QUICK_NEEDS
    check_time(needed, reserve=_reserve(call))


def _reserve(call: Call) -> float:
    return RESERVE_SECONDS if call.tidies else 0.0


def _form(upload: Upload | None) -> dict[str, Any]:
    """Return the arguments for a request with a file."""
    if upload is None:
        return {}
    # Directus reads only the fields before the file; requests sends them first.
    file = (upload.name, upload.content, upload.media_type)
    return {"data": dict(upload.facts), "files": {"file": file}}


def _check_usable(call: Call, answer: Answer) -> None:
    """Raise DirectusUnavailable for an answer that shows an outage."""
    if answer.status >= 500:
        error = error_for(answer)
        if not isinstance(error, _ABOUT_ONE_CALL):
            raise error
    if answer.status < 400 and answer.status not in call.expected:
        raise DirectusUnavailable(f"{call} answered {answer.status}")
    if answer.status == 200 and call.is_json:
        _ = answer.data


def _failure(call: Call, exchange: Exchange, error: Exception) -> DirectusUnavailable:
    """Return the error for a failure, and note whether a retry may help."""
    root = _root(error)
    was_sent = exchange.stage is Stage.SENT
    reason = type(root).__name__
    if not was_sent and isinstance(root, ssl.SSLError | requests.exceptions.SSLError):
        reason = getattr(root, "verify_message", "") or reason
        logger.warning("upstream.tls %s", reason, extra={"event": "upstream.tls"})
        return DirectusUnavailable(
            f"{call}: TLS failed: {reason}", never_sent=exchange.nothing_sent
        )
    timed_out = isinstance(root, TimeoutError | requests.Timeout | ReadTimeoutError)
    exchange.broke = not (timed_out and was_sent) and not isinstance(root, TooLong)
    return DirectusUnavailable(
        f"{call}: {reason}",
        timed_out=timed_out and was_sent,
        never_sent=exchange.nothing_sent,
    )


def _root(error: BaseException) -> BaseException:
    """Return the first error of the chain that the libraries wrapped."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return error


def _checked(base_url: str) -> str:
    """Return the URL without a slash at its end.

    Raises:
        ValueError: it is not http or https, or has a password, query or fragment.
    """
    parts = urlsplit(base_url)
    is_plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not is_plain:
        raise ValueError("the address of Directus must be http(s)://host[:port][/path]")
    return base_url.rstrip("/")
