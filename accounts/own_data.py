"""What other apps use for pages about customers' own data.

The only module that decides whose token reads and writes items: the customer's where
Directus keeps customers apart by rules, the site's where it accepts no rules (version
12 without a licence). It is decided for a whole server, never by trying: a refusal is
ordinary.
"""

from config.request import AuthenticatedRequest

from .core import clients
from .directus import DirectusClient, DirectusUnavailable, Forbidden
from .forms.custom_fields import CustomField, custom_field
from .forms.fields import ReadOnlyText, SiteForm
from .forms.unchanged import UnchangedMixin
from .profile import cached, item_files
from .profile import translations as directus_texts
from .profile.fields import Description
from .profile.images import NotAPicture
from .views.mixins import SiteFormView

__all__ = [
    "CustomField",
    "Description",
    "NotAPicture",
    "ReadOnlyText",
    "SiteForm",
    "SiteFormView",
    "UnchangedMixin",
    "acts_as_customer",
    "client_for",
    "custom_field",
    "describe",
    "item_files",
]


def client_for(request: AuthenticatedRequest) -> DirectusClient:
    """Return the client for a customer's items.

    With either token, callers name the owner in every call.

    Raises:
        TryLater: Directus does not answer.
    """
    if acts_as_customer():
        return request.directus
    service = clients.service_client(clients.visitor_of(request))
    if service is None:
        raise DirectusUnavailable("items cannot be read without service token")
    return service


def acts_as_customer() -> bool:
    """Return whether customers' own tokens read and write their items.

    Raises:
        TryLater: Directus does not answer.
    """
    if not clients.service_token():
        return True
    return cached.get("takes-rules", _takes_rules)


def _takes_rules() -> bool:
    # Versions before 12 have no licences, and take rules.
    licence = clients.anonymous_client().get_server_info().get("license")
    return not isinstance(licence, dict) or licence.get("source") is not None


def describe(request: AuthenticatedRequest, collection: str) -> list[Description]:
    """Return the fields of a collection that the site may read.

    Read with the service token, which all users share; without one as the user.

    Raises:
        Forbidden: none may be read.
        TryLater: Directus does not answer, and no description is cached.
    """

    def ask() -> list[dict]:
        client = clients.service_client() or request.directus
        return client.describe_fields(collection)

    payloads = cached.get(f"fields:{collection}", ask)
    if not payloads:
        raise Forbidden(403, "FORBIDDEN", kind="read")
    texts = directus_texts.look_up(payloads)
    return [Description.from_payload(payload, texts) for payload in payloads]
