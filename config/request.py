"""The requests of this site, as its hints name them."""

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from accounts.directus import DirectusClient, TryLater
    from accounts.models import User
    from accounts.sessions import SessionStore


class Request(HttpRequest):
    """A request with everything that the site's middleware adds to Django's.

    Only hints name this class: at run time a request is Django's own.

    Attributes:
        client_address: the address of the browser, behind trusted proxies.
        directus: the client that acts as the signed-in user.
        directus_is_away: whether the user could not be re-validated just now.
        ended_session: `read` or `wrote`, when the session had ended before.
        outage: the error behind an answer 503, for the log.
        request_id: the id that log lines and error pages show.
        session: the session, with Directus' tokens.
        trouble: the outage that a form shows in place of its result.
    """

    client_address: str
    directus: "DirectusClient"
    directus_is_away: bool
    ended_session: str
    outage: BaseException | None
    request_id: str
    session: "SessionStore"
    trouble: "TryLater | None"


class AuthenticatedRequest(Request):
    """A request for a page that only signed-in users reach."""

    user: "User"
