"""Check for rights in Directus that the set-up did not make."""

import json

from ...core import clients
from ...directus.ids import CUSTOMER_POLICY
from .findings import Answer, ok, warning
from .rights import FOR_TOKEN
from .site import Row, Site


def leftovers(site: Site) -> Answer:
    """No policy that an upgrade to Directus 11 made gives rights a second time.

    Such a policy has the name of the site's policy and the id of its role.
    """
    if not site.server.has_policies:
        return ok("Directus 10 has no policies.")
    found = _left(site)
    if not found:
        return ok(
            "No policy of Directus 10 gives rights beside the site's own policies."
        )
    names = ", ".join(f"{row['name']} (id {row['id']})" for row in found)
    if not _has_ours(site):
        reason = f"Rights still come from policies of Directus 10: {names}."
        return warning(reason, FOR_TOKEN)
    reason = (
        "Policies of Directus 10 give rights, beside the site's own of the same name: "
        f"{names}. The id distinguishes them; delete them in Directus under "
        "Settings, Access Policies, or with the line."
    )
    return warning(reason, _delete([row["id"] for row in found]))


def _left(site: Site) -> list[Row]:
    roles = {clients.customer_role(), site.my_role}
    policies = {
        row["id"]: row
        for role in roles
        if role
        for row in site.policies_of_role(role)
        if row["id"] in roles
    }
    return list(policies.values())


def _has_ours(site: Site) -> bool:
    needed = {site.own.service_policy}
    if site.takes_rules:
        needed.add(CUSTOMER_POLICY)
    return all(site.policy(each) is not None for each in needed)


def _delete(ids: list[str]) -> str:
    return (
        f"curl -X DELETE {clients.directus_url()}/policies "
        '-H "Authorization: Bearer $ADMIN_TOKEN" -H "Content-Type: application/json" '
        f"-d '{json.dumps(ids)}'"
    )
