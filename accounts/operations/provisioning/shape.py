"""The collections of customers' own rows: their fields and relations.

The same for those that are there and for those that the set-up makes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...directus import DirectusClient
from ...directus.declared import Blueprint, Declared, Payload, is_file_list

Row = dict[str, Any]

USERS, FILES = "directus_users", "directus_files"
_NAMED = re.compile(r"{{\s*([\w.]+)\s*}}")


@dataclass(frozen=True)
class Step:
    """A relation from a row to others.

    Attributes:
        collection: of the other rows.
        back: their field that points back; empty if the first row points at them.
    """

    collection: str
    back: str = ""


@dataclass(frozen=True)
class Shape:
    """Fields by collection and by name, and relations, as Directus' API has them."""

    fields: Mapping[str, Mapping[str, Payload]] = field(default_factory=dict)
    relations: list[Row] = field(default_factory=list)

    def has(self, collection: str, name: str) -> bool:
        """Return whether a collection has a field."""
        return name in self.fields.get(collection, {})

    def key_of(self, collection: str) -> str:
        """Return the primary key of a collection."""
        for name, row in self.fields.get(collection, {}).items():
            if (row.get("schema") or {}).get("is_primary_key"):
                return name
        return "id"

    def follow(self, collection: str, name: str) -> Step | None:
        """Return where a field leads; None if it is no relation."""
        for row in self.relations:
            one, many = row["related_collection"], (row["collection"], row["field"])
            if many == (collection, name) and one:
                return Step(one)
            if one == collection and (row.get("meta") or {}).get("one_field") == name:
                return Step(*many)
        return None

    def is_file_list(self, collection: str, name: str) -> bool:
        """Return whether a field leads to files through a junction collection."""
        return is_file_list(self.fields.get(collection, {}).get(name, {}))

    def _through(self, collection: str, name: str) -> list[str]:
        """Return the fields of a junction collection: the other row's, the order's."""
        for row in self.relations:
            meta = row.get("meta") or {}
            if (
                row["related_collection"] == collection
                and meta.get("one_field") == name
            ):
                found = [meta.get(key) for key in ("junction_field", "sort_field")]
                return list(filter(None, found))
        return []

    def walk(self, collection: str, path: str) -> Iterator[tuple[Step, str]]:
        """Yield each relation on a path, with the name that follows it.

        Directus' own collections end the path: no right on them comes from it.
        """
        name, _, rest = path.partition(".")
        step = self.follow(collection, name) if rest else None
        if step is None or step.collection.startswith("directus_"):
            return
        yield step, rest.partition(".")[0]
        yield from self.walk(step.collection, rest)

    def paths(self, declared: Declared) -> list[str]:
        """Return the paths of a declaration, with those of labels of related rows."""
        found = declared.paths
        for name in found.copy():
            if name in declared.labelled_fields:
                continue
            found += [f"{name}.{each}" for each in self._labels(declared.name, name)]
        return list(dict.fromkeys(found))

    def _labels(self, collection: str, name: str) -> list[str]:
        """Return the fields of the rows that a field offers, for their labels.

        Those of a list of files are of its junction collection. Without the right to
        the order, Directus sorts by the key.
        """
        if self.is_file_list(collection, name):
            return self._through(collection, name)
        step = self.follow(collection, name)
        if step is None or step.back:
            return []
        row = self.fields.get(collection, {}).get(name, {})
        options = (row.get("meta") or {}).get("options") or {}
        named = _NAMED.findall(str(options.get("template") or ""))
        return named or [self._usual_label(step.collection)]

    def _usual_label(self, collection: str) -> str:
        """Return the field that labels rows without a template, as forms choose it."""
        rows, key = self.fields.get(collection, {}), self.key_of(collection)
        usual = [name for name in ("name", "title") if name in rows]
        texts = (n for n, row in rows.items() if n != key and _is_shown_text(row))
        return next(iter([*usual, *texts, key]))


def _is_shown_text(row: Payload) -> bool:
    meta = row.get("meta") or {}
    is_concealed = {"conceal", "hash"} & {*(meta.get("special") or [])}
    return row.get("type") == "string" and not (meta.get("hidden") or is_concealed)


def read_shape(client: DirectusClient, declared: Iterable[Declared]) -> Shape:
    """Read the present shape of the declared and related collections."""
    declared = list(declared)
    if not declared:
        return Shape()
    there = {row["collection"] for row in client.get("/collections")}
    shape = Shape({}, client.get("/relations"))
    names = {name for name, _blueprint in blueprints(declared)}
    names |= {
        junction
        for name, blueprint in blueprints(declared)
        for junction, _field in lists_in(name, blueprint)
    }
    for each in declared:
        steps = (step for path in each.paths for step in shape.walk(each.name, path))
        names |= {step.collection for step, _name in steps}
        names |= {
            step.collection
            for name in each.fields
            if (step := shape.follow(each.name, name))
        }
    own = {name for name in names & there if not name.startswith("directus_")}
    rows = {name: client.get(f"/fields/{name}") for name in sorted(own)}
    fields = {
        name: {row["field"]: row for row in found} for name, found in rows.items()
    }
    return Shape(fields, shape.relations)


def blueprints(declared: Iterable[Declared]) -> Iterator[tuple[str, Blueprint | None]]:
    """Yield names and blueprints: related collections before those that name them."""
    for each in declared:
        if each.blueprint is not None:
            yield from _related(each.blueprint)
        yield each.name, each.blueprint


def lists_in(name: str, blueprint: Blueprint | None) -> Iterator[tuple[str, str]]:
    """Yield each list of files: its junction collection if it is made, its field."""
    for each in blueprint.file_lists if blueprint else ():
        yield f"{name}_{each}", each


def _related(blueprint: Blueprint) -> Iterator[tuple[str, Blueprint]]:
    for name, other in blueprint.related.items():
        yield from _related(other)
        yield name, other
