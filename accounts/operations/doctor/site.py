"""The data that the checks read, each once."""

import json
from functools import cached_property
from typing import Any

from django.conf import settings

from ...core import clients
from ...directus import (
    PASSWORD_PROVIDER,
    AuthenticationFailed,
    DirectusClient,
    DirectusError,
    Forbidden,
    SignInWays,
    SsoStart,
    Visitor,
)
from ...directus.roles import role_lineage
from ..provisioning import Server, SiteIds
from .own_collections import OwnCollections
from .times import Times

Row = dict[str, Any]

SETUP = "python manage.py directus_setup"
# The drivers of single sign-on that the site can use.
SSO_DRIVERS = {"openid", "oauth2"}
# The public in version 10, which has no policies.
PUBLIC = {"id": None, "admin_access": False, "app_access": False}


class NotReadable(Exception):
    """A check is not possible; str() says what is missing.

    Args:
        line: the line to paste that makes it possible. Empty: there is nothing to do,
            or another check says what to do.
    """

    def __init__(self, reason: str, line: str = "") -> None:
        super().__init__(reason)
        self.line = line


class Site(OwnCollections, Times):
    """The Directus of this site, as the settings name it."""

    @property
    def own(self) -> SiteIds:
        """The ids of the site's objects in Directus."""
        return clients.own_ids()

    @cached_property
    def anonymous(self) -> DirectusClient:
        """A client without rights."""
        try:
            return clients.anonymous_client()
        except ValueError as error:
            # Its message contains no value.
            raise NotReadable(f"The settings are wrong: {error}.") from error

    @cached_property
    def service(self) -> DirectusClient:
        """The client with the service token, which has been tried."""
        if self.token_error is not None:
            raise NotReadable("The check needs a valid service token.")
        client = clients.service_client()
        if client is None:
            raise NotReadable("This needs a service token.")
        return client

    @property
    def service_token(self) -> str:
        """The service token, for calls that the client does not make."""
        _tried = self.service
        return clients.service_token()

    @cached_property
    def token_error(self) -> DirectusError | ValueError | None:
        """Why the service token is not accepted; None if it is."""
        # A wrong address is no fault of the token.
        _reached = self.anonymous
        try:
            client = clients.service_client()
            if client is not None:
                client.get("/users/me", params={"fields": "id"})
        except (AuthenticationFailed, ValueError) as error:
            return error
        return None

    def service_as(self, visitor: Visitor) -> DirectusClient:
        """Return the client with the service token for a visitor."""
        client = clients.service_client(visitor)
        if client is None:
            raise NotReadable("This needs a service token.")
        return client

    @cached_property
    def public_info(self) -> Row:
        """The public information of Directus about itself."""
        return self.anonymous.get_server_info()

    @cached_property
    def info(self) -> Row:
        """The information of Directus about itself for the service user."""
        return self.service.get_server_info()

    @cached_property
    def server(self) -> Server:
        """The features of Directus and its licence, as the service user sees them."""
        version = str(self.info.get("version") or "")
        return Server(version, takes_rules=self.takes_rules)

    @property
    def takes_rules(self) -> bool:
        """Whether permissions may name fields and rows; not in 12 without a licence."""
        licence = self.public_info.get("license")
        return licence is None or licence.get("source") is not None

    @cached_property
    def settings(self) -> Row:
        """Directus' settings that the service user may read."""
        return self.service.get("/settings")

    @cached_property
    def me(self) -> Row:
        """The service user."""
        return self.service.get("/users/me")

    @property
    def my_role(self) -> str:
        """The service user's role."""
        if "role" not in self.me:
            raise NotReadable("The service token may not read this.", SETUP)
        return str(self.me["role"])

    @cached_property
    def global_rights(self) -> Row:
        """Whether the service user is an administrator or may use the app."""
        if self.server.has_policies:
            return self.service.get("/policies/me/globals")
        return self.role(self.my_role) or {}

    @cached_property
    def rights(self) -> Row:
        """The rights of the service user, by collection and action."""
        if self.server.has_policies:
            return self.service.get("/permissions/me")
        found: Row = {}
        for row in self._rows("permissions", "*", {"role": {"_eq": self.my_role}}):
            found.setdefault(row["collection"], {})[row["action"]] = _right(row)
        return found

    @cached_property
    def roles(self) -> list[Row]:
        """All roles: id, name and parent; in version 10 also their access flags."""
        if self.server.has_policies:
            return self._rows("roles", "id,name,parent")
        rows = self._rows("roles", "id,name,admin_access,app_access")
        return [row | {"parent": None} for row in rows]

    @cached_property
    def webhook_flow(self) -> Row | None:
        """The Flow that directus_setup makes."""
        rule = {"id": {"_eq": self.own.webhook_flow}}
        fields = "id,status,description,operation"
        return next(iter(self._rows("flows", fields, rule)), None)

    @cached_property
    def has_picture_folder(self) -> bool:
        """Whether the service token can read the folder of profile photos."""
        # By its id: version 12 answers 500 to a request for a list.
        path = f"/folders/{self.own.picture_folder}"
        try:
            self.service.get(path, params={"fields": "id"})
        except Forbidden:
            return False
        return True

    @cached_property
    def user_fields(self) -> list[Row]:
        """The fields of users that the service token may read."""
        return self.service.get("/fields/directus_users")

    @cached_property
    def sign_in_ways(self) -> SignInWays:
        """The providers that Directus names, and whether passwords are used."""
        return self.anonymous.sign_in_ways()

    @cached_property
    def sso_answers(self) -> dict[str, SsoStart | DirectusError]:
        """The start of a sign-in with each usable provider, or why there is none."""
        return {
            each.name: self._begin_sso(each.name)
            for each in self.sign_in_ways.providers
            if each.driver in SSO_DRIVERS
        }

    @property
    def sso_starts(self) -> list[tuple[str, SsoStart]]:
        """The sign-ins that were started, by provider."""
        return [
            (name, answer)
            for name, answer in self.sso_answers.items()
            if isinstance(answer, SsoStart)
        ]

    def users_with_addresses_as_identifiers(self) -> list[Row]:
        """Return users whose identity at their provider is their own address."""
        rule = {
            "_and": [
                {"provider": {"_neq": PASSWORD_PROVIDER}},
                {"external_identifier": {"_contains": "@"}},
            ]
        }
        rows = self._rows("users", "provider,email,external_identifier", rule)
        return [row for row in rows if _is_address(row)]

    def role(self, id_or_name: str) -> Row | None:
        """Return a role by id or by name."""
        for role in self.roles:
            if id_or_name in {role["id"], role["name"]}:
                return role
        return None

    def policy(self, id_or_name: str) -> Row | None:
        """Return a policy by id or by name; in version 10 a role."""
        for policy in self._policies:
            if id_or_name in {policy["id"], policy["name"]}:
                return policy
        return None

    def policies_of_role(self, role_id: str | None) -> list[Row]:
        """Return the policies of a role and its parents; of the public for None."""
        ids = {
            row["policy"] for row in self._access if row["role"] in self._up(role_id)
        }
        return [policy for policy in self._policies if policy["id"] in ids]

    def user_permissions(self, policies: list[Row]) -> list[Row]:
        """Return the permissions of policies on directus_users."""
        ids = {policy["id"] for policy in policies}
        return [row for row in self._permissions if row["policy"] in ids]

    def count_seats(self) -> int:
        """Return the number of active users with access to Directus' own app."""
        strong = {
            policy["id"]
            for policy in self._policies
            if policy["admin_access"] or policy["app_access"]
        }
        roles = [
            role["id"]
            for role in self.roles
            if strong & {policy["id"] for policy in self.policies_of_role(role["id"])}
        ]
        of_one_user = {"policies": {"policy": {"id": {"_in": sorted(strong)}}}}
        either = {"_or": [{"role": {"_in": roles}}, of_one_user]}
        rule = {"_and": [{"status": {"_eq": "active"}}, either]}
        return len({row["id"] for row in self._rows("users", "id", rule)})

    def hidden_permissions(self) -> set[tuple[str, str]]:
        """Return (id, name) of the policies with hidden permissions."""
        shown = {row.get("id") for row in self._rows("permissions", "id")}
        return {
            (policy["id"], policy["name"])
            for policy in self._rows("policies", "id,name,permissions")
            if set(policy["permissions"]) - shown
        }

    def _begin_sso(self, provider: str) -> SsoStart | DirectusError:
        try:
            return self.anonymous.begin_sso(provider, site=settings.PUBLIC_URL)
        except DirectusError as error:
            return error

    @cached_property
    def _access(self) -> list[Row]:
        if not self.server.has_policies:
            # In version 10 a role, or the public, is its own policy.
            own = [role["id"] for role in self.roles]
            return [{"role": id, "policy": id} for id in [None, *own]]
        rows = self._rows("access", "role,user,policy")
        return [row for row in rows if row["user"] is None]

    @cached_property
    def _policies(self) -> list[Row]:
        if not self.server.has_policies:
            return [PUBLIC, *self.roles]
        return self._rows("policies", "id,name,admin_access,app_access")

    @cached_property
    def _permissions(self) -> list[Row]:
        return self._permissions_on("directus_users")

    def _permissions_on(self, *collections: str) -> list[Row]:
        rule = {"collection": {"_in": collections}}
        rows = self._rows("permissions", "*", rule)
        if not self.server.has_policies:
            rows = [row | {"policy": row["role"]} for row in rows]
        return [row for row in rows if not row.get("system")]

    def _up(self, role_id: str | None) -> set[str | None]:
        parents = {role["id"]: role["parent"] for role in self.roles}
        return {role_id, *role_lineage(role_id, parents.get)} if role_id else {None}

    def _rows(self, path: str, fields: str, rule: Row | None = None) -> list[Row]:
        params = {"fields": fields, "limit": "-1"}
        if rule:
            params["filter"] = json.dumps(rule)
        rows = self.service.get(f"/{path}", params=params)
        most = (self.info.get("queryLimit") or {}).get("max") or -1
        if 0 < most <= len(rows):
            reason = f"Directus returns at most {most} rows of {path} at once."
            raise NotReadable(reason, 'QUERY_LIMIT_MAX="-1"')
        return rows


def _is_address(row: Row) -> bool:
    email = row["email"] or ""
    return bool(email) and row["external_identifier"].lower() == email.lower()


def _right(row: Row) -> Row:
    """Return a permission of version 10 in the form of later versions."""
    access = "partial" if row["permissions"] else "full"
    return {"access": access, "fields": row["fields"]}
