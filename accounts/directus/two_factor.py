"""The second factor of the signed-in user."""

from typing import Any

from .answers import as_object
from .calls import DONE, Call, Repeat
from .exceptions import DirectusUnavailable
from .plain import PlainClient


class TwoFactorClient(PlainClient):
    """The part of DirectusClient that switches the second factor."""

    def enable_second_factor(self, *, secret: str, code: str) -> None:
        """Switch the second factor on.

        Args:
            secret: made by the caller, in base32.
            code: a one-time code of the secret.

        Raises:
            InvalidPayload: the code does not match the secret, or it is on already.
            Forbidden: the user may not write `tfa_secret`.
        """
        self._ask_signed(_post("enable", {"secret": secret, "otp": code}))

    def disable_second_factor(self, code: str) -> None:
        """Switch the second factor off.

        Raises:
            InvalidPayload: the code is wrong, or it is off already.
            Forbidden: the user may not write `tfa_secret`.
        """
        self._ask_signed(_post("disable", {"otp": code}))

    def must_use_second_factor(self) -> bool:
        """Return whether a policy of the user demands a second factor.

        Raises:
            NotFound: version 10, where the role decides.
        """
        return _flag(self._read("/policies/me/globals"))

    def role_demands_second_factor(self, role_id: object) -> bool:
        """Return whether a role of version 10 demands a second factor.

        Raises:
            Forbidden: this client may not read the role.
        """
        return _flag(self._read(f"/roles/{role_id}", {"fields": "enforce_tfa"}))

    def may_change_second_factor(self) -> bool:
        """Return whether the user may switch the second factor on and off.

        True for version 10, which does not say: there the switch itself may be refused.
        """
        call = Call("GET", "/permissions/me", expected=DONE, repeat=Repeat.ALWAYS)
        rights = self._ask_signed(call)
        if not isinstance(rights, dict):
            return True
        update = (rights.get("directus_users") or {}).get("update") or {}
        fields = update.get("fields") or []
        return "*" in fields or "tfa_secret" in fields


def _post(what: str, body: dict[str, str]) -> Call:
    return Call("POST", f"/users/me/tfa/{what}", body=body, expected=DONE)


def _flag(data: Any) -> bool:
    """Return the flag. Raises DirectusUnavailable if the answer has none."""
    flag = as_object(data).get("enforce_tfa")
    # SQLite has numbers instead of booleans.
    if flag not in (True, False):
        raise DirectusUnavailable("the answer has no enforce_tfa")
    return bool(flag)
