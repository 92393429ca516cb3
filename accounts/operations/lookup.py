"""Whom an operator means: an e-mail address, a Directus id or a local id."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from ..core import clients
from ..directus import DirectusError, Forbidden
from ..models import User

# What fits into the column of any database.
LONGEST_ID = 18


@dataclass(frozen=True)
class UserRef:
    """A user who is known here (`pk`), at Directus (`directus_id`), or both."""

    pk: int | None
    directus_id: UUID | None

    def as_dict(self) -> dict[str, int | str | None]:
        """Return it as JSON has it."""
        known = str(self.directus_id) if self.directus_id else None
        return {"user": self.pk, "directus_id": known}

    def __str__(self):
        parts = [self.pk and _("user %(id)d") % {"id": self.pk}, self.directus_id]
        return ", ".join(str(part) for part in parts if part)


class Incomplete(Exception):
    """Directus did not say whom else a text names; `known` are those known here."""

    def __init__(self, known: list[UserRef], error: DirectusError):
        super().__init__(str(error))
        self.known = known


def find_users(text: str) -> list[UserRef]:
    """Return the users whom a text names, here or at Directus.

    More than one with an address: it may have passed from one user to another.

    Raises:
        Incomplete: there may be others.
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
    # Who was found by address at Directus may be here with an older one.
    rows = get_user_model().objects.filter(directus_id__in=there)
    keys = dict(rows.values_list("directus_id", "pk"))
    return here + [UserRef(keys.get(id_), id_) for id_ in there]


def local_users(text: str) -> QuerySet[User]:
    """Return the rows here that a text names."""
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
    """Return whom Directus knows; nobody without a service token."""
    service = clients.service_client()
    if service is None:
        return []
    if "@" in text:
        return [profile.id for profile in service.find_users_by_email(text)]
    directus_id = _as_uuid(text)
    try:
        return [service.get_user(directus_id).id] if directus_id else []
    except Forbidden:
        # Gone, or hidden: the same answer.
        return []


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
