"""The fixed ids of everything that the set-up makes.

Directus takes an id on creation, and its own public policy has a fixed one too.
"""

import uuid

_OURS = uuid.UUID("9c7f3d5e-6f0b-5b63-9d43-1f7a1e5d2c80")


def _fixed_id(name: str) -> str:
    return str(uuid.uuid5(_OURS, name))


DEFAULT_CUSTOMER_ROLE = "Customer"

CUSTOMER_POLICY = _fixed_id("policy: customer")
SERVICE_ROLE = _fixed_id("role: service")
SERVICE_POLICY = _fixed_id("policy: service")
PROBE_POLICY = _fixed_id("policy: address probe")
PICTURE_FOLDER = _fixed_id("folder: profile pictures")
WEBHOOK_FLOW = _fixed_id("flow: webhook")
WEBHOOK_SIGN = _fixed_id("operation: sign")
WEBHOOK_SEND = _fixed_id("operation: send")

OUR_POLICIES = (CUSTOMER_POLICY, SERVICE_POLICY, PROBE_POLICY)


def customer_role_id(name: str) -> str:
    """Return the id that a customers' role gets when we make it.

    It looks like a random one: Directus invites nobody to a role with any other.
    """
    fixed = uuid.UUID(_fixed_id(f"role: customer: {name}"))
    return str(uuid.UUID(bytes=fixed.bytes, version=4))


def is_id(value: str) -> bool:
    """Return whether the value is an id rather than a name."""
    try:
        return str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False
