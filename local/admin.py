"""Actions of an administrator in Directus, for the demo accounts and for tests."""

import base64
import hmac
import struct
import time
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote

from .http import Refused, call_json

User = dict[str, Any]
USER_FIELDS = "id,email,first_name,last_name,status,role,last_access"


class Admin:
    """Directus' REST API, with the administrator's token."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._token = token

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send one request and return `data` of the answer; Refused tells a refusal."""
        answer = call_json(method, self.url + path, body, token=self._token)
        return answer.get("data") if isinstance(answer, dict) else answer

    # Users

    def create_user(
        self,
        email: str,
        password: str | None,
        *,
        role: str | None = None,
        **fields: Any,
    ) -> User:
        """Create a user, active unless the fields say otherwise."""
        body = {"email": email, "password": password, "role": role, **fields}
        return cast(User, self.call("POST", f"/users?fields={USER_FIELDS}", body))

    def get_user(self, user_id: str) -> User:
        """Return a user."""
        return cast(User, self.call("GET", f"/users/{user_id}?fields={USER_FIELDS}"))

    def find_user(self, email: str) -> User | None:
        """Return the user with this address; upper and lower case are the same."""
        path = f"/users?fields={USER_FIELDS}&limit=-1"
        found = self.call("GET", f"{path}&filter[email][_icontains]={quote(email)}")
        same = [user for user in found if user["email"].lower() == email.lower()]
        return same[0] if same else None

    def invite_user(self, email: str, role: str, url: str) -> None:
        """Let Directus mail an invitation with a link to a page."""
        body = {"email": email, "role": role, "invite_url": url}
        self.call("POST", "/users/invite", body)

    def patch_user(self, user_id: str, **changes: Any) -> User:
        """Change a user: status, role, password, email, first_name and so on."""
        path = f"/users/{user_id}?fields={USER_FIELDS}"
        return cast(User, self.call("PATCH", path, changes))

    def delete_user(self, user_id: str) -> None:
        """Delete a user."""
        self.call("DELETE", f"/users/{user_id}")

    def role_id(self, name: str) -> str:
        """Return the id of the role with this name."""
        roles = self.call("GET", f"/roles?fields=id&filter[name][_eq]={quote(name)}")
        return cast(str, roles[0]["id"])

    # Settings

    def get_settings(self) -> dict[str, Any]:
        """Return Directus' settings."""
        return cast(dict[str, Any], self.call("GET", "/settings"))

    def patch_settings(self, **changes: Any) -> None:
        """Change Directus' settings."""
        self.call("PATCH", "/settings", changes)

    # Second factor

    def enable_second_factor(self, user_id: str, email: str, password: str) -> str:
        """
        Switch the user's second factor on and return its secret, for totp().

        Directus lets only the user do that, with a right that customers lack: so the
        user becomes an administrator for a moment.
        """
        role = self.get_user(user_id)["role"]
        self.patch_user(user_id, role=self.role_id("Administrator"))
        try:
            own = Admin(self.url, self.sign_in(email, password))
            answer = own.call("POST", "/users/me/tfa/generate", {"password": password})
            secret = cast(str, answer["secret"])
            enable = {"secret": secret, "otp": totp(secret)}
            own.call("POST", "/users/me/tfa/enable", enable)
        finally:
            self.patch_user(user_id, role=role)
        return secret

    def disable_second_factor(self, user_id: str) -> None:
        """Switch the user's second factor off."""
        self.call("POST", f"/users/{user_id}/tfa/disable")

    def sign_in(self, email: str, password: str, otp: str = "") -> str:
        """Return an access token of this user, past Django."""
        body = {"email": email, "password": password, "mode": "json"}
        if otp:
            body["otp"] = otp
        answer = call_json("POST", f"{self.url}/auth/login", body)
        return cast(str, answer["data"]["access_token"])


def demand_second_factor(admin: Admin, role: str) -> Callable[[], Any]:
    """Let a role demand a second factor; return what takes that back."""
    rows = admin.call("GET", "/roles?limit=1")
    if "enforce_tfa" in rows[0]:
        path = f"/roles/{role}"
        admin.call("PATCH", path, {"enforce_tfa": True})
        return lambda: admin.call("PATCH", path, {"enforce_tfa": False})
    values = {"name": "Strict", "enforce_tfa": True}
    policy = admin.call("POST", "/policies", values)["id"]
    admin.call("POST", "/access", {"role": role, "policy": policy})
    return lambda: admin.call("DELETE", f"/policies/{policy}")


def demand_second_factor_of(admin: Admin, user: str) -> Callable[[], Any]:
    """Let a policy of one user demand a second factor; return what takes that back."""
    values = {"name": "Strict", "enforce_tfa": True}
    policy = admin.call("POST", "/policies", values)["id"]
    admin.call("POST", "/access", {"user": user, "policy": policy})
    return lambda: admin.call("DELETE", f"/policies/{policy}")


def totp(secret: str, at: float | None = None) -> str:
    """
    Return the six digits of RFC 6238 at this time.

    By hand, because pyotp refuses secrets as short as those that Directus makes.
    """
    key = base64.b32decode(secret.upper() + "=" * (-len(secret) % 8))
    counter = int((time.time() if at is None else at) // 30)
    digest = hmac.digest(key, struct.pack(">Q", counter), "sha1")
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def ensure_user(
    admin: Admin, email: str, password: str | None, *, role: str | None, **fields: Any
) -> User:
    """Create the user unless the address is taken."""
    try:
        return admin.create_user(email, password, role=role, **fields)
    except Refused as refusal:
        existing = admin.find_user(email)
        if existing is None:
            raise refusal
        return existing
