"""The real Directus behind the verbs of the contract tests."""

import secrets
from collections.abc import Callable
from typing import Any

from accounts.directus import ids
from local.admin import Admin, demand_second_factor, demand_second_factor_of
from tests.items.on_directus import RealShop
from tests.stack import Mailbox, RunningStack, is_on_postgresql

from .worlds import Person, World, new_email

OPEN = {
    "public_registration": True,
    "public_registration_verify_email": True,
    "public_registration_email_filter": None,
    "auth_password_policy": None,
    "auth_login_attempts": 25,
}


# The order matters: Directus 12 without a licence takes exactly this rule.
RECOMMENDED_FIELDS = [
    *("first_name", "last_name", "email", "password", "location", "title"),
    *("description", "avatar", "language", "appearance", "theme_light", "theme_dark"),
    *("theme_light_overrides", "theme_dark_overrides", "tfa_secret"),
]


def grant_recommended_rule(admin: Admin) -> Callable[[], Any]:
    """Let customers write what Directus' own app lets people write; return the undo."""
    row = {
        "policy": ids.CUSTOMER_POLICY,
        "collection": "directus_users",
        "action": "update",
        "permissions": {"id": {"_eq": "$CURRENT_USER"}},
        "fields": RECOMMENDED_FIELDS,
    }
    path = f"/permissions/{admin.call('POST', '/permissions', row)['id']}"
    return lambda: admin.call("DELETE", path)


class RealWorld(World):
    """A real Directus, as `directus_setup` left it."""

    def __init__(self, stack: RunningStack, mailbox: Mailbox) -> None:
        self.stack = stack
        self.admin = stack.admin
        self.mailbox = mailbox
        self.url = stack.directus.url
        self.site_url = stack.site_url
        self.version = stack.directus.version.number
        self.service_token = stack.service_token
        self.customer_role = stack.customer_role
        self.is_on_postgresql = is_on_postgresql()
        self._undo: list[Callable[[], Any]] = []
        # The site of the stack does without.
        self.admin.patch_settings(**OPEN, public_registration_role=self.customer_role)
        super().__init__()

    def add_user(self, email: str = "", **values: Any) -> Person:
        """Add a customer."""
        password = f"Correct-horse-{secrets.token_hex(6)}"
        email = email or new_email()
        values = {"role": self.customer_role} | values
        user = self.admin.create_user(email, password, **values)
        return Person(user["id"], email, password)

    def invite(self, email: str) -> None:
        """Invite a user."""
        url = f"{self.site_url}/invite/"
        self.admin.invite_user(email, self.customer_role, url)

    def add_administrator(self) -> Person:
        """Add an administrator, for this test: version 12 counts them."""
        person = self.add_user(role=self.admin.role_id("Administrator"))
        self._undo.append(lambda: self.admin.delete_user(person.id))
        return person

    def change(self, person: Person, **values: Any) -> None:
        """Change a user as an administrator does."""
        self.admin.patch_user(person.id, **values)

    def promote(self, person: Person) -> None:
        """Make a customer an administrator."""
        self.change(person, role=self.admin.role_id("Administrator"))
        self._undo.append(lambda: self.admin.delete_user(person.id))

    def delete(self, person: Person) -> None:
        """Delete a user."""
        self.admin.delete_user(person.id)

    def status_of(self, email: str) -> str:
        """Return the status of a user."""
        user = self.admin.find_user(email)
        assert user is not None
        return str(user["status"])

    def set_second_factor(self, person: Person) -> str:
        """Switch the second factor on; return its secret."""
        return self.admin.enable_second_factor(person.id, person.email, person.password)

    def demand_second_factor(self) -> None:
        """Let customers have to have a second factor, for this test."""
        self._undo.append(demand_second_factor(self.admin, self.customer_role))

    def demand_second_factor_of(self, person: Person) -> None:
        """Let one person have to have a second factor, for this test."""
        self._undo.append(demand_second_factor_of(self.admin, person.id))

    def grant_recommended_rule(self) -> None:
        """Let customers write what Directus' own app lets people write."""
        self._undo.append(grant_recommended_rule(self.admin))

    def last_login_of(self, person: Person) -> tuple[str, str]:
        """Return from where and with what a person last signed in."""
        rows = self.admin.call(
            "GET",
            "/activity?fields=ip,user_agent&sort=-id&limit=1"
            f"&filter[action][_eq]=login&filter[item][_eq]={person.id}",
        )
        return rows[0]["ip"], rows[0]["user_agent"]

    def link_for(self, email: str) -> str:
        """Return the link in the next mail to an address."""
        return self.mailbox.link_for(email)

    def has_mail(self, email: str) -> bool:
        """Tell whether a mail to an address has not been read."""
        # One that does arrive, sent later, is the proof that the first one does not.
        person = self.add_user()
        self.ask_for_reset(person.email)
        self.mailbox.wait_for(person.email)
        return self.mailbox.count(email) > 0

    def set(self, **settings: Any) -> None:
        """Change settings of Directus."""
        self._undo.append(lambda: self.admin.patch_settings(**OPEN))
        self.admin.patch_settings(**settings)

    def allow_sign_up_only_at(self, domain: str) -> None:
        """Let only addresses of one domain sign up."""
        rule = {"_and": [{"email": {"_ends_with": f"@{domain}"}}]}
        self.set(public_registration_email_filter=rule)

    def hide_profiles(self) -> None:
        """Take customers the right to read their profile."""
        self._take_right("directus_users")

    def hide_role_names(self) -> None:
        """Take customers the right to read their role."""
        self._take_right("directus_roles")

    def add_profile_field(
        self, name: str, type: str = "string", *, schema: Any = None, **meta: Any
    ) -> None:
        """Add a field to users, which belongs to the profile, for this test."""
        meta = {"interface": "input"} | meta
        body = {"field": name, "type": type, "meta": meta, "schema": schema or {}}
        self.admin.call("POST", "/fields/directus_users", body)
        self._undo.append(
            lambda: self.admin.call("DELETE", f"/fields/directus_users/{name}")
        )
        for row in self._rights_on_users():
            # Without a licence all fields are there.
            if row["action"] in {"read", "update"} and row["fields"] != ["*"]:
                self._set_fields(row["id"], [*row["fields"], name])
                self._undo.append(
                    lambda row=row: self._set_fields(row["id"], row["fields"])
                )

    def add_text(self, key: str, **values: str) -> None:
        """Keep a text under a key, by language: `de_DE="Firma"`; for this test."""
        for language, value in values.items():
            body = {"key": key, "language": language.replace("_", "-"), "value": value}
            row = self.admin.call("POST", "/translations", body)["id"]
            self._undo.append(
                lambda row=row: self.admin.call("DELETE", f"/translations/{row}")
            )

    def open_shop(self) -> RealShop:
        """Make the collections `tickets` and `products`, for this test."""
        shop = RealShop(self.stack)
        self._undo.append(shop.close)
        return shop

    def _set_fields(self, right: int, fields: list[str]) -> None:
        self.admin.call("PATCH", f"/permissions/{right}", {"fields": fields})

    def _rights_on_users(self) -> list[dict[str, Any]]:
        """Return the rights of customers and of the site on users."""
        owner, owners = "policy", [ids.CUSTOMER_POLICY, ids.SERVICE_POLICY]
        if self.major == 10:
            owner, owners = "role", [self.customer_role, ids.SERVICE_ROLE]
        rows: list[dict[str, Any]] = self.admin.call(
            "GET", "/permissions?limit=-1&filter[collection][_eq]=directus_users"
        )
        return [row for row in rows if row[owner] in owners]

    def close(self) -> None:
        """Leave everything as it was found."""
        super().close()
        for undo in self._undo:
            undo()
        self.admin.patch_settings(public_registration=False)

    def _take_right(self, collection: str) -> None:
        """Delete the customers' right to read a collection, for this test."""
        owner = f"[policy][_eq]={ids.CUSTOMER_POLICY}"
        if self.major == 10:
            owner = f"[role][_eq]={self.customer_role}"
        rows = self.admin.call(
            "GET",
            f"/permissions?filter{owner}&filter[collection][_eq]={collection}&filter[action][_eq]=read",
        )
        for row in rows:
            self.admin.call("DELETE", f"/permissions/{row.pop('id')}")
            self._undo.append(
                lambda row=row: self.admin.call("POST", "/permissions", row)
            )
