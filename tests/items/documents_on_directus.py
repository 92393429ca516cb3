"""The collection of tests/items/documents.py on a real Directus, and its rights."""

from collections.abc import Callable
from typing import Any

import requests

from accounts.directus import ids
from tests.stack import RunningStack

from .documents import FIELDS, RIGHTS

FOLDER = ids.DEFAULT.items_folder("documents")
FOLDERS = {"folder": {"_in": [ids.PICTURE_FOLDER, FOLDER]}}
OWN = {"owner": {"_eq": "$CURRENT_USER"}}
DESCRIBED = {"collection": {"_in": ["directus_users", "documents"]}}


class RealDocuments:
    """`documents` with the folder of its files; `close` deletes all of it.

    Args:
        stack: a running Directus, set up by `directus_setup`.
    """

    def __init__(self, stack: RunningStack) -> None:
        self.url = stack.directus.url
        self.admin = stack.admin
        self.major = stack.directus.version.major
        self.customer_role = stack.customer_role
        self._admin_token = stack.state.secrets()["admin_token"]
        self._undo: list[Callable[[], Any]] = []
        self._make()
        if self.major == 12:
            for action in ("create", "read", "update", "delete"):
                self._grant(ids.SERVICE_POLICY, action)
        else:
            self._let_customers()
            self._let_site()

    def add_item(self, **values: Any) -> Any:
        """Add a row as an administrator; return its key."""
        return self.admin.call("POST", "/items/documents", values)["id"]

    def items(self) -> list[dict[str, Any]]:
        """Return all rows."""
        return self.admin.call("GET", "/items/documents?limit=-1")

    def files(self) -> list[dict[str, Any]]:
        """Return the rows of all files in the folder."""
        return self.admin.call("GET", f"/files?limit=-1&filter[folder][_eq]={FOLDER}")

    def add_file(self, content: bytes, name: str, kind: str) -> str:
        """Upload a file to the folder as staff do; return its id."""
        answer = requests.post(
            f"{self.url}/files",
            data={"folder": FOLDER, "title": name},
            files={"file": (name, content, kind)},
            headers={"Authorization": f"Bearer {self._admin_token}"},
            timeout=30,
        )
        return answer.json()["data"]["id"]

    def as_customer(self, person: Any, method: str, path: str, body: Any = None) -> Any:
        """Ask with a customer's own token, around the site."""
        who = {"email": person.email, "password": person.password}
        login = requests.post(f"{self.url}/auth/login", json=who, timeout=30)
        token = login.json()["data"]["access_token"]
        return requests.request(
            method,
            self.url + path,
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )

    def empty(self) -> None:
        """Delete all rows and files."""
        rule = {"query": {"filter": {"id": {"_nnull": True}}, "limit": -1}}
        self.admin.call("DELETE", "/items/documents", rule)
        if found := [file["id"] for file in self.files()]:
            self.admin.call("DELETE", "/files", found)

    def close(self) -> None:
        """Delete the collection, its folder and its rights."""
        for undo in reversed(self._undo):
            undo()

    def _make(self) -> None:
        folder = {"id": FOLDER, "name": "documents: files of customers"}
        self._create("/folders", folder, f"/folders/{FOLDER}")
        key = {"field": "id", "type": "uuid", "meta": {"special": ["uuid"]}}
        key |= {"schema": {"is_primary_key": True}}
        fields = [key, *(_field(*each) for each in FIELDS.items())]
        body = {"collection": "documents", "schema": {}, "meta": {}, "fields": fields}
        self._create("/collections", body, "/collections/documents")
        for name, shape in FIELDS.items():
            if target := shape.get("schema", {}).get("foreign_key_table"):
                relation = {"collection": "documents", "field": name}
                relation |= {"related_collection": target}
                relation |= {"schema": {"on_delete": "SET NULL"}}
                self.admin.call("POST", "/relations", relation)

    def _create(self, path: str, body: dict[str, Any], made: str) -> None:
        self.admin.call("POST", path, body)
        self._undo.append(lambda: self.admin.call("DELETE", made))

    def _let_customers(self) -> None:
        for action, fields in RIGHTS.items():
            rule = {} if action == "create" else {"permissions": OWN}
            preset = {"presets": {"owner": "$CURRENT_USER"}}
            extra = preset if action == "create" else rule
            self._grant(
                ids.CUSTOMER_POLICY, action, fields=sorted(fields) or ["*"], **extra
            )

    def _grant(self, policy: str, action: str, **right: Any) -> None:
        row = {"policy": policy, "collection": "documents", "action": action}
        row |= {"fields": ["*"], "permissions": {}} | right
        if self.major == 10:
            del row["policy"]
            is_site = policy == ids.SERVICE_POLICY
            row["role"] = ids.SERVICE_ROLE if is_site else self.customer_role
        self.admin.call("POST", "/permissions", row)

    def _let_site(self) -> None:
        """Let the site read descriptions, and keep files in the folder."""
        self._grant(ids.SERVICE_POLICY, "read", permissions={"id": {"_null": True}})
        self._widen("directus_fields", "read", permissions=DESCRIBED)
        self._widen("directus_files", "read", permissions=FOLDERS)
        self._widen("directus_files", "delete", permissions=FOLDERS)
        rule = {"_and": [{"folder": {"_nnull": True}}, FOLDERS]}
        self._widen("directus_files", "create", validation=rule)

    def _widen(self, collection: str, action: str, **values: Any) -> None:
        owner = "role" if self.major == 10 else "policy"
        wanted = {ids.SERVICE_ROLE, ids.SERVICE_POLICY}
        rows = self.admin.call("GET", "/permissions?limit=-1")
        (row,) = [
            row
            for row in rows
            if (row["collection"], row["action"]) == (collection, action)
            and row[owner] in wanted
        ]
        before = {name: row[name] for name in values}
        path = f"/permissions/{row['id']}"
        self.admin.call("PATCH", path, values)
        self._undo.append(lambda: self.admin.call("PATCH", path, before))


def _field(name: str, shape: dict[str, Any]) -> dict[str, Any]:
    meta = {each: shape[each] for each in shape if each not in {"type", "schema"}}
    if name == "owner":
        meta["special"] = ["m2o"]
    if "interface" in meta and meta["interface"].startswith("file"):
        meta["options"] = {"folder": FOLDER}
    return {"field": name, "type": shape["type"], "schema": {}, "meta": meta}
