"""Fixed ids of the records that directus_setup creates.

Directus accepts an id on creation. All sites of a Directus share the customers' role
and its policy; the ids of all other records depend on the site's name.
"""

import re
import uuid
from dataclasses import dataclass
from functools import cached_property

_OURS = uuid.UUID("9c7f3d5e-6f0b-5b63-9d43-1f7a1e5d2c80")
_NAME = re.compile(r"\w(?:[\w .-]{0,38}[\w.-])?")


def _fixed_id(name: str) -> str:
    return str(uuid.uuid5(_OURS, name))


DEFAULT_SITE = "Django site"
DEFAULT_CUSTOMER_ROLE = "Customer"

CUSTOMER_POLICY = _fixed_id("policy: customer")


@dataclass(frozen=True)
class SiteIds:
    """The ids of one site's records in Directus.

    Raises:
        ValueError: the name is empty, too long, or has characters other than letters,
            digits, blanks, dots and hyphens.
    """

    name: str = DEFAULT_SITE

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                "a site's name is up to 40 letters, digits, blanks, dots and hyphens"
            )

    @cached_property
    def service_role(self) -> str:
        """The role of the service user."""
        return self._id("role: service")

    @cached_property
    def service_policy(self) -> str:
        """The policy with the rights of the service user."""
        return self._id("policy: service")

    @cached_property
    def probe_policy(self) -> str:
        """The policy with which the doctor checks the addresses that Directus logs."""
        return self._id("policy: address probe")

    @cached_property
    def picture_folder(self) -> str:
        """The folder of profile pictures."""
        return self._id("folder: profile pictures")

    def items_folder(self, collection: str) -> str:
        """The folder of the files of a collection's rows."""
        return self._id(f"folder: items: {collection}")

    @cached_property
    def webhook_flow(self) -> str:
        """The Flow that reports changed users."""
        return self._id("flow: webhook")

    @cached_property
    def webhook_sign(self) -> str:
        """The operation of the Flow that signs."""
        return self._id("operation: sign")

    @cached_property
    def webhook_send(self) -> str:
        """The operation of the Flow that sends."""
        return self._id("operation: send")

    @cached_property
    def policies(self) -> tuple[str, ...]:
        """All policies that directus_setup creates for this site."""
        return CUSTOMER_POLICY, self.service_policy, self.probe_policy

    @property
    def is_default(self) -> bool:
        """Whether this is the first site of its Directus."""
        return self.name == DEFAULT_SITE

    @property
    def service_email(self) -> str:
        """The address of the service user, unless an operator gives another."""
        suffix = "" if self.is_default else f"-{self.service_role[:8]}"
        return f"django-site{suffix}@example.com"

    def _id(self, thing: str) -> str:
        return _fixed_id(thing if self.is_default else f"{thing}: {self.name}")


DEFAULT = SiteIds()
SERVICE_ROLE = DEFAULT.service_role
SERVICE_POLICY = DEFAULT.service_policy
PROBE_POLICY = DEFAULT.probe_policy
PICTURE_FOLDER = DEFAULT.picture_folder
WEBHOOK_FLOW = DEFAULT.webhook_flow
WEBHOOK_SIGN = DEFAULT.webhook_sign
WEBHOOK_SEND = DEFAULT.webhook_send


def customer_role_id(name: str) -> str:
    """Return the id of a customers' role that directus_setup creates.

    It has the form of a random id: Directus accepts no other in an invitation.
    """
    fixed = uuid.UUID(_fixed_id(f"role: customer: {name}"))
    return str(uuid.UUID(bytes=fixed.bytes, version=4))


def is_id(value: str) -> bool:
    """Return whether the value is an id rather than a name."""
    try:
        return str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False
