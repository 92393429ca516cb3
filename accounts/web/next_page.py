"""The next page after a sign-in or a re-authentication."""

from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme

from config.request import Request

# In bytes. The server reads lines of up to 4094 bytes, and proxies by default accept
# up to 4096 bytes of response headers.
LONGEST = 2000


def local_page(text: str) -> str:
    """Return the visitor's text if it is a path of this site, else an empty string.

    The name of a view or a model is not a path.
    """
    is_path = text.startswith("/") and not text.startswith("//")
    if not is_path or len(iri_to_uri(text)) > LONGEST:
        return ""
    return text if url_has_allowed_host_and_scheme(text, allowed_hosts=None) else ""


def by_way_of(page: str, then: str) -> HttpResponseRedirect:
    """Redirect to a page that leads to another one.

    Args:
        page: name of the view of the first page.
        then: path of the second page; omitted if the address would be too long.
    """
    address = resolve_url(page)
    query = urlencode({REDIRECT_FIELD_NAME: then}, safe="/")
    if local_page(then) and len(address) + len(query) < LONGEST:
        address += f"?{query}"
    return HttpResponseRedirect(address)


def page_before(request: Request) -> str:
    """Return the path of the page that a form was sent from, or of the first page.

    Browsers name it to the same site. A form field could lead to other sites, and would
    repeat what a link to this page says.
    """
    try:
        page = urlsplit(request.META.get("HTTP_REFERER", ""))
    except ValueError:
        page = urlsplit("")
    path = page._replace(scheme="", netloc="", fragment="").geturl()
    return local_page(path) or resolve_url(settings.LOGIN_REDIRECT_URL)


def page_again(request: Request) -> str:
    """Return the path to open for another try: an address of forms is no page."""
    is_page = request.method in {"GET", "HEAD"}
    if is_page or ("HTTP_REFERER" not in request.META and _has_page(request)):
        return request.get_full_path()
    return page_before(request)


def _has_page(request: Request) -> bool:
    match = request.resolver_match
    view: Any = getattr(match and match.func, "view_class", None)
    return hasattr(view, "get") and "get" in view.http_method_names
