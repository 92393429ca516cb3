"""What the link of a sign-up proves: who opens it owns the address.

The site acts on a link only after this check: until then it may name any address.
"""

from dataclasses import dataclass
from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from config.request import Request

from ..core import audit, clients
from ..directus import InvalidToken
from ..models import MailedLink
from ..passwords.validation import unguessable_password
from ..throttling.limits import ADDRESS_LINKS, EMAIL_CONFIRMATIONS, Attempt, Throttled
from ..web import client_address
from ..web.links import token_email
from . import mailed_links
from .mailed_links import Purpose


@dataclass(frozen=True)
class Proof:
    """An address whose owner has opened a link; of the site's links, the row, too."""

    email: str
    link: MailedLink | None = None

    def is_about(self, directus_id: UUID) -> bool:
        """Return whether the link may be for an account; Directus' name none."""
        return self.link is None or self.link.directus_id == directus_id


@sensitive_variables("token")
def check(request: Request, token: str) -> Proof:
    """Check that the site or Directus made a token, within the limits of addresses.

    Raises:
        InvalidToken, TokenExpired: the link is forged, used or expired.
        TryLater: the link stays valid.
    """
    where = client_address.bucket(request.client_address)
    _take(request, Attempt(ADDRESS_LINKS, where), token_email(token))
    proof = _proof_of(request, token)
    # Strangers cannot use up this count: they have no valid link.
    subject = audit.email_digest(proof.email)
    _take(request, Attempt(EMAIL_CONFIRMATIONS, subject), proof.email)
    return proof


@sensitive_variables("token")
def _proof_of(request: Request, token: str) -> Proof:
    if mailed_links.is_own(token):
        link = mailed_links.find(Purpose.SIGN_UP, token)
        if link is None:
            raise InvalidToken(403, "INVALID_TOKEN")
        return Proof(link.email, link)
    anonymous = clients.anonymous_client(request)
    anonymous.require_genuine(token, unguessable_password())
    return Proof(token_email(token))


def _take(request: Request, attempt: Attempt, email: str) -> None:
    try:
        attempt.take()
    except Throttled:
        audit.record("sign_up.link_refused", request, email=email, reason="Throttled")
        raise
