"""Checks of rights in Directus: of the public, of customers and of the site."""

from ...core import clients, mails
from ..provisioning.rights import (
    NEVER_WRITABLE,
    NEVER_WRITABLE_BY_CUSTOMERS,
    OWN_PROFILE,
    OWN_WRITABLE,
    SERVICE_CREATABLE,
    SERVICE_WRITABLE,
    customer_permissions,
)
from .findings import Answer, ok, problem, unknown, warning
from .site import SETUP, Row, Site

USERS, FILES = "directus_users", "directus_files"
FOR_TOKEN = f"{SETUP} --env-file .env"
# NAME is the name of a present role or of a new one.
FOR_ANOTHER_ROLE = f"{FOR_TOKEN} --customer-role NAME"
# The account pages need these rights beside those on users.
NEEDED_WHOLE = (
    (USERS, "delete"),
    (FILES, "create"),
    (FILES, "read"),
    (FILES, "delete"),
    ("directus_fields", "read"),
)


def powers(site: Site, role_id: str | None) -> str:
    """Return the forbidden rights of a role for customers, with their sources."""
    names = {
        "admin_access": "administrator rights",
        "app_access": "access to Directus' own app",
    }
    found = {
        name: [row for row in site.policies_of_role(role_id) if row[key]]
        for key, name in names.items()
    }
    kind = "policy" if site.server.has_policies else "role"
    return ", ".join(
        f"{name} ({kind} {', '.join(row['name'] or 'Public' for row in rows)})"
        for name, rows in found.items()
        if rows
    )


def token(site: Site) -> Answer:
    """The site has a valid service token."""
    if not clients.service_token():
        if not site.takes_rules:
            reason = (
                "Directus has no licence: without a service token the site can read "
                "no profile."
            )
            return problem(reason, FOR_TOKEN)
        reason = (
            "Without a service token the site cannot know whether the owner of an "
            "address chose the password of its account. So every new user must choose "
            "a new password by mail before the first sign-in."
        )
        return warning(reason, FOR_TOKEN)
    if site.token_error is not None:
        reason = f"Directus does not accept the service token: {site.token_error}."
        return problem(reason, FOR_TOKEN)
    return ok("The service token works.")


def token_rights(site: Site) -> Answer:
    """The service token has the needed rights, and cannot make administrators."""
    if site.global_rights["admin_access"]:
        reason = "The service token has administrator rights."
        if others := _named(_others_of_service(site)):
            reason += f" Remove from its role: {others}."
        return problem(reason, FOR_TOKEN)
    if missing := _missing(site):
        rights = ", ".join(missing)
        reason = f"The service token lacks: {rights}."
        return problem(reason, FOR_TOKEN)
    if not site.takes_rules:
        return ok(
            "Without a licence the service token can make administrators: protect it "
            "like an administrator's password."
        )
    if excess := _excess(site):
        rights = ", ".join(excess)
        reason = f"The service token has rights that the site does not need: {rights}."
        if others := _named(_others_of_service(site)):
            reason += f" Remove from its role: {others}."
        return warning(reason, FOR_TOKEN)
    return ok("The service token has the rights that the site needs.")


def _missing(site: Site) -> list[str]:
    profile, sign_up = set(clients.profile_fields()), set(clients.signup_fields())
    needed = {
        "read": {*OWN_PROFILE} | profile | sign_up,
        "update": {*SERVICE_WRITABLE} | profile,
    }
    if clients.signup_mode() != "closed" or mails.is_from_site():
        needed["create"] = {*SERVICE_CREATABLE} | sign_up
    lacking = [
        f"{action} {name}"
        for action, names in needed.items()
        for name in sorted(names - _fields(site, action))
        if "*" not in _fields(site, action)
    ]
    return (
        lacking
        + [
            f"{action} {collection}"
            for collection, action in NEEDED_WHOLE
            if not _is_granted(site, collection, action)
        ]
        + ["the folder of profile pictures"] * (not site.has_picture_folder)
    )


def _others_of_service(site: Site) -> list[Row]:
    """Return the policies of the service user's role that the set-up did not make."""
    if not site.server.has_policies:
        return []
    policies = site.policies_of_role(site.my_role)
    return [row for row in policies if row["id"] not in site.own.policies]


def _named(policies: list[Row]) -> str:
    return ", ".join(f"policy {row['name']} ({row['id']})" for row in policies)


def _excess(site: Site) -> list[str]:
    forbidden = {"create": NEVER_WRITABLE - {"role"}, "update": NEVER_WRITABLE}
    found = [
        f"{action} {name}"
        for action, names in forbidden.items()
        for name in sorted(names & _fields(site, action))
    ]
    if _right(site, "update").get("access") == "full":
        # All users, including administrators, instead of customers only.
        found.append("update all users")
    if _right(site, "delete").get("access") == "full":
        found.append("delete all users")
    found += [
        f"{action} every file"
        for action in ("read", "update", "delete")
        if _right(site, action, FILES).get("access") == "full"
    ]
    if site.global_rights["app_access"]:
        found.append("use Directus' own app")
    return found


def _fields(site: Site, action: str) -> set[str]:
    right = _right(site, action)
    return set(right.get("fields") or []) if right.get("access") != "none" else set()


def _is_granted(site: Site, collection: str, action: str) -> bool:
    return _right(site, action, collection).get("access", "none") != "none"


def _right(site: Site, action: str, collection: str = USERS) -> Row:
    return site.rights.get(collection, {}).get(action, {})


def public(site: Site) -> Answer:
    """The public has no rights on users."""
    policies = site.policies_of_role(None)
    if any(policy["admin_access"] for policy in policies):
        return problem(
            "The public has administrator rights in Directus. Remove them in "
            "Directus under Settings, Access Policies, Public."
        )
    found = sorted({row["action"] for row in site.user_permissions(policies)})
    if found:
        actions = ", ".join(found)
        reason = (
            f"The public policy allows on directus_users: {actions}. Remove it in "
            "Directus under Settings, Access Policies, Public."
        )
        return problem(reason)
    return ok("The public has no rights on users.")


def customer_role(site: Site) -> Answer:
    """The customers' role exists and has no dangerous rights."""
    role_id = clients.customer_role()
    if not role_id:
        is_needed = clients.signup_mode() == "create" or mails.is_from_site()
        verdict = problem if is_needed else warning
        return verdict("DIRECTUS_CUSTOMER_ROLE is not set.", FOR_TOKEN)
    role = site.role(role_id)
    if role is None:
        reason = "Directus has no role DIRECTUS_CUSTOMER_ROLE."
        return problem(reason, f"{FOR_TOKEN} --customer-role Customer")
    if found := powers(site, role["id"]):
        reason = (
            f"Customers have {found}. Remove it in Directus, or choose another "
            "role with the line."
        )
        return problem(reason, FOR_ANOTHER_ROLE)
    return ok(f"Customers have the role {role['name']}.")


def customer(site: Site) -> Answer:
    """A customer may read and change their own profile, and no other."""
    role = site.role(clients.customer_role())
    if role is None:
        return unknown("This needs DIRECTUS_CUSTOMER_ROLE.")
    rows = site.user_permissions(site.policies_of_role(role["id"]))
    if dangers := _dangers(rows):
        rights = ", ".join(dangers)
        reason = (
            f"Customers may {rights} in directus_users. Remove these rights in "
            "Directus, or choose another role with the line."
        )
        return problem(reason, FOR_ANOTHER_ROLE)
    if not site.takes_rules:
        return ok(
            "Customers have no permission on users; the site reads their profiles "
            "with the service token."
        )
    if missing := _lacking(rows, "read", OWN_PROFILE):
        fields = ", ".join(missing)
        reason = f"Customers cannot read these fields of their own profile: {fields}."
        return problem(reason, SETUP)
    if missing := _lacking(rows, "update", OWN_WRITABLE):
        fields = ", ".join(missing)
        reason = f"Customers cannot change these fields of their own profile: {fields}."
        return problem(reason, SETUP)
    return ok("Customers may read and change only their own profile.")


def _lacking(rows: list[Row], action: str, names: list[str]) -> list[str]:
    """Return the fields of their own profile that customers lack."""
    allowed = {
        name for row in rows if row["action"] == action for name in row["fields"] or []
    }
    needed = [*names, *clients.profile_fields()]
    return [] if "*" in allowed else [name for name in needed if name not in allowed]


def _dangers(rows: list[Row]) -> list[str]:
    own = customer_permissions()[0].permissions
    found = set()
    for row in rows:
        action, fields = row["action"], set(row["fields"] or [])
        if action in {"create", "delete", "share"}:
            found.add(action)
        elif row["permissions"] != own:
            found.add(f"{action} others")
        if action == "update":
            forbidden = fields & NEVER_WRITABLE_BY_CUSTOMERS
            found |= {f"{action} {name}" for name in forbidden}
    return sorted(found)
