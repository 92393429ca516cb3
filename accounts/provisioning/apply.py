"""Make the planned calls, one after the other."""

import secrets
from collections.abc import Callable

from ..directus import DirectusClient
from .plan import CREATE, Change, Plan


def new_token() -> str:
    """Return a static token nobody can guess."""
    return secrets.token_urlsafe(48)


def apply_plan(
    client: DirectusClient,
    plan: Plan,
    *,
    token: str = "",
    on_change: Callable[[Change], None] = lambda change: None,
) -> None:
    """Make every change. Stops at the first refusal; running it again goes on there.

    Args:
        client: signed in as an administrator.
        plan: from `make_plan`.
        token: becomes the service user's token where the plan asks for one.
        on_change: called after each change.
    """
    for change in plan.changes:
        values = change.values | ({"token": token} if change.needs_token else {})
        if change.verb == CREATE:
            client.post(change.path, values)
        else:
            client.patch(change.path, values)
        on_change(change)
