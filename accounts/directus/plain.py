"""Send calls by path, signed or anonymous."""

from collections.abc import Mapping
from typing import Any

from requests import PreparedRequest
from requests.auth import AuthBase

from .answers import Answer
from .calls import DONE, Call, Repeat
from .exceptions import AuthenticationFailed, SessionExpired
from .tokens import RefreshingAuth
from .transport import Transport
from .users import DEFAULT_USER_AGENT, Visitor

_BEARER = "Bearer "


class PlainClient:
    """Base class of DirectusClient's parts.

    Args:
        transport: shared by all clients of the process.
        auth: signs the calls; without it they are anonymous.
        visitor: the browser on whose behalf the calls are made.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        auth: AuthBase | None = None,
        visitor: Visitor | None = None,
    ) -> None:
        self._transport = transport
        self._auth = auth
        self._headers = (
            {"User-Agent": DEFAULT_USER_AGENT} if visitor is None else visitor.headers()
        )

    def get(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Return the data at a path; a long answer is allowed.

        Args:
            timeout: seconds.
        """
        return self._read(path, params, large=True, timeout=timeout)

    def post(
        self, path: str, body: Any = None, *, params: Mapping[str, str] | None = None
    ) -> Any:
        """Create a record; return its data, or None if it may not be read."""
        return self._ask_signed(Call("POST", path, params, body, expected=DONE))

    def patch(
        self, path: str, body: Any = None, *, params: Mapping[str, str] | None = None
    ) -> Any:
        """Change a record; return its data, or None if it may not be read."""
        return self._ask_signed(Call("PATCH", path, params, body, expected=DONE))

    def delete(self, path: str, body: Any = None) -> None:
        """Delete the record at a path, or the records that `body` lists."""
        self._ask_signed(Call("DELETE", path, body=body, expected=DONE))

    def _read(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        large: bool = False,
        timeout: float | None = None,
    ) -> Any:
        call = Call(
            "GET",
            path,
            params=params,
            repeat=Repeat.ALWAYS,
            large=large,
            timeout=timeout,
        )
        return self._ask_signed(call)

    def _ask(self, call: Call) -> Any:
        """Send a call without `auth`."""
        return _data_of(self._send(call))

    def _ask_signed(self, call: Call) -> Any:
        """Send a call with `auth`."""
        return _data_of(self._answer_signed(call))

    def _answer_signed(self, call: Call) -> Answer:
        if isinstance(self._auth, RefreshingAuth):
            return self._send_renewing(call, self._auth)
        return self._send(call, self._auth)

    def _send(self, call: Call, auth: AuthBase | None = None) -> Answer:
        request = self._transport.prepare(call, self._headers)
        return self._transport.send(call, auth(request) if auth else request)

    def _send_renewing(self, call: Call, auth: RefreshingAuth) -> Answer:
        request = auth(self._transport.prepare(call, self._headers))
        try:
            return self._transport.send(call, request)
        except AuthenticationFailed:
            # Fresh by the clock of this host; Directus' clock may be ahead.
            auth.renew_rejected(_token_of(request))
        try:
            return self._send(call, auth)
        except AuthenticationFailed as error:
            raise SessionExpired(f"{call} answered {error}") from None


def _data_of(answer: Answer) -> Any:
    return answer.data if answer.status == 200 else None


def _token_of(request: PreparedRequest) -> str:
    return request.headers["Authorization"].removeprefix(_BEARER)
