"""Checks of Directus 12's licence: seats, and permissions without effect."""

from ..provisioning.server import LICENCES_SINCE
from .findings import Answer, ok, warning
from .site import NotReadable, Site

# Without a licence. Only administrators can read any other number.
SEATS = 3


def licence(site: Site) -> Answer:
    """The limits of Directus' licence are known."""
    if site.takes_rules:
        return ok("The licence of Directus allows all rights that this site needs.")
    return ok(
        "Directus has no licence (Core): customers have no permissions, and the "
        "site's own cannot be limited to customers."
    )


def seats(site: Site) -> Answer:
    """A seat is free for another user of Directus' own app."""
    if site.server.major < LICENCES_SINCE:
        return ok(f"Directus {site.server.version} counts no seats.")
    _require_missing_licence(site)
    taken = site.count_seats()
    if taken >= SEATS:
        reason = (
            f"{taken} of {SEATS} seats are taken by active users with access to "
            "Directus' own app, so it refuses further ones. Customers need no seat."
        )
        return warning(reason)
    return ok(f"{taken} of {SEATS} seats are taken.")


def hidden(site: Site) -> Answer:
    """No permission of an earlier Directus is without effect.

    Without a licence, Directus 12 keeps permissions that name fields or rows, but
    ignores and hides them; a policy still lists their ids.
    """
    if site.server.major < LICENCES_SINCE:
        return ok(f"Directus {site.server.version} applies every permission.")
    _require_missing_licence(site)
    found = site.hidden_permissions()
    foreign = sorted(name for id, name in found if id not in site.own.policies)
    if foreign:
        names = ", ".join(foreign)
        reason = (
            f"Directus does not apply, and does not show, permissions of: {names}. "
            "They name fields or rows, which needs a licence."
        )
        return warning(reason)
    if found:
        return ok("Earlier permissions of this site need a licence to take effect.")
    return ok("No permission is without effect.")


def _require_missing_licence(site: Site) -> None:
    if site.takes_rules:
        raise NotReadable("Only administrators can read this in Directus.")
