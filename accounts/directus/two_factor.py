"""The second factor of whoever a client acts as."""

from typing import Any

from .calls import DONE, Call, Repeat
from .plain import PlainClient


class TwoFactorClient(PlainClient):
    """What Directus has for the own second factor; DirectusClient inherits it."""

    def enable_second_factor(self, *, secret: str, code: str) -> None:
        """Switch it on, with a secret that the caller made, in base32.

        Raises:
            InvalidPayload: the code does not fit the secret, or it is on already.
            Forbidden: the user may not write `tfa_secret`.
        """
        self._ask_signed(_post("enable", {"secret": secret, "otp": code}))

    def disable_second_factor(self, code: str) -> None:
        """Switch it off.

        Raises:
            InvalidPayload: the code is wrong, or it is off already.
            Forbidden: the user may not write `tfa_secret`.
        """
        self._ask_signed(_post("disable", {"otp": code}))

    def must_use_second_factor(self) -> bool:
        """Tell whether a policy demands one.

        Raises:
            NotFound: this is version 10, where the role says so.
        """
        return _flag(self._read("/policies/me/globals"))

    def role_demands_second_factor(self, role_id: object) -> bool:
        """Tell whether a role of version 10 demands one.

        Raises:
            Forbidden: this client may not read that.
        """
        return _flag(self._read(f"/roles/{role_id}", {"fields": "enforce_tfa"}))

    def may_change_second_factor(self) -> bool:
        """Tell whether the user may switch it on and off.

        Version 10 does not say, and is taken at its word when it is asked to.
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
    # SQLite has numbers for them.
    return isinstance(data, dict) and bool(data.get("enforce_tfa"))
