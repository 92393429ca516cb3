"""Users of Directus, and the visitors on whose behalf calls are made."""

import ipaddress
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Self
from uuid import UUID

from .exceptions import DirectusUnavailable

# Directus' name for sign-in with email address and password.
PASSWORD_PROVIDER = "default"
DEFAULT_USER_AGENT = "django-directus"
MAX_USER_AGENT = 512
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]")

# Read in turn, because Directus refuses all fields if the user may not read one: all,
# those that rights depend on, and the fewest.
FEW_FIELDS = "id,email,first_name,last_name,status,role"
USUAL_FIELDS = (
    "id,email,first_name,last_name,status,role.id,role.name,"
    "language,last_access,provider"
)
ALL_FIELDS = f"{USUAL_FIELDS},avatar,tfa_secret"


@dataclass(frozen=True)
class DirectusUser:
    """The profile of a user of Directus. Empty values are unset or may not be read.

    Directus does not send `policies` with the profile; accounts.mirror.policies adds
    the configured ones. None: they were not read.
    """

    id: UUID
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    status: str = ""
    role_id: UUID | None = None
    role_name: str = ""
    language: str = ""
    last_access: datetime | None = None
    provider: str = ""
    policies: frozenset[str] | None = None
    picture_id: UUID | None = None
    # None: it may not be read.
    has_two_factor: bool | None = None
    # When the profile was requested, by time.monotonic(): of two profiles, the one that
    # was requested later counts, whichever arrives first.
    asked_at: float = field(default_factory=monotonic, compare=False)

    @property
    def is_complete(self) -> bool:
        """Whether the profile has more than the id."""
        return bool(self.status)

    @property
    def is_active(self) -> bool:
        """Whether the user may sign in at Directus."""
        return self.status == "active"

    @property
    def has_provider(self) -> bool:
        """Whether a single sign-on provider signs the user in, without a password."""
        return self.provider not in {"", PASSWORD_PROVIDER}

    @classmethod
    def from_payload(cls, payload: Any, *, asked_at: float | None = None) -> Self:
        """Read a user from Directus' JSON.

        Args:
            asked_at: time.monotonic() before the request; None for now.

        Raises:
            DirectusUnavailable: a value has the wrong type.
        """
        if not isinstance(payload, dict):
            raise DirectusUnavailable("the user is not an object")
        role_id, role_name = _role(payload.get("role"))
        return cls(
            id=_uuid(payload.get("id")),
            email=_text(payload, "email"),
            first_name=_text(payload, "first_name"),
            last_name=_text(payload, "last_name"),
            status=_text(payload, "status"),
            role_id=role_id,
            role_name=role_name,
            language=_text(payload, "language"),
            last_access=moment_in(payload.get("last_access")),
            provider=_text(payload, "provider"),
            picture_id=_uuid_or_none(payload.get("avatar")),
            has_two_factor=_is_set(payload, "tfa_secret"),
            asked_at=monotonic() if asked_at is None else asked_at,
        )


def _uuid(value: Any) -> UUID:
    try:
        if isinstance(value, str):
            return UUID(value)
    except ValueError:
        pass
    raise DirectusUnavailable("an id is not a UUID")


def _uuid_or_none(value: Any) -> UUID | None:
    """Return an id, or None; in SQLite Directus accepts any text there."""
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _is_set(payload: dict[str, Any], name: str) -> bool | None:
    """Return whether a masked field has a value; None if it may not be read."""
    return payload[name] is not None if name in payload else None


def _text(payload: dict[str, Any], name: str) -> str:
    """Return a text without characters that databases refuse; null is empty."""
    value = payload.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DirectusUnavailable(f"{name} is not a text")
    return value.replace("\x00", "").encode(errors="replace").decode()


def _role(value: Any) -> tuple[UUID | None, str]:
    """Read a role: null, an id, or an object with id and name."""
    if value is None:
        return None, ""
    if isinstance(value, dict):
        return _uuid(value.get("id")), _text(value, "name")
    return _uuid(value), ""


def moment_in(value: Any) -> datetime | None:
    """Read a time; it is UTC without a zone, as from SQLite.

    Raises:
        DirectusUnavailable: the value is not a time.
    """
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise DirectusUnavailable("a time is not one") from None


@dataclass(frozen=True)
class Visitor:
    """The browser on whose behalf a call is made; Directus limits and logs it."""

    address: str
    user_agent: str = ""

    def headers(self) -> dict[str, str]:
        """Return the headers for Directus, without unsafe characters."""
        headers = {"User-Agent": _header_text(self.user_agent) or DEFAULT_USER_AGENT}
        try:
            # Without a zone index, which may have any character.
            address = ipaddress.ip_address(self.address.partition("%")[0])
        except ValueError:
            return headers
        return headers | {"X-Forwarded-For": str(address)}


def _header_text(value: str) -> str:
    """Return one short line that is valid in a header."""
    line = _CONTROL_CHARACTERS.sub("", value)
    return line.encode("latin-1", "replace").decode("latin-1")[:MAX_USER_AGENT].strip()
