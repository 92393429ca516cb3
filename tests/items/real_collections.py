"""Collections of a test on a real Directus, made as operators make them."""

from typing import Any

from accounts.directus import ids
from tests.stack import RunningStack

Shape = dict[str, Any]
# Two of the ways in which operators make a primary key.
KEYS: dict[str, Shape] = {
    "uuid": {"type": "uuid", "special": ["uuid"], "schema": {"is_primary_key": True}},
    "integer": {
        "type": "integer",
        "schema": {"is_primary_key": True, "has_auto_increment": True},
    },
}


class RealCollections:
    """Collections with the verbs of the fake: `add_item`, `items_of`, `change_item`.

    Args:
        stack: a running Directus, set up by `directus_setup`.
    """

    # Those to delete at the end, related ones last.
    names: tuple[str, ...] = ()

    def __init__(self, stack: RunningStack) -> None:
        self.admin = stack.admin
        self.url = stack.directus.url
        self.major = stack.directus.version.major
        self.customer_role = stack.customer_role
        self._stack = stack

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
            is_site = policy == ids.SERVICE_POLICY
            row["role"] = ids.SERVICE_ROLE if is_site else self.customer_role
        self.admin.call("POST", "/permissions", row)

    def make(self, name: str, fields: dict[str, Any], key_type: str) -> None:
        """Make a collection, and the relations of its fields to others."""
        shapes = {
            each: {"type": shape} if isinstance(shape, str) else shape
            for each, shape in fields.items()
        }
        made = {"id": KEYS[key_type], **shapes}
        body = {"collection": name, "schema": {}, "meta": {}}
        body["fields"] = [_field(*each) for each in made.items()]
        self.admin.call("POST", "/collections", body)
        for each, shape in shapes.items():
            if target := shape.get("schema", {}).get("foreign_key_table"):
                self.relate(name, each, target)

    def relate(self, collection: str, field: str, target: str, **meta: Any) -> None:
        """Let a field point at rows of another collection."""
        row = {"collection": collection, "field": field, "related_collection": target}
        row |= {"schema": {"on_delete": "SET NULL"}, "meta": meta}
        self.admin.call("POST", "/relations", row)

    def empty(self) -> None:
        """Delete all rows."""
        rule = {"query": {"filter": {"id": {"_nnull": True}}, "limit": -1}}
        for name in self.names:
            self.admin.call("DELETE", f"/items/{name}", rule)

    def close(self) -> None:
        """Delete the collections, and set Directus up for the site alone."""
        self.drop()
        self._stack.provision()

    def drop(self) -> None:
        """Delete the collections; Directus deletes the rights to them."""
        for name in self.names:
            self.admin.call("DELETE", f"/collections/{name}")


def _field(name: str, shape: Shape) -> dict[str, Any]:
    schema = dict(shape.get("schema", {}))
    target = schema.pop("foreign_key_table", None)
    meta = {each: shape[each] for each in shape if each not in {"type", "schema"}}
    if target:
        meta = {"special": ["m2o"]} | meta
    is_alias = shape["type"] == "alias"
    return {
        "field": name,
        "type": shape["type"],
        "schema": None if is_alias else schema,
        "meta": meta,
    }
