"""The present state of everything that the set-up manages in Directus."""

import json
from dataclasses import dataclass, field
from typing import Any

from ...directus import AuthenticationFailed, DirectusClient, ids
from ...directus.ids import SiteIds
from ...directus.roles import role_lineage
from . import version_10, wanted, webhook
from .errors import ProvisioningError
from .rights import NEVER_WRITABLE_BY_CUSTOMERS
from .server import MAJORS, Server, with_licence
from .shape import Shape, blueprints, read_shape
from .wanted import Options

Row = dict[str, Any]


@dataclass(frozen=True)
class State:
    """Rows of Directus, each as its API returns it.

    Attributes:
        customer_role: id of the role for customers, whether it exists or not.
        new_customer_role: name of that role if it has to be made.
        own: the ids of the site.
        role_access: the policies of the customers' role, its parent roles, and the
            site's own role.
        other_policies, other_permissions: those that the site did not make.
        shape, texts: of customers' own collections.
    """

    customer_role: str
    new_customer_role: str
    roles: list[Row]
    policies: list[Row]
    access: list[Row]
    permissions: list[Row]
    settings: Row
    service_user: Row | None
    server: Server = field(default_factory=Server)
    flows: list[Row] = field(default_factory=list)
    operations: list[Row] = field(default_factory=list)
    folders: list[Row] = field(default_factory=list)
    user_fields: list[Row] = field(default_factory=list)
    own: SiteIds = ids.DEFAULT
    role_access: list[Row] = field(default_factory=list)
    other_policies: list[Row] = field(default_factory=list)
    other_permissions: list[Row] = field(default_factory=list)
    shape: Shape = field(default_factory=Shape)
    texts: list[Row] = field(default_factory=list)

    @property
    def webhook_url(self) -> str:
        """The address that the site's Flow calls; empty without a Flow."""
        return webhook.url_in(self.operations, self.own)

    def role(self, role_id: str) -> Row | None:
        """Return the customers' role or the site's own; None if it does not exist."""
        return next((row for row in self.roles if row["id"] == role_id), None)


def read_state(client: DirectusClient, options: Options) -> State:
    """Read the present state, as an administrator.

    Raises:
        ProvisioningError: the set-up must not change or use this state.
        DirectusError: Directus did not answer, or refused.
    """
    info = client.get_server_info()
    server = Server(str(info.get("version") or ""))
    _require_administrator(client, server)
    _require_supported(server)
    server = with_licence(client, server)
    role, name = _find_customer_role(client, options.customer_role)
    customer_role = role["id"] if role else ids.customer_role_id(name)
    if role:
        _refuse_powerful_role(client, server, role)
    own = options.site
    state = State(
        customer_role=customer_role,
        new_customer_role="" if role else name,
        own=own,
        roles=_rows(
            client, "roles", {"id": {"_in": [customer_role, own.service_role]}}
        ),
        **_rights(client, server, customer_role, own),
        **_other_rights(client, server, role, own),
        settings=client.get(
            "/settings", params={"fields": ",".join(wanted.settings_fields())}
        ),
        service_user=_find_service_user(client, options.service_email, own),
        server=server,
        folders=_rows(client, "folders", {"id": {"_in": _folders(options)}}),
        user_fields=_user_fields(client, options),
        flows=_rows(client, "flows", {"id": {"_eq": own.webhook_flow}}),
        operations=_rows(client, "operations", {"flow": {"_eq": own.webhook_flow}}),
        shape=read_shape(client, options.collections),
        texts=_texts(client, options),
    )
    _require_whole(state, info)
    return state


def _require_whole(state: State, info: Row) -> None:
    """Stop if Directus truncates lists: missing objects would be made twice."""
    most = (info.get("queryLimit") or {}).get("max") or -1
    lists = [value for value in vars(state).values() if isinstance(value, list)]
    if 0 < most <= max(map(len, lists)):
        raise ProvisioningError(
            f"Directus returns at most {most} rows at once (QUERY_LIMIT_MAX), and "
            "there are more. Raise the limit for this command."
        )


def _user_fields(client: DirectusClient, options: Options) -> list[Row]:
    """Return the fields of users. All fields that the settings name must exist."""
    found = client.get("/fields/directus_users")
    there = {row["field"] for row in found}
    named = {
        "DIRECTUS_PROFILE_FIELDS": options.profile_fields,
        "DIRECTUS_SIGNUP_FIELDS": options.signup_fields,
    }
    for setting, names in named.items():
        if taken := [name for name in names if name in NEVER_WRITABLE_BY_CUSTOMERS]:
            raise ProvisioningError(f"{setting} cannot name {', '.join(taken)}.")
        if missing := [name for name in names if name not in there]:
            raise ProvisioningError(
                f"Users have no field {', '.join(missing)} in Directus: {setting}."
            )
    return found


def _folders(options: Options) -> list[str]:
    of_items = [options.site.items_folder(each.name) for each in options.collections]
    return [options.site.picture_folder, *of_items]


def _texts(client: DirectusClient, options: Options) -> list[Row]:
    keys = sorted(
        key
        for _name, blueprint in blueprints(options.collections)
        for key in (blueprint.texts if blueprint else ())
    )
    rule = {"key": {"_in": keys}}
    return _rows(client, "translations", rule, "key,language") if keys else []


def _rights(
    client: DirectusClient, server: Server, customer_role: str, own: SiteIds
) -> Row:
    """Return the permissions of the site's policies; in version 10 of its roles."""
    ours = {"_in": list(own.policies)}
    if server.has_policies:
        return {
            "policies": _rows(client, "policies", {"id": ours}),
            "access": _rows(client, "access", {"policy": ours}),
            "permissions": _rows(client, "permissions", {"policy": ours}),
        }
    rows = _rows(
        client, "permissions", {"role": {"_in": [customer_role, own.service_role]}}
    )
    permissions = [version_10.with_policy(row, customer_role, own) for row in rows]
    return {"policies": [], "access": [], "permissions": permissions}


def _other_rights(
    client: DirectusClient, server: Server, role: Row | None, own: SiteIds
) -> Row:
    """Return other policies of the site's roles, and permissions of version 10."""
    if not server.has_policies:
        return {}
    roles = [*(_lineage(client, role) if role else []), own.service_role]
    access = _rows(client, "access", {"role": {"_in": roles}}, fields="role,policy")
    others = {"_in": sorted({row["policy"] for row in access} - {*own.policies})}
    if not others["_in"]:
        return {"role_access": access}
    return {
        "role_access": access,
        "other_policies": _rows(client, "policies", {"id": others}),
        "other_permissions": _rows(client, "permissions", {"policy": others}),
    }


def _rows(client: DirectusClient, path: str, rule: Row, fields: str = "*") -> list[Row]:
    params = {"fields": fields, "limit": "-1", "filter": json.dumps(rule)}
    return [
        row for row in client.get(f"/{path}", params=params) if not row.get("system")
    ]


def _require_administrator(client: DirectusClient, server: Server) -> None:
    if server.has_policies:
        rights = client.get("/policies/me/globals")
    else:
        me = client.get("/users/me", params={"fields": "role.admin_access"})
        # A user who may not read their role gets only the id.
        rights = me.get("role")
    if not (rights or {}).get("admin_access"):
        raise ProvisioningError("These credentials have no administrator rights.")


def _require_supported(server: Server) -> None:
    if not server.is_supported:
        needed = ", ".join(f"{major}.x" for major in MAJORS)
        raise ProvisioningError(
            f"Directus {server.version or '?'} is not supported; "
            f"this command needs {needed}."
        )


def _find_customer_role(client: DirectusClient, wish: str) -> tuple[Row | None, str]:
    """Return the customers' role, or None if it has to be made, and its name."""
    if ids.is_id(wish):
        return _role_with_id(client, wish), ids.DEFAULT_CUSTOMER_ROLE
    made_by_us = ids.customer_role_id(wish)
    rule = {"_or": [{"id": {"_eq": made_by_us}}, {"name": {"_eq": wish}}]}
    found = _rows(client, "roles", rule)
    ours = [row for row in found if row["id"] == made_by_us]
    if len(found) > 1 and not ours:
        raise ProvisioningError(
            f"Directus has several roles named {wish}; give the id of one."
        )
    return next(iter(ours or found), None), wish


def _role_with_id(client: DirectusClient, wish: str) -> Row | None:
    found = _rows(client, "roles", {"id": {"_eq": wish}})
    # A role that the set-up made has the same id in an emptied Directus.
    if not found and wish != ids.customer_role_id(ids.DEFAULT_CUSTOMER_ROLE):
        raise ProvisioningError(f"Directus has no role with the id {wish}.")
    return next(iter(found), None)


def _refuse_powerful_role(client: DirectusClient, server: Server, role: Row) -> None:
    """Stop if the customers' role or a parent role has administrator access."""
    if _is_powerful(client, server, role):
        raise ProvisioningError(
            f"The role {role['name']} has administrator rights. Customers must not "
            "get it: choose another one."
        )


def _is_powerful(client: DirectusClient, server: Server, role: Row) -> bool:
    if not server.has_policies:
        return bool(role["admin_access"])
    rule = {
        "role": {"_in": _lineage(client, role)},
        "policy": {"admin_access": {"_eq": True}},
    }
    return bool(_rows(client, "access", rule, fields="id"))


def _lineage(client: DirectusClient, role: Row) -> list[str]:
    """Return the ids of a role and of its parent roles."""

    def parent_of(role_id: str) -> str | None:
        if role_id == role["id"]:
            return role.get("parent")
        found = _rows(client, "roles", {"id": {"_eq": role_id}}, fields="id,parent")
        return found[0]["parent"] if found else None

    return role_lineage(role["id"], parent_of)


def _find_service_user(client: DirectusClient, wish: str, own: SiteIds) -> Row | None:
    """Return the service user: the present one, unless the operator named another."""
    fields = "id,email,role,status,token"
    rule = {"role": {"_eq": own.service_role}}
    there = [] if wish else _rows(client, "users", rule, fields=fields)
    if len(there) == 1:
        return there[0]
    email = wish or own.service_email
    # Directus keeps the case of addresses, and `_eq` compares it.
    found = _rows(client, "users", {"email": {"_icontains": email}}, fields=fields)
    same = [row for row in found if (row["email"] or "").casefold() == email.casefold()]
    if not same and there:
        raise ProvisioningError(
            f"The role {own.name} has several users; name one with --service-email."
        )
    if not same:
        return None
    user = same[0]
    if user["role"] != own.service_role:
        raise ProvisioningError(
            f"{email} belongs to a user that this command did not create. Choose "
            "another address with --service-email."
        )
    return user


def token_belongs_to(client: DirectusClient, user: Row | None) -> bool:
    """Return whether the client's token belongs to the service user."""
    if user is None:
        return False
    try:
        return client.get("/users/me", params={"fields": "id"})["id"] == user["id"]
    except AuthenticationFailed:
        return False
