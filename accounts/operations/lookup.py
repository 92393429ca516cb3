"""Find users by e-mail address, Directus id or local id."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from ..core import clients
from ..directus import DirectusError, Forbidden
from ..models import User

# Digits that fit into the column of any database.
LONGEST_ID = 18


@dataclass(frozen=True)
class UserRef:
    """A user in the database (`pk`), in Directus (`directus_id`), or in both."""

    pk: int | None
    directus_id: UUID | None

    def as_dict(self) -> dict[str, int | str | None]:
        """Return the ids for JSON."""
        known = str(self.directus_id) if self.directus_id else None
        return {"user": self.pk, "directus_id": known}

    def __str__(self):
        parts = [self.pk and _("user %(id)d") % {"id": self.pk}, self.directus_id]
        return ", ".join(str(part) for part in parts if part)


class Incomplete(Exception):
    """Directus did not answer; `known` are the users in the database."""

    def __init__(self, known: list[UserRef], error: DirectusError):
        super().__init__(str(error))
        self.known = known


def find_users(text: str) -> list[UserRef]:
    """Return the users that a text names, in the database or in Directus.

    An address may name several: it can pass from one user to another.

    Raises:
        Incomplete: there may be further users.
    """
    users = local_users(text)
    here = [UserRef(*row) for row in users.values_list("pk", "directus_id")]
    if here and "@" not in text:
        return here
    known = {user.directus_id for user in here}
    try:
        there = [id_ for id_ in _ids_at_directus(text) if id_ not in known]
    except DirectusError as error:
        raise Incomplete(here, error) from error
    # A user with this address in Directus may have an older one in the database.
    rows = get_user_model().objects.filter(directus_id__in=there)
    keys = dict(rows.values_list("directus_id", "pk"))
    return here + [UserRef(keys.get(id_), id_) for id_ in there]


def local_users(text: str) -> QuerySet[User]:
    """Return the rows that a text names."""
    users = get_user_model().objects.order_by("pk")
    if text.isdecimal():
        return users.filter(pk=text) if len(text) <= LONGEST_ID else users.none()
    directus_id = _as_uuid(text)
    if directus_id is not None:
        return users.filter(directus_id=directus_id)
    if "@" in text:
        return get_user_model().objects.with_email(text).order_by("pk")
    return users.none()


def _ids_at_directus(text: str) -> list[UUID]:
    """Return the ids of the users in Directus; empty without a service token."""
    service = clients.service_client()
    if service is None:
        return []
    if "@" in text:
        return [profile.id for profile in service.find_users_by_email(text)]
    directus_id = _as_uuid(text)
    try:
        return [service.get_user(directus_id).id] if directus_id else []
    except Forbidden:
        # Deleted, or not readable: the same answer.
        return []


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
