"""Headers, ids and limits for every answer."""

import contextvars
import math
import re
import secrets
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import Resolver404, resolve
from django.utils.cache import patch_cache_control, patch_vary_headers

from accounts.directus.tracing import Trace, current_trace
from accounts.web.client_address import is_listed

from . import errors

current_request_id: contextvars.ContextVar[str] = contextvars.ContextVar(
    "request_id", default=""
)

# Ids of nginx, Caddy, HAProxy, Envoy, Heroku and others; nothing that a log or a page
# could take for something else.
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,128}")
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class RequestIDMiddleware:
    """Give each request an id that its log lines and its error page show, and a trace.

    Those of a trusted proxy stay, so that the proxy's log has the same ones.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.request_id = _id_of_proxy(request) or secrets.token_hex(8)
        # Not reset afterwards: Django logs refusals and errors when all middleware
        # is done.
        current_request_id.set(request.request_id)
        current_trace.set(_trace_of_proxy(request) or Trace.new())
        response = self.get_response(request)
        response.headers.setdefault("X-Request-ID", request.request_id)
        return response


class HeadMiddleware:
    """Answer HEAD with the headers of GET alone: gunicorn warns of a body."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if request.method == "HEAD":
            if response.streaming:
                response.streaming_content = []
            else:
                response.content = b""
        return response


def _id_of_proxy(request):
    """Return the id in X-Request-ID; empty unless a trusted proxy sent a valid one."""
    sent = request.META.get("HTTP_X_REQUEST_ID", "")
    return sent if REQUEST_ID.fullmatch(sent) and _is_by_proxy(request) else ""


def _trace_of_proxy(request):
    """Return the trace in traceparent; None unless a trusted proxy sent a valid one."""
    sent = request.META.get("HTTP_TRACEPARENT", "")
    return Trace.read(sent) if sent and _is_by_proxy(request) else None


def _is_by_proxy(request):
    return is_listed(request.META.get("REMOTE_ADDR", ""), settings.TRUSTED_PROXIES)


class HealthCheckHostMiddleware:
    """Let health checks and Prometheus name any host: they ask by address.

    Their answers are the same for every host, and show none.
    """

    PATHS = frozenset({"/healthz", "/readyz", "/metrics"})

    def __init__(self, get_response):
        self.get_response = get_response
        self._host = urlsplit(settings.PUBLIC_URL).netloc

    def __call__(self, request):
        if request.path_info in self.PATHS:
            request.META["HTTP_HOST"] = self._host
        return self.get_response(request)


class ResponseHeadersMiddleware:
    """Add the headers that no Django setting adds.

    A page is never stored by a cache: each may hold a session's data or a form's
    token. Static files, and the user's picture, set their own Cache-Control.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        cached = response.headers.get("Cache-Control", "")
        if "public" not in cached:
            patch_vary_headers(response, ("Cookie",))
            if not cached.startswith("private, max-age="):
                patch_cache_control(response, no_store=True, private=True)
        return response


class BodySizeMiddleware:
    """Refuse forms that are too large before a byte of them is read.

    Django's own limit leaves out uploaded files. The class of a view that takes files
    says with `max_body_bytes` how large all of them together may be.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        length = _length(request.META.get("CONTENT_LENGTH") or "0")
        form = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if length <= form:
            return self.get_response(request)
        files = _most_file_bytes(request.path_info)
        if length <= files + form:
            return self.get_response(request)
        return errors.too_large(request, files or form)


def _length(header):
    """Return the number of bytes; infinite if the header is no usual number."""
    return int(header) if re.fullmatch("[0-9]{1,18}", header) else math.inf


def _most_file_bytes(path):
    try:
        view = resolve(path).func
    except Resolver404:
        return 0
    return getattr(getattr(view, "view_class", None), "max_body_bytes", 0)


class EmptyAnswerMiddleware:
    """Show a page where Django answers 405 with nothing."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.status_code != 405 or request.method == "HEAD":
            return response
        return errors.not_allowed(request, response.headers.get("Allow", ""))
