"""What other apps use for pages about customers' own data.

The only module that decides whose token reads and writes items: the customer's where
Directus keeps customers apart by rules, the site's where it accepts no rules (version
12 without a licence). It is decided for a whole server, never by trying: a refusal is
ordinary.
"""

from typing import Any

from django.utils.translation import get_language

from config.request import AuthenticatedRequest

from .core import clients
from .core.audit import record
from .core.memory import Memory
from .directus import (
    AuthenticationFailed,
    DirectusClient,
    DirectusUnavailable,
    Forbidden,
    Rights,
    TryLater,
    time_budget,
)
from .forms.custom_fields import CustomField, Kind, custom_field
from .forms.fields import ReadOnlyText, SiteForm
from .forms.profile import LongSelect
from .forms.unchanged import UnchangedMixin
from .profile import cached, file_lists, item_files
from .profile import translations as directus_texts
from .profile.fields import Description
from .profile.images import NotAPicture
from .throttling.once import SENT_FORMS, Once
from .views.mixins import SiteFormView

__all__ = [
    "CustomField",
    "Description",
    "Kind",
    "LongSelect",
    "NotAPicture",
    "Once",
    "ReadOnlyText",
    "SiteForm",
    "SiteFormView",
    "UnchangedMixin",
    "acts_as_customer",
    "allowed_actions",
    "client_for",
    "client_for_deletion",
    "custom_field",
    "describe",
    "item_files",
    "may_read",
    "once",
    "record",
    "rights_differ",
    "rows_at_once",
    "time_budget",
]

# Read from Directus once a minute for all processes, and made of that once a minute in
# each of them.
_descriptions = Memory(cached.FRESH_SECONDS)
# Actions that a rule may allow for some rows alone.
BY_ROW = frozenset({"update", "delete"})
# In tuples: None is an answer, too.
_rights = Memory(cached.FRESH_SECONDS, most=1000)


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


def client_for_deletion() -> DirectusClient:
    """Return the client that deletes the items of a deleted account: the site's.

    Raises:
        DirectusUnavailable: there is no service token.
    """
    service = clients.service_client()
    if service is None:
        raise DirectusUnavailable("there is no service token")
    return service


def acts_as_customer() -> bool:
    """Return whether customers' own tokens read and write their items.

    Without a service token they do, because there is no other.

    Raises:
        TryLater: Directus does not answer, and no answer is cached.
    """
    if not clients.service_token():
        return True
    return cached.get("takes-rules", _takes_rules)


def _takes_rules() -> bool:
    # Versions before 12 have no licences, and take rules.
    licence = clients.anonymous_client().get_server_info().get("license")
    if licence is None:
        return True
    if not isinstance(licence, dict):
        raise DirectusUnavailable("GET /server/info: a strange licence")
    return licence.get("source") is not None


def allowed_actions(
    request: AuthenticatedRequest, collection: str, pk: Any = None
) -> frozenset[str] | None:
    """Return what Directus lets the customer do with the rows of a collection.

    None if it does not say it: version 10, a call with the site's token, an outage.
    Then the declaration alone decides. For the look of pages: Directus checks each
    call.

    Args:
        pk: the key of a row of theirs, to ask about this one if its rights may differ
            from those on others.
    """
    try:
        rights = _rights_on(request, collection)
        if rights is None:
            return None
        allowed = frozenset(rights)
        if pk is None or not allowed & BY_ROW or not rights_differ(collection):
            return allowed
        return allowed - BY_ROW | request.directus.rights_on_item(collection, pk)
    except TryLater:
        return None


def rights_differ(collection: str) -> bool:
    """Return whether customers may read some of their rows, and not change them.

    The set-up gives one rule for all; operators may narrow those of changes. If the
    site may not read the permissions, it may be so.

    Raises:
        TryLater: Directus does not answer, and no answer is cached.
    """
    rules = cached.get(f"rules:{collection}", lambda: _rules_of(collection))
    if rules is None:
        return True
    of_reading = [rule for action, rule in rules if action == "read"]
    return any(
        rule and rule not in of_reading for action, rule in rules if action in BY_ROW
    )


def _rules_of(collection: str) -> list[tuple[str, Any]] | None:
    service = clients.service_client()
    try:
        return None if service is None else service.rules_of(collection)
    except (Forbidden, AuthenticationFailed):
        return None


def may_read(
    request: AuthenticatedRequest, collection: str, name: str, *, is_known: bool
) -> bool:
    """Return whether Directus says that a field may be read with the token in use.

    Version 10 does not say it to customers.

    Args:
        is_known: whether there is such a field for sure.

    Raises:
        TryLater: Directus does not answer.
    """
    if not acts_as_customer():
        return is_known
    rights = _rights_on(request, collection) or {}
    readable = rights.get("read", frozenset())
    return name in readable or ("*" in readable and is_known)


def _rights_on(request: AuthenticatedRequest, collection: str) -> Rights | None:
    if not acts_as_customer():
        return None
    rights = _rights_of(request)
    return None if rights is None else rights.get(collection, {})


def _rights_of(request: AuthenticatedRequest) -> dict[str, Rights] | None:
    # By user, not by role: a user may have a policy that others of the role have not.
    key = request.user.mirrored_id
    kept = _rights.get(key)
    if kept is None:
        kept = (request.directus.own_rights(),)
        _rights.set(key, kept)
    return kept[0]


def once(request: AuthenticatedRequest, key: str) -> Once:
    """Return the record that a form of this user with a key was sent, for an hour."""
    return Once(SENT_FORMS, f"{request.user.pk}:{key}")


def rows_at_once(request: AuthenticatedRequest) -> int:
    """Return the most rows of one call; operators may set a limit in Directus.

    Raises:
        TryLater: Directus does not answer.
    """
    return clients.page_size(client_for(request))


def describe(request: AuthenticatedRequest, collection: str) -> list[Description]:
    """Return the fields of a collection that the site may read.

    Read with the service token, which all users share; without one as the user.

    Raises:
        Forbidden: none may be read.
        TryLater: Directus does not answer, and no description is cached.
    """
    key = collection, get_language()
    known = _descriptions.get(key)
    if known is None:
        known = _read_descriptions(request, collection)
        _descriptions.set(key, known)
    return list(known)


def _read_descriptions(
    request: AuthenticatedRequest, collection: str
) -> list[Description]:
    def ask() -> list[dict]:
        client = clients.service_client() or request.directus
        return client.describe_fields(collection)

    payloads = cached.get(f"fields:{collection}", ask)
    if not payloads:
        raise Forbidden(403, "FORBIDDEN", kind="read")
    texts = directus_texts.look_up(payloads)
    found = [Description.from_payload(payload, texts) for payload in payloads]
    return file_lists.with_keys(collection, found)
