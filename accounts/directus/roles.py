"""The tree of roles: a role has the policies of every role above it."""

from collections.abc import Callable


def role_lineage(role: str, parent_of: Callable[[str], str | None]) -> list[str]:
    """Return the ids of a role and of the roles above it, the role first.

    Args:
        role: id of the role.
        parent_of: returns the id of the role above, or None. A loop is walked once.
    """
    lineage: list[str] = []
    above: str | None = role
    while above and above not in lineage:
        lineage.append(above)
        above = parent_of(above)
    return lineage
