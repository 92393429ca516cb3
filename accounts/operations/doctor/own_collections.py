"""The data about customers' own collections that the checks read."""

from functools import cached_property
from typing import Any

from ...directus import Declared, DirectusClient, Forbidden
from ...directus.declared import is_file_list
from ..own_collections import declared_collections
from ..provisioning.shape import Shape

Row = dict[str, Any]


class OwnCollections:
    """The part of `Site` that is about declared collections."""

    @cached_property
    def service(self) -> DirectusClient:
        """The client with the service token."""
        raise NotImplementedError

    @cached_property
    def declared(self) -> tuple[Declared, ...]:
        """The declarations of the site."""
        return declared_collections()

    @cached_property
    def shape(self) -> Shape:
        """The fields that the service token may read; a hidden collection has none."""
        fields: dict[str, dict[str, Row]] = {}
        todo = [each.name for each in self.declared]
        while todo:
            name = todo.pop()
            if name in fields or name.startswith("directus_"):
                continue
            fields[name] = {row["field"]: row for row in self._fields_of(name)}
            todo += [row["related_collection"] for row in _relations(name, fields)]
            todo += [row["collection"] for row in self._back_at(name, fields[name])]
        found = {name: rows for name, rows in fields.items() if rows}
        back = [each for name in found for each in self._back_at(name, found[name])]
        relations = [row for name in found for row in _relations(name, found)]
        return Shape(found, [*relations, *back])

    def _back_at(self, name: str, fields: dict[str, Row]) -> list[Row]:
        """Return the relations from rows that point back, as far as pages show them.

        They are those of lists of files, and of rows such as messages.
        """
        names = {
            field
            for field, row in fields.items()
            if is_file_list(row) or (field in self._on_paths and not row.get("schema"))
        }
        return [
            row
            for row in (self._told_relations if names else [])
            if row["related_collection"] == name
            and (row.get("meta") or {}).get("one_field") in names
        ]

    @cached_property
    def _on_paths(self) -> set[str]:
        """The relations on the paths of the declarations."""
        paths = [path for each in self.declared for path in each.paths]
        return {name for path in paths for name in path.split(".")[:-1]}

    @cached_property
    def _told_relations(self) -> list[Row]:
        try:
            return self.service.read_relations()
        except Forbidden:
            return []

    def item_permissions(self, policies: list[Row]) -> list[Row]:
        """Return the permissions of policies on customers' own collections."""
        ids = {policy["id"] for policy in policies}
        return [row for row in self._item_permissions if row["policy"] in ids]

    @cached_property
    def _item_permissions(self) -> list[Row]:
        return self._permissions_on(*self.shape.fields) if self.shape.fields else []

    def _permissions_on(self, *collections: str) -> list[Row]:
        raise NotImplementedError

    def _fields_of(self, name: str) -> list[Row]:
        try:
            return self.service.describe_fields(name)
        except Forbidden:
            return []


def _relations(name: str, fields: dict[str, dict[str, Row]]) -> list[Row]:
    """Return the relations of a collection's own columns."""
    found = []
    for field, row in fields[name].items():
        if other := (row.get("schema") or {}).get("foreign_key_table"):
            relation = {"collection": name, "field": field, "meta": None}
            found.append(relation | {"related_collection": other})
    return found
