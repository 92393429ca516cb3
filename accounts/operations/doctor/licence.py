"""Checks of Directus 12's licence: seats, and permissions without effect."""

from ..provisioning.server import LICENCES_SINCE
from .findings import Answer, ok, warning
from .registry import check
from .site import NotReadable, Site

# Without a licence. Only administrators can read any other number.
SEATS = 3


@check("directus.licence")
def licence(site: Site) -> Answer:
    """The limits of Directus' licence are known."""
    if site.takes_rules:
        return ok("The licence of Directus limits nothing that this site needs.")
    return ok(
        "Directus has no licence (Core): customers get no permissions, and the "
        "site's own cannot be narrowed."
    )


@check("directus.seats")
def seats(site: Site) -> Answer:
    """A seat is free for another user of Directus' own app."""
    if site.server.major < LICENCES_SINCE:
        return ok("Directus {version} counts no seats.".format(**_version(site)))
    _require_missing_licence(site)
    taken = site.count_seats()
    values = {"taken": taken, "seats": SEATS}
    if taken >= SEATS:
        reason = (
            "%(taken)s of %(seats)s seats are taken by active users with access to "
            "Directus' own app: it refuses another one. Customers take none."
        )
        return warning(reason % values)
    return ok("{taken} of {seats} seats are taken.".format(**values))


@check("rights.hidden")
def hidden(site: Site) -> Answer:
    """No permission of an earlier Directus is without effect.

    Without a licence, Directus 12 keeps permissions that name fields or rows, but
    ignores and hides them; a policy still lists their ids.
    """
    if site.server.major < LICENCES_SINCE:
        return ok(
            "Directus {version} applies every permission.".format(**_version(site))
        )
    _require_missing_licence(site)
    found = site.hidden_permissions()
    foreign = sorted(name for id, name in found if id not in site.own.policies)
    if foreign:
        reason = (
            "Directus does not apply, and does not show, permissions of: %(names)s. "
            "They name fields or rows, which needs a licence."
        )
        return warning(reason % {"names": ", ".join(foreign)})
    if found:
        return ok("Earlier permissions of this site wait for a licence.")
    return ok("No permission is without effect.")


def _require_missing_licence(site: Site) -> None:
    if site.takes_rules:
        raise NotReadable("Directus tells this to administrators alone.")


def _version(site: Site) -> dict[str, str]:
    return {"version": site.server.version}
