"""The tree of roles: a role has the policies of its parents, too."""

from collections.abc import Callable


def role_lineage(role: str, parent_of: Callable[[str], str | None]) -> list[str]:
    """Return the ids of a role and of its parents, the role first.

    Args:
        role: the id of the role.
        parent_of: returns the id of the parent, or None. A loop is walked once.
    """
    lineage: list[str] = []
    above: str | None = role
    while above and above not in lineage:
        lineage.append(above)
        above = parent_of(above)
    return lineage
