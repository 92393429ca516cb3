"""The collections of tests/items/conftest.py on a real Directus, and their rights.

They stand in for the site's own tickets while the tests of a module run.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from accounts.directus import ids
from tests.stack import RunningStack

from .fields import CHANGEABLE, FIELDS, PRODUCTS, READABLE, WRITABLE

OWN = {"owner": {"_eq": "$CURRENT_USER"}}
OWNED = {"owner": {"_nnull": True}}
NONE = {"id": {"_null": True}}


class RealShop:
    """`tickets` and `products`; `close` deletes them, with their rights.

    It has the verbs of the fake: `add_item`, `items_of`, `change_item`. Version 12
    without a licence takes no rules: customers have no rights there, the site has all.

    Args:
        stack: a running Directus, set up by `directus_setup`.
    """

    def __init__(self, stack: RunningStack) -> None:
        self.admin = stack.admin
        self.url = stack.directus.url
        self.major = stack.directus.version.major
        self.customer_role = stack.customer_role
        self._stack = stack
        self._drop()
        self._make("products", PRODUCTS, "integer")
        self._make("tickets", FIELDS, "uuid")
        if self.takes_rules:
            self._let_customers()
            self._let_site_describe()
        else:
            self._let_site()

    @property
    def takes_rules(self) -> bool:
        """Whether Directus keeps customers apart by rules."""
        return self.major < 12

    def add_item(self, collection: str, **values: Any) -> Any:
        """Add a row as an administrator; return its key."""
        return self.admin.call("POST", f"/items/{collection}", values)["id"]

    def items_of(self, collection: str) -> list[dict[str, Any]]:
        """Return all rows of a collection."""
        return self.admin.call("GET", f"/items/{collection}?limit=-1")

    def change_item(self, collection: str, pk: Any, **values: Any) -> None:
        """Change a row as an administrator."""
        self.admin.call("PATCH", f"/items/{collection}/{pk}", values)

    def grant(self, policy: str, collection: str, action: str, **right: Any) -> None:
        """Give a policy a right to all fields and rows, or to those of `right`."""
        row = {"policy": policy, "collection": collection, "action": action}
        row |= {"fields": ["*"], "permissions": {}} | right
        if self.major == 10:
            del row["policy"]
            row["role"] = self._role_of(policy)
        self.admin.call("POST", "/permissions", row)

    @contextmanager
    def narrowed(self, collection: str, action: str, rule: Any) -> Iterator[None]:
        """Let customers do something with fewer of their rows inside the block."""
        own = json.dumps({"collection": {"_eq": collection}})
        rows = self.admin.call("GET", f"/permissions?limit=-1&filter={quote(own)}")
        (row,) = [
            row for row in rows if row["action"] == action and row["permissions"] == OWN
        ]
        path = f"/permissions/{row['id']}"
        self.admin.call("PATCH", path, {"permissions": {"_and": [OWN, rule]}})
        yield
        self.admin.call("PATCH", path, {"permissions": OWN})

    def empty(self) -> None:
        """Delete all rows."""
        for name in ("tickets", "products"):
            rule = {"query": {"filter": {"id": {"_nnull": True}}, "limit": -1}}
            self.admin.call("DELETE", f"/items/{name}", rule)

    def close(self) -> None:
        """Make the site's own collections again."""
        self._drop()
        self._stack.provision()

    def _drop(self) -> None:
        """Delete the collections; Directus deletes the rights to them."""
        for name in ("tickets", "products"):
            self.admin.call("DELETE", f"/collections/{name}")

    def _make(self, name: str, fields: dict[str, Any], key_type: str) -> None:
        shapes = {each: _shape(shape) for each, shape in fields.items()}
        body = {"collection": name, "schema": {}, "meta": {}}
        body["fields"] = [_key(key_type), *(_field(*each) for each in shapes.items())]
        self.admin.call("POST", "/collections", body)
        for each, shape in shapes.items():
            if target := shape.get("schema", {}).get("foreign_key_table"):
                self._relate(name, each, target)

    def _relate(self, collection: str, field: str, target: str) -> None:
        relation = {"collection": collection, "field": field}
        relation |= {"related_collection": target, "schema": {"on_delete": "SET NULL"}}
        self.admin.call("POST", "/relations", relation)

    def _let_customers(self) -> None:
        customers, mine = ids.CUSTOMER_POLICY, {"permissions": OWN}
        self.grant(customers, "products", "read", fields=["id", "name"])
        self.grant(customers, "tickets", "read", fields=sorted(READABLE), **mine)
        new = {"presets": {"owner": "$CURRENT_USER"}, "validation": OWN}
        self.grant(customers, "tickets", "create", fields=sorted(WRITABLE), **new)
        self.grant(customers, "tickets", "update", fields=sorted(CHANGEABLE), **mine)
        self.grant(customers, "tickets", "delete", **mine)

    def _let_site_describe(self) -> None:
        """Let the site read columns, and the rows of customers to delete them."""
        self.grant(ids.SERVICE_POLICY, "tickets", "read", permissions=OWNED)
        self.grant(ids.SERVICE_POLICY, "tickets", "delete", permissions=OWNED)
        self.grant(ids.SERVICE_POLICY, "products", "read", permissions=NONE)

    def _let_site(self) -> None:
        for action in ("create", "read", "update", "delete"):
            for name in ("tickets", "products"):
                self.grant(ids.SERVICE_POLICY, name, action)

    def _role_of(self, policy: str) -> str:
        is_site = policy == ids.SERVICE_POLICY
        return ids.SERVICE_ROLE if is_site else self.customer_role


def _shape(shape: str | dict[str, Any]) -> dict[str, Any]:
    return {"type": shape} if isinstance(shape, str) else shape


def _key(kind: str) -> dict[str, Any]:
    schema = {"is_primary_key": True, "has_auto_increment": kind == "integer"}
    special = {"special": ["uuid"]} if kind == "uuid" else {}
    return {"field": "id", "type": kind, "schema": schema, "meta": special}


def _field(name: str, shape: dict[str, Any]) -> dict[str, Any]:
    schema = dict(shape.get("schema", {}))
    target = schema.pop("foreign_key_table", None)
    meta = {each: shape[each] for each in shape if each not in {"type", "schema"}}
    meta |= {"special": ["m2o"]} if target else {}
    return {"field": name, "type": shape["type"], "schema": schema, "meta": meta}
