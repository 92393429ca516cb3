"""The page to go on to, after a sign-in or after the password was given again."""

from urllib.parse import urlencode

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme

# Bytes of an address. The server reads lines of 4094, and proxies by default answers
# whose headers are together no longer than 4096.
LONGEST = 2000


def local_page(text: str) -> str:
    """Return a text of the visitor's if it is a page of this site, else nothing.

    Only a path is: a name of a view, or of a model, is none.
    """
    is_path = text.startswith("/") and not text.startswith("//")
    if not is_path or len(iri_to_uri(text)) > LONGEST:
        return ""
    return text if url_has_allowed_host_and_scheme(text, allowed_hosts=None) else ""


def by_way_of(page: str, then: str) -> HttpResponseRedirect:
    """Send a visitor to a page that leads on to another one.

    Args:
        page: name of the view of the page in between.
        then: where it leads; left out when the address would be too long.
    """
    address = resolve_url(page)
    query = urlencode({REDIRECT_FIELD_NAME: then}, safe="/")
    if local_page(then) and len(address) + len(query) < LONGEST:
        address += f"?{query}"
    return HttpResponseRedirect(address)
