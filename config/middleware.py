"""What every answer carries, whoever made it."""

import contextvars
import secrets

from django.utils.cache import patch_cache_control, patch_vary_headers

current_request_id: contextvars.ContextVar[str] = contextvars.ContextVar(
    "request_id", default=""
)

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class RequestIDMiddleware:
    """Give each request an id that its log lines and its error page show."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.request_id = secrets.token_hex(8)
        token = current_request_id.set(request.request_id)
        try:
            response = self.get_response(request)
        finally:
            current_request_id.reset(token)
        response.headers.setdefault("X-Request-ID", request.request_id)
        return response


class ResponseHeadersMiddleware:
    """Add the headers that no Django setting adds.

    A page is never stored by a cache: each may hold a session's data or a form's
    token. Static files set their own Cache-Control.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        if "public" not in response.headers.get("Cache-Control", ""):
            patch_cache_control(response, no_store=True, private=True)
            patch_vary_headers(response, ("Cookie",))
        return response
