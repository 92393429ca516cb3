"""Send errors to Sentry, without what people typed and without secrets.

Imported only where SENTRY_DSN is set. A report says which exception in which view, with
the lines of code and the ids of the request; the log has the rest under the same ids.
"""

import re
import weakref
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import sentry_sdk
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.types import Event, Hint
from sentry_sdk.utils import BadDsn

from . import __version__
from .logs import MASK, mask
from .middleware import current_request_id, current_trace

# All other parts of a report are left out, also those of later versions of the library.
PARTS = {
    *("event_id", "timestamp", "level", "platform", "logger", "release"),
    *("environment", "transaction", "exception", "logentry", "sdk", "type"),
}
OF_EXCEPTION = {"type", "module", "value", "mechanism", "stacktrace"}
OF_FRAME = {
    *("filename", "abs_path", "function", "module", "lineno", "in_app"),
    *("context_line", "pre_context", "post_context"),
}
ADDRESS = re.compile(r"[^\s@<>\"'(),;:]{1,64}@[^\s@<>\"'(),;:]{1,255}")
# No word is so long, but tokens of Directus and session keys are.
LONG = re.compile(r"[A-Za-z0-9_-]{32,}")
# A shorter text is a part of too many words.
SHORTEST = 4


def start(dsn: str) -> None:
    """Send the errors of this process from now on.

    Raises:
        ImproperlyConfigured: the DSN is not valid.
    """
    try:
        sentry_sdk.init(
            dsn=dsn,
            release=__version__,
            send_default_pii=False,
            include_local_variables=False,
            max_request_body_size="never",
            auto_session_tracking=False,
            send_client_reports=False,
            default_integrations=False,
            auto_enabling_integrations=False,
            integrations=_integrations(),
            before_breadcrumb=lambda crumb, hint: None,
            before_send=_reduced,
        )
    except BadDsn:
        text = "SENTRY_DSN must be as Sentry shows it: https://key@host/number."
        raise ImproperlyConfigured(text) from None


def _integrations() -> list[Any]:
    return [
        DjangoIntegration(
            transaction_style="function_name",
            middleware_spans=False,
            signals_spans=False,
        ),
        LoggingIntegration(level=None, sentry_logs_level=None),
        ExcepthookIntegration(),
        DedupeIntegration(),
        AtexitIntegration(callback=lambda pending, timeout: None),
    ]


class ErrorReportMiddleware:
    """Let reports of a request's errors be searched for what its visitor sent."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        sent = weakref.ref(request)
        scope = sentry_sdk.get_isolation_scope()
        scope.add_event_processor(lambda event, hint: _without_sent(event, sent()))
        return self.get_response(request)


def _without_sent(event: Event, request: HttpRequest | None) -> Event:
    """Hide in the texts of a report what the visitor sent, also without a name."""
    if request is not None:
        _change_texts(event, _hiding(_sent(request)))
    return event


def _sent(request: HttpRequest) -> Iterator[str]:
    for values in (request.GET, _form(request)):
        for name in values:
            yield from values.getlist(name)
    yield from request.COOKIES.values()
    for header in ("Authorization", "Cookie", "User-Agent", "Referer"):
        text = request.headers.get(header, "")
        # The second: without "Bearer".
        yield from (text, text.partition(" ")[2])


def _form(request: HttpRequest) -> Any:
    # Only what was read: a report must not wait for the rest of a body.
    return getattr(request, "_post", {})


def _reduced(event: Event, hint: Hint) -> Event:
    """Return a report with few parts, whose texts are masked as in the log."""
    reduced: Any = {name: part for name, part in event.items() if name in PARTS}
    reduced["tags"] = {"request_id": current_request_id.get()}
    if trace := current_trace.get():
        reduced["tags"]["trace_id"] = trace.id
    for exception in _exceptions(reduced):
        _keep_only(exception, OF_EXCEPTION)
        for frame in (exception.get("stacktrace") or {}).get("frames", []):
            _keep_only(frame, OF_FRAME)
    hide = _hiding(_own_secrets())
    _change_texts(reduced, lambda text: _masked(hide(text)))
    return reduced


def _masked(text: str) -> str:
    return LONG.sub(MASK, ADDRESS.sub(MASK, mask(text)))


def _own_secrets() -> Iterator[str]:
    from accounts.core import clients

    yield clients.service_token()
    yield clients.webhook_secret()
    yield settings.SECRET_KEY
    yield from settings.SECRET_KEY_FALLBACKS
    yield from settings.TOKEN_ENCRYPTION_KEYS
    yield settings.DATABASES["default"].get("PASSWORD") or ""
    # The settings that Django makes of it differ between its versions.
    yield unquote(urlsplit(settings.EMAIL_URL).password or "")
    servers = settings.CACHES["default"].get("LOCATION") or ""
    for server in [servers] if isinstance(servers, str) else servers:
        yield unquote(urlsplit(server).password or "")


def _hiding(secrets: Iterable[str]) -> Any:
    """Return a function that replaces these texts in a text."""
    # Longest first: one may be a part of another.
    words = sorted({each for each in secrets if len(each) >= SHORTEST}, key=len)[::-1]
    if not words:
        return lambda text: text
    pattern = re.compile("|".join(map(re.escape, words)))
    return lambda text: pattern.sub(MASK, text)


def _change_texts(event: Any, change: Any) -> None:
    """Change the texts of a report that are not code: messages of errors and lines."""
    for exception in _exceptions(event):
        exception["value"] = change(str(exception.get("value") or ""))
    if entry := event.get("logentry"):
        text = entry.get("formatted") or entry.get("message") or ""
        event["logentry"] = {"message": change(str(text))}


def _exceptions(event: Any) -> list[dict[str, Any]]:
    return (event.get("exception") or {}).get("values") or []


def _keep_only(part: dict[str, Any], names: set[str]) -> None:
    for name in part.keys() - names:
        del part[name]
