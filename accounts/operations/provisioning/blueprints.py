"""Make declared collections, their fields and relations where they are missing.

What is there stays as it is: operators may have changed it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ...directus.declared import Blueprint, Declared, Payload
from . import junctions
from .shape import FILES, USERS, Row, Shape, blueprints, lists_in
from .wanted import Options

IS_KEY = "is_primary_key"
KEY: Row = {
    "type": "integer",
    "meta": {"hidden": True, "readonly": True, "interface": "input"},
    "schema": {IS_KEY: True, "has_auto_increment": True},
}
OWNER: Row = {
    "type": "uuid",
    "meta": {
        "special": ["m2o"],
        "interface": "select-dropdown-m2o",
        "options": {"template": "{{first_name}} {{last_name}} ({{email}})"},
        "display": "user",
    },
    "schema": {},
}
CHANGED_AT: Row = {
    "type": "timestamp",
    "meta": {
        "special": ["date-updated"],
        "interface": "datetime",
        "display": "datetime",
        "readonly": True,
    },
    "schema": {},
}
# What the site does not rely on, and what Directus writes in its own way.
_FREE = {"sort", "group", "id"}


class Wanted:
    """What the declarations need in Directus.

    Attributes:
        fields: payloads by collection and by name.
        relations: the collection that a field points at, by collection and field.
        texts: by key, then by language.
        makeable: the blueprints of the collections that the set-up can make.
        lists: the collection and the field of each list of files, by the junction
            collection that the set-up makes for it.
    """

    def __init__(self, options: Options) -> None:
        self.fields: dict[str, dict[str, Payload]] = {}
        self.relations: dict[tuple[str, str], str] = {}
        self.texts: dict[str, Mapping[str, str]] = {}
        self.makeable: dict[str, Blueprint] = {}
        self.lists: dict[str, tuple[str, str]] = {}
        self._own = options.site
        by_name = {each.name: each for each in options.collections}
        for name, blueprint in blueprints(options.collections):
            self.fields[name] = {
                **(_usual(by_name[name]) if name in by_name else {"id": KEY}),
                **{row["field"]: row for row in (blueprint or Blueprint()).fields},
            }
            if name in by_name:
                self.relations[name, by_name[name].owner] = USERS
            if blueprint is not None:
                self._add(name, blueprint)

    def _add(self, name: str, blueprint: Blueprint) -> None:
        self.makeable[name] = blueprint
        for junction, field in lists_in(name, blueprint):
            self.lists[junction] = name, field
            self.makeable[junction] = Blueprint(meta={"hidden": True})
            self._into_folder(name, field)
        self.texts |= blueprint.texts
        for field, other in blueprint.relations.items():
            self.relations[name, field] = other
            if other == FILES and field in self.fields[name]:
                self._into_folder(name, field)

    def _into_folder(self, name: str, field: str) -> None:
        folder = self._own.items_folder(name)
        self.fields[name][field] = _in_folder(self.fields[name][field], folder)

    def _wanted_fields(self, present: Shape) -> dict[str, dict[str, Payload]]:
        """Return all fields, also of the junction collections that are to be made."""
        found = dict(self.fields)
        for junction, name, _field in self._lists_to_make(present):
            key = present.key_of(name)
            here = present.fields.get(name, {}).get(key) or self._key_of(name)
            found[junction] = {"id": KEY, **junctions.fields(name, here)}
        return found

    def _lists_to_make(self, present: Shape) -> Iterator[tuple[str, str, str]]:
        """Yield the junction collection, the collection and the field of lists.

        None if a list leads somewhere, or if a present field is none.
        """
        for junction, (name, field) in self.lists.items():
            is_other = present.has(name, field) and not present.is_file_list(
                name, field
            )
            if not is_other and present.follow(name, field) is None:
                yield junction, name, field

    def _key_of(self, name: str) -> Payload:
        payloads = self.fields[name].values()
        keys = (row for row in payloads if (row.get("schema") or {}).get(IS_KEY))
        return next(keys, KEY)

    def missing(self, present: Shape) -> dict[str, dict[str, Payload]]:
        """Return the payloads of missing fields by collection."""
        return {
            name: {
                field: row
                for field, row in fields.items()
                if not present.has(name, field)
            }
            for name, fields in self._wanted_fields(present).items()
            if name in present.fields or name in self.makeable
        }

    def missing_relations(self, present: Shape) -> list[Row]:
        """Return the relations to make; none at a present field that is no relation.

        Those of a junction collection come back: Directus deletes them with the
        collection that they lead to.
        """
        lacking = self.missing(present)
        plain = [
            relation(name, field, other)
            for (name, field), other in self.relations.items()
            if field in lacking.get(name, {})
        ]
        there = {(row["collection"], row["field"]) for row in present.relations}
        of_lists = [
            row
            for place in self._lists_to_make(present)
            for row in junctions.relations(*place)
            if (row["collection"], row["field"]) not in there
        ]
        return [*plain, *of_lists]

    def after(self, present: Shape) -> Shape:
        """Return the shape after the set-up."""
        fields = {name: {**found} for name, found in present.fields.items()}
        for name, lacking in self.missing(present).items():
            fields[name] = fields.get(name, {}) | lacking
        return Shape(fields, [*present.relations, *self.missing_relations(present)])


def _in_folder(payload: Payload, folder: str) -> Payload:
    """Return the payload of a file whose uploads in Directus go to a folder."""
    meta = payload.get("meta") or {}
    options = {"folder": folder, **(meta.get("options") or {})}
    return {**payload, "meta": {**meta, "options": options}}


def _usual(declared: Declared) -> dict[str, Payload]:
    found: dict[str, Payload] = {declared.key: KEY, declared.owner: OWNER}
    if declared.changed_at:
        found[declared.changed_at] = CHANGED_AT
    return found


def relation(collection: str, field: str, other: str) -> Row:
    """Return the relation of a field. The row stays when the other one is deleted."""
    return {
        "collection": collection,
        "field": field,
        "related_collection": other,
        "meta": {"one_deselect_action": "nullify"},
        "schema": {"on_delete": "SET NULL"},
    }


def new_collection(name: str, fields: Mapping[str, Payload], meta: Payload) -> Row:
    """Return the payload of a collection with its fields."""
    rows = [
        numbered(field, row, place) for place, (field, row) in enumerate(fields.items())
    ]
    return {"collection": name, "schema": {}, "meta": dict(meta), "fields": rows}


def numbered(name: str, payload: Payload, place: int) -> Row:
    """Return the payload of a field with its name and its place in Directus' form."""
    meta = {"sort": place + 1, **(payload.get("meta") or {})}
    return {**payload, "field": name, "meta": meta}


def missing_texts(
    texts: Mapping[str, Mapping[str, str]], present: list[Row]
) -> list[Row]:
    """Return the rows of texts that Directus does not have."""
    there = {(row["key"], row["language"]) for row in present}
    return [
        {"key": key, "language": language, "value": text}
        for key, by_language in texts.items()
        for language, text in by_language.items()
        if (key, language) not in there
    ]


def differences(options: Options, present: Shape) -> Iterator[str]:
    """Yield, in words, where Directus differs; the set-up leaves it so."""
    wanted = Wanted(options)
    after = wanted.after(present)
    for each in options.collections:
        yield from _not_makeable(each, after)
    for name in wanted.makeable:
        found = present.fields.get(name, {})
        for field, payload in wanted.fields.get(name, {}).items():
            if field in found:
                # Of a column with a foreign key, SQLite tells a type of its own.
                keys = [] if (name, field) in wanted.relations else ["type"]
                yield from _differs(f"{name}.{field}", found[field], payload, keys)
    for (name, field), other in wanted.relations.items():
        step = after.follow(name, field)
        if field in after.fields.get(name, {}) and (
            step is None or step.collection != other
        ):
            yield f"{name}.{field} does not point at {other}: change it in Directus."


def _not_makeable(declared: Declared, after: Shape) -> Iterator[str]:
    name = declared.name
    if name not in after.fields:
        yield f"There is no collection {name}: create it in Directus, then repeat this."
        return
    lacking = [field for field in declared.fields if not after.has(name, field)]
    lacking += [path for path in declared.paths if not _leads(after, name, path)]
    if lacking:
        fields = ", ".join(dict.fromkeys(lacking))
        yield f"{name} has no field {fields}: create it in Directus, then repeat this."
    for field in declared.fields:
        if after.is_file_list(name, field) and after.follow(name, field) is None:
            yield f"{name}.{field} leads to no files: make its relation in Directus."


def _leads(shape: Shape, collection: str, path: str) -> bool:
    """Return whether a path to related rows exists."""
    name, _, rest = path.partition(".")
    if not rest:
        return True
    step = shape.follow(collection, name)
    if step is None:
        return False
    if step.collection.startswith("directus_"):
        return True
    first = rest.partition(".")[0]
    return shape.has(step.collection, first) and _leads(shape, step.collection, rest)


def _differs(
    name: str, found: Payload, wanted: Payload, keys: list[str]
) -> Iterator[str]:
    """Yield that some of these keys of a field, or of its form, have other values."""
    changed = [key for key in keys if found.get(key) != wanted.get(key)]
    meta, there = wanted.get("meta") or {}, found.get("meta") or {}
    changed += [
        key for key in meta if key not in _FREE and not _same(there.get(key), meta[key])
    ]
    if changed:
        yield f"{name} differs from the blueprint and stays: {', '.join(changed)}."


def _same(present: Any, wanted: Any) -> bool:
    if isinstance(present, list) and isinstance(wanted, list):
        # Directus adds some of its own, such as `cast-timestamp`.
        return all(each in present for each in wanted)
    return (present or None) == (wanted or None)
