"""Links in mails."""

from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from . import answers
from .state import Mail, State
from .tokens import make_jwt

PUBLIC_URL = "http://directus.public:8055"


def check_url(state: State, url: Any, page: str, purpose: str) -> None:
    """Refuse a link to anywhere but the site's own page."""
    if url is None:
        return
    parts = urlsplit(url)
    if f"{parts.scheme}://{parts.netloc}{parts.path}" != f"{state.site_url}/{page}/":
        raise answers.invalid_payload(f'URL "{url}" can\'t be used to {purpose}')


def send_link(
    state: State,
    email: str,
    subject: str,
    url: str | None,
    *,
    seconds: float,
    **claims: str,
) -> None:
    """Mail a link with a token to an address."""
    token = make_jwt(state.now, seconds, email=email, **claims)
    parts = urlsplit(url or PUBLIC_URL)
    query = "&".join(filter(None, [parts.query, urlencode({"token": token})]))
    link = urlunsplit(parts._replace(query=query))
    state.mails.append(Mail(email, subject, link))
