"""Read and write the signed-in user's profile in Directus.

If the user's own token lacks the right, the service token is used.
"""

from collections.abc import Iterable
from typing import Any

from config.request import AuthenticatedRequest

from ..directus import Forbidden
from ..mirror.users import note_written
from .access import NotGranted, as_user_or_site


def read_values(request: AuthenticatedRequest, names: Iterable[str]) -> dict[str, Any]:
    """Return columns of the signed-in user; without those that may not be read.

    Raises:
        TryLater: there is no answer.
    """
    names = list(names)
    values = _read(request, names) if names else {}
    if values is None and len(names) > 1:
        # One unreadable column fails the whole call.
        values = {}
        for name in names:
            values |= _read(request, [name]) or {}
    return values or {}


def _read(request: AuthenticatedRequest, names: list[str]) -> dict[str, Any] | None:
    user_id = request.user.directus_id

    def read(client):
        values = client.get_user_values(user_id, names)
        if values is None:
            raise Forbidden(403, "FORBIDDEN")
        return values

    try:
        return as_user_or_site(request, read)
    except Forbidden:
        return None


def write_changes(request: AuthenticatedRequest, changes: dict[str, Any]) -> None:
    """Write columns of the signed-in user.

    Raises:
        NotGranted: neither the user nor the site has the right.
        InvalidPayload: a value is not accepted.
        TryLater: the result is unknown.
    """
    user = request.user
    try:
        as_user_or_site(
            request, lambda client: client.update_user(user.mirrored_id, changes)
        )
    except Forbidden:
        names = ", ".join(changes)
        raise NotGranted(f"these fields of users may be changed: {names}") from None
    here = {"first_name", "last_name", "language"}
    note_written(user, **{name: changes[name] for name in here & changes.keys()})
