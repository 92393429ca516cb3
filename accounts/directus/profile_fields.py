"""Fields that operators added to users in Directus, and their values."""

import json
import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from .answers import as_list, as_object
from .plain import PlainClient

# A proxy may refuse a longer URL.
LONGEST_RULE = 2000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class ProfileFieldsClient(PlainClient):
    """Reads columns of users by name."""

    def get_user_field(self, name: str) -> dict[str, Any]:
        """Return Directus' description of a column of users.

        Raises:
            Forbidden: it does not exist, or may not be read.
            ValueError: the name is not valid.
        """
        return as_object(self._read(f"/fields/directus_users/{_checked(name)}"))

    def list_translations(self, keys: Iterable[str]) -> list[Any]:
        """Return the texts with these keys in all languages: key, language, value.

        For many keys: all texts. Raises Forbidden if they may not be read.
        """
        params = {"fields": "key,language,value", "limit": "-1"}
        rule = json.dumps({"key": {"_in": list(keys)}})
        if len(rule) <= LONGEST_RULE:
            params["filter"] = rule
        return as_list(
            self._read("/translations", params, large=True), "GET /translations"
        )

    def get_user_values(
        self, user_id: UUID, names: Iterable[str]
    ) -> dict[str, Any] | None:
        """Return columns of a user; None if one of them may not be read.

        Raises:
            Forbidden: users may not be read at all.
            ValueError: a name is not valid.
        """
        wanted = [_checked(name) for name in names]
        params = {"fields": ",".join(["id", *wanted])}
        values = as_object(self._read(f"/users/{user_id}", params))
        # Later versions refuse the call; version 10 omits the column.
        return values if values.keys() >= set(wanted) else None


def _checked(name: str) -> str:
    """Return the name of a column. Raises ValueError if it is not valid."""
    if not _NAME.fullmatch(name):
        raise ValueError("not the name of a field")
    return name
