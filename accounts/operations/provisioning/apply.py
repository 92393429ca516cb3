"""Make the planned changes, one call each."""

import secrets
from collections.abc import Callable

from ...directus import DirectusAPIError, DirectusClient, RateLimited
from .changes import CREATE, Change
from .errors import ProvisioningError
from .plan import Plan
from .rendering import describe


def new_token() -> str:
    """Return a random static token."""
    return secrets.token_urlsafe(48)


def apply_plan(
    client: DirectusClient,
    plan: Plan,
    *,
    token: str = "",
    on_change: Callable[[Change], None] = lambda change: None,
) -> None:
    """Make every change. Stop at the first refusal; the next run continues there.

    Args:
        client: acts as an administrator.
        plan: from `make_plan`.
        token: the new token of the service user, where the plan needs one.
        on_change: called after each change.

    Raises:
        ProvisioningError: Directus refuses a change; str() says which.
        DirectusUnavailable: whether a change was made is not known.
    """
    for change in plan.changes:
        values = change.values | ({"token": token} if change.needs_token else {})
        send = client.post if change.verb == CREATE else client.patch
        try:
            send(change.path, change.rows or values)
        except (DirectusAPIError, RateLimited) as error:
            raise ProvisioningError(_refusal(change, error)) from error
        on_change(change)


def _refusal(change: Change, error: DirectusAPIError | RateLimited) -> str:
    text = f"Directus refuses the {describe(change)}: {error}."
    return " ".join(filter(None, [text, _REASONS.get(error.code)]))


_REASONS = {
    "LIMIT_EXCEEDED": "Its licence allows no more active ones of this kind.",
    "RECORD_NOT_UNIQUE": "Another directus_setup may be running: run it again.",
}
