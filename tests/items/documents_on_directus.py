"""The collection of tests/items/documents.py on a real Directus.

Operators have made it; `directus_setup` gives the rights and makes the folder.
"""

from typing import Any

import requests

from accounts.directus import BearerAuth, Declared, DirectusClient, Transport, ids
from accounts.operations.provisioning import apply_plan, make_plan
from accounts.operations.provisioning.state import read_state
from accounts.operations.provisioning.wanted import UNCHANGED, Options
from dashboard.tickets import tickets
from tests.stack import RunningStack

from .documents import FIELDS, LISTS
from .documents import documents as declaration
from .real_collections import RealCollections

FOLDER = ids.DEFAULT.items_folder("documents")


class RealDocuments(RealCollections):
    """`documents` with its lists of files; `close` deletes all of it.

    Args:
        stack: a running Directus, set up by `directus_setup`.
    """

    names = (*(f"documents_{name}" for name in LISTS), "documents")

    def __init__(self, stack: RunningStack) -> None:
        super().__init__(stack)
        self._admin_token = stack.state.secrets()["admin_token"]
        self.make("documents", FIELDS, "uuid")
        for name, columns in LISTS.items():
            self._make_list(name, **columns)
        self.set_up()

    def set_up(self, *more: Declared) -> list[str]:
        """Do what `directus_setup` does; return the changes, in words."""
        auth = BearerAuth(self._admin_token)
        client = DirectusClient(Transport(self.url), auth=auth)
        options = Options(
            customer_role=self.customer_role,
            open_registration=UNCHANGED,
            collections=(tickets.declaration, declaration.declaration, *more),
        )
        state = read_state(client, options)
        plan = make_plan(state, options, token_works=True)
        apply_plan(client, plan)
        assert not plan.differences
        return [f"{each.kind} {each.name}" for each in plan.changes]

    def files(self) -> list[dict[str, Any]]:
        """Return the rows of all files in the folder."""
        return self.admin.call("GET", f"/files?limit=-1&filter[folder][_eq]={FOLDER}")

    def add_file(
        self, content: bytes, name: str, kind: str, *, folder: str = FOLDER, title=""
    ) -> str:
        """Upload a file to the folder as staff do; return its id."""
        answer = requests.post(
            f"{self.url}/files",
            data={"title": title or name} | ({"folder": folder} if folder else {}),
            files={"file": (name, content, kind)},
            headers={"Authorization": f"Bearer {self._admin_token}"},
            timeout=30,
        )
        return answer.json()["data"]["id"]

    def link(self, name: str, pk: Any, *file_ids: str | None) -> None:
        """Add files to a list of a row, in this order."""
        columns = LISTS[name]
        for place, file_id in enumerate(file_ids):
            row = {"documents_id": pk, columns["file_key"]: file_id}
            row |= {columns["order"]: place} if columns["order"] else {}
            self.add_item(f"documents_{name}", **row)

    def as_customer(self, person: Any, method: str, path: str, body: Any = None) -> Any:
        """Ask with a customer's own token, around the site."""
        token = self.admin.sign_in(person.email, person.password)
        return requests.request(
            method,
            self.url + path,
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )

    def empty(self) -> None:
        """Delete all rows and files."""
        super().empty()
        if found := [file["id"] for file in self.files()]:
            self.admin.call("DELETE", "/files", found)

    def drop(self) -> None:
        """Delete the collections and the folder."""
        super().drop()
        self.admin.call("DELETE", f"/folders/{FOLDER}")

    def _make_list(self, name: str, *, file_key: str, order: str) -> None:
        """Make the junction collection of a list, as Directus' own app does."""
        junction, back = f"documents_{name}", "documents_id"
        columns = {back: "uuid", file_key: "uuid"} | (
            {order: "integer"} if order else {}
        )
        self.make(junction, columns, "integer")
        to_row = {"one_field": name, "junction_field": file_key}
        to_row |= {"sort_field": order} if order else {}
        self.relate(junction, back, "documents", **to_row)
        self.relate(junction, file_key, "directus_files", junction_field=back)
