"""Sessions at Directus that this site does not hold: other sites, Directus' own app.

No route ends them. From version 11 on Directus ends all sessions of a user whose
e-mail address is written, be it the same one; version 10 ends them only when the user
is deleted, and refuses to renew them for who is not active.
"""

import json
from functools import cached_property
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from .directus import DirectusClient, Forbidden

WRITING_ENDS_SESSIONS = 11


class DirectusSessions:
    """Ends what Directus' version and the service token allow."""

    def __init__(self, service: DirectusClient) -> None:
        self._service = service

    def end(self, directus_id: UUID) -> str:
        """End all sessions of a user.

        Returns:
            Why some may live on; an empty string when none does.

        Raises:
            DirectusError: Directus did not say.
        """
        if not self._version:
            return _("Sessions elsewhere live on: Directus does not tell its version.")
        user = self._read(directus_id)
        if user is None:
            # Deleted, and the sessions with it.
            return ""
        if self._version < WRITING_ENDS_SESSIONS:
            return self._reason_on_10(user)
        return self._write_address(directus_id, user)

    @cached_property
    def _version(self) -> int:
        """The first number of the version; 0 when it is not told."""
        version = str(self._service.get_server_info().get("version", ""))
        major = version.partition(".")[0]
        return int(major) if major.isdecimal() else 0

    def _read(self, directus_id: UUID) -> dict[str, Any] | None:
        # A list: asked for one, Directus gives the same answer for "gone" and
        # "hidden from this token".
        params = {
            "fields": "id,email,status",
            "filter": json.dumps({"id": {"_eq": str(directus_id)}}),
        }
        return next(iter(self._service.get("/users", params=params)), None)

    def _write_address(self, directus_id: UUID, user: dict[str, Any]) -> str:
        """Write the address that Directus has, read just now: ours may be older."""
        if not user.get("email"):
            return _("Sessions elsewhere live on: the user has no e-mail address.")
        try:
            self._service.update_user(directus_id, {"email": user["email"]})
        except Forbidden:
            return _(
                "Sessions elsewhere live on: the service token may not change this "
                "user. An administrator can, by suspending the user in Directus."
            )
        return ""

    @staticmethod
    def _reason_on_10(user: dict[str, Any]) -> str:
        if user.get("status") != "active":
            return ""
        return _(
            "Sessions elsewhere live on: Directus 10 ends them only for who is "
            "suspended or deleted there."
        )
