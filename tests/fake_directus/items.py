"""/items: rows of collections, with filters, rules, validation and errors as measured.

As version 11 on SQLite answers. Customers have the `rights` of the collection, and the
site reads and deletes rows that have an owner. With `state.takes_rules = False`, as on
version 12 without a licence, the site has all rights and customers have none.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any

from . import answers
from .answers import Answer, Refusal, data, nothing
from .asked import Asked, Caller
from .collections import ALL, FakeCollection, Junction
from .limits import limit_of
from .state import FakeUser, State

Row = dict[str, Any]
LOGICAL = {"_and": all, "_or": any}
USERS = "directus_users"
# What `directus_setup` gives the site, beside descriptions.
OF_SITE: dict[str, frozenset[str]] = {"read": ALL, "delete": ALL}


def list_items(state: State, asked: Asked, caller: Caller | None, name: str) -> Answer:
    """GET /items/<collection>."""
    found = _Items(state, caller, name)
    fields = found.checked("read", asked.query.get("fields", "*").split(","))
    rule = json.loads(asked.query.get("filter", "{}"), object_hook=_parsed)
    rows = found.matching("read", rule)
    for key in reversed(asked.query.get("sort", "").split(",")):
        if key:
            found.checked("read", [key.lstrip("-")])
            _sort(rows, key)
    limit, offset = limit_of(state, asked), int(asked.query.get("offset", "0"))
    page = rows[offset : None if limit == -1 else offset + limit]
    deep = json.loads(asked.query.get("deep", "{}"))
    shown = [found.shown(row, fields, deep) for row in page]
    if "meta" in asked.query:
        return data(shown, meta={"filter_count": len(rows)})
    return data(shown)


def create_item(state: State, asked: Asked, caller: Caller | None, name: str) -> Answer:
    """POST /items/<collection>, with one row."""
    found = _Items(state, caller, name)
    values = dict(asked.body)
    found.checked("create", list(values))
    found.check_owner(values)
    found.check_values(values)
    row = found.insert(values)
    return found.read_back([row], asked, single=True)


def update_items(
    state: State, asked: Asked, caller: Caller | None, name: str
) -> Answer:
    """PATCH /items/<collection>, by query."""
    found = _Items(state, caller, name)
    values = dict(asked.body["data"])
    rows = found.chosen("update", asked)
    found.checked("update", list(values))
    found.check_values(values, rows)
    for row in rows:
        found.change(row, values)
    return found.read_back(rows, asked)


def delete_items(
    state: State, asked: Asked, caller: Caller | None, name: str
) -> Answer:
    """DELETE /items/<collection>, by query."""
    found = _Items(state, caller, name)
    found.checked("delete", [])
    for row in found.chosen("delete", asked):
        found.collection.rows.remove(row)
        found.unlink(row)
    return nothing()


def describe_fields(
    state: State, asked: Asked, caller: Caller | None, name: str
) -> Answer:
    """GET /fields/<collection>: for the site, which may read their descriptions."""
    if caller is None or not (caller.is_service or caller.is_admin):
        raise answers.forbidden_collection("directus_fields")
    collection = state.collections.get(name)
    if collection is None:
        raise answers.forbidden()
    return data(list(collection.fields.values()))


def list_relations(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /relations: those of lists of files, for the site."""
    is_site = caller is not None and caller.is_service
    if not is_site or "directus_relations.read" in state.lacks:
        raise answers.forbidden_collection("directus_relations")
    lists = [each.lists.values() for each in state.collections.values()]
    return data([junction.relation() for found in lists for junction in found])


def rows_of(
    state: State, caller: Caller | None, name: str, action: str, key: str
) -> list[Row]:
    """Return the row with a key if the caller may do something with it."""
    found = _Items(state, caller, name)
    rows = (row for row in found.collection.rows if found.may(action, row))
    return [row for row in rows if str(row[found.collection.key]) == key]


class _Items:
    """A collection, as a caller sees it."""

    def __init__(self, state: State, caller: Caller | None, name: str) -> None:
        if name not in state.collections or caller is None:
            raise answers.forbidden_collection(name)
        self.state, self.caller = state, caller
        self.collection: FakeCollection = state.collections[name]

    @property
    def _is_free(self) -> bool:
        is_site = self.caller.is_service and not self.state.takes_rules
        return is_site or self.caller.is_admin

    def _rights(self, action: str) -> frozenset[str]:
        if self._is_free:
            return ALL
        rights = OF_SITE if self.caller.is_service else self.collection.rights
        if action not in rights:
            raise answers.forbidden_collection(self.collection.name)
        return rights[action]

    def checked(self, action: str, names: list[str]) -> list[str]:
        """Return the fields, `*` replaced by all that are allowed, or refuse."""
        allowed, known = self._rights(action), list(self.collection.fields)
        if "*" not in allowed:
            known = [name for name in known if name in allowed]
        for name in names:
            first, _, rest = name.partition(".")
            if name != "*" and first not in known:
                raise answers.forbidden_field(name, self.collection.name)
            if rest:
                self._check_related(first, rest)
        return known if "*" in names else names

    def _check_related(self, name: str, path: str) -> None:
        target = self.collection.target_of(name)
        if name in self.collection.lists:
            target = self.collection.lists[name].name
        if target != USERS:
            _Items(self.state, self.caller, target).checked("read", [path])
        elif path not in self.state.customer_reads:
            raise answers.forbidden_field(path, USERS)

    def may(self, action: str, row: Row) -> bool:
        """Tell whether the rule of an action lets the caller at a row."""
        self._rights(action)
        owner = row.get(self.collection.owner)
        if self._is_free:
            return True
        if self.collection.junction is not None:
            # The site reads the columns alone.
            return not self.caller.is_service and self._may_parent(row)
        if self.caller.is_service:
            return owner is not None
        if not self._fits(self.collection, row, self.collection.only.get(action, {})):
            return False
        return not self.collection.owner or owner == self.caller.id

    def _may_parent(self, row: Row) -> bool:
        """Tell whether the row that a junction's row points at is the caller's."""
        junction = self.collection.junction
        assert junction is not None
        parent = self.state.collections[junction.parent]
        found = _find(parent, row[junction.back])
        return found is not None and found[parent.owner] == self.caller.id

    def matching(self, action: str, rule: Row) -> list[Row]:
        """Return the rows that match a filter and that the caller may reach."""
        self._check_rule(rule)
        rows = [row for row in self.collection.rows if self.may(action, row)]
        return [row for row in rows if self._fits(self.collection, row, rule)]

    def chosen(self, action: str, asked: Asked) -> list[Row]:
        """Return the rows to write; refuse if one of them may not be written.

        The fields in the filter are not checked.
        """
        query = asked.body["query"]
        rows = self.collection.rows
        rows = [
            row for row in rows if self._fits(self.collection, row, query["filter"])
        ]
        rows = rows[: query.get("limit", 100)]
        if any(not self.may(action, row) for row in rows):
            raise answers.forbidden()
        return rows

    def _check_rule(self, rule: Row, path: str = "") -> None:
        for name, condition in rule.items():
            if name in LOGICAL:
                for each in condition:
                    self._check_rule(each)
                continue
            self._check_condition(f"{path}{name}", condition)

    def _check_condition(self, path: str, condition: Row) -> None:
        self.checked("read", [path])
        for operator in condition:
            if not operator.startswith("_"):
                self._check_rule(condition, f"{path}.")
        kind = self.collection.fields[path.partition(".")[0]]["type"]
        if "_icontains" in condition and kind not in {"string", "text"}:
            operator = 'does not contain the "_icontains" filter operator'
            raise answers.invalid_query(f'"{kind}" field type {operator}')

    def _fits(self, collection: FakeCollection, row: Row, rule: Row) -> bool:
        return all(
            LOGICAL[name](self._fits(collection, row, each) for each in condition)
            if name in LOGICAL
            else self._fits_field(collection, row, name, condition)
            for name, condition in rule.items()
        )

    def _fits_field(
        self, collection: FakeCollection, row: Row, name: str, condition: Row
    ) -> bool:
        value = row.get(name)
        for operator, wanted in condition.items():
            if not operator.startswith("_"):
                other = self.state.collections[collection.target_of(name)]
                related = _find(other, value)
                if related is None or not self._fits(other, related, condition):
                    return False
            elif not _compare(operator, value, wanted):
                return False
        return True

    def shown(self, row: Row, fields: list[str], deep: Any = None) -> Row:
        """Return a row as JSON, with related rows where a path asks for them.

        `deep` says how many of several related rows: 100 without it.
        """
        out: Row = {}
        # A path takes the place of the key.
        for path in sorted(fields, key=lambda path: "." in path):
            name, _, rest = path.partition(".")
            if name in self.collection.lists:
                limit = (deep or {}).get(name, {}).get("_limit", 100)
                found = self._links(self.collection.lists[name], row, limit)
                out[name] = [
                    {rest: each[rest]} if rest else each["id"] for each in found
                ]
                continue
            if not rest:
                out[name] = row.get(name)
                continue
            related = self._related(name, row.get(name))
            if related is None:
                out[name] = None
            else:
                known = out.get(name)
                found = known if isinstance(known, dict) else {}
                out[name] = found | {rest: related.get(rest)}
        return out

    def _links(self, junction: Junction, row: Row, limit: int) -> list[Row]:
        """Return a row's links to files, in the order of staff if it may be read."""
        other = _Items(self.state, self.caller, junction.name)
        found = [
            each
            for each in other.collection.rows
            if each[junction.back] == row[self.collection.key]
            and other.may("read", each)
        ]
        if junction.order and {junction.order, "*"} & other._rights("read"):
            found.sort(key=lambda each: _order(each[junction.order]))
        most = self.state.query_limit_max
        limit = most or len(found) if limit == -1 else limit
        return found[:limit]

    def _related(self, name: str, key: Any) -> Row | None:
        target = self.collection.target_of(name)
        if target == USERS:
            return _row_of(self.state.users.get(key))
        other = _Items(self.state, self.caller, target)
        found = _find(other.collection, key)
        return found if found is not None and other.may("read", found) else None

    def check_owner(self, values: Row) -> None:
        """Refuse a row for another customer, and preset the owner of the rest."""
        owner = self.collection.owner
        if self._is_free or not owner:
            return
        if values.setdefault(owner, self.caller.id) != self.caller.id:
            raise answers.failed_validation(owner, "eq", valid=self.caller.id)

    def check_values(self, values: Row, rows: list[Row] | None = None) -> None:
        """Refuse values as the operator's rules and the columns do, all at once."""
        refusals = [
            refusal
            for name, value in values.items()
            for refusal in [self._refusal(name, value)]
            if refusal is not None
        ]
        if refusals:
            raise answers.together(refusals)
        for name, value in values.items():
            self._check_column(name, value, rows or [])

    def _refusal(self, name: str, value: Any) -> Refusal | None:
        described = self.collection.fields[name]
        rule = described["meta"].get("validation") or {}
        rule = rule.get(name, rule).get("_regex")
        if rule and isinstance(value, str) and not re.search(rule, value):
            return answers.failed_validation(name, "regex", invalid=value)
        if value is None and not described["schema"]["is_nullable"]:
            return answers.failed_validation(name, "nnull")
        return None

    def _check_column(self, name: str, value: Any, rows: list[Row]) -> None:
        collection = self.collection
        schema = collection.fields[name]["schema"] or {}
        others = [row for row in collection.rows if row not in rows]
        is_taken = any(row.get(name) == value for row in others)
        if schema.get("is_unique") and value is not None and is_taken:
            raise answers.not_unique(name, value, collection.name)
        target = self.state.collections.get(collection.target_of(name))
        if target and isinstance(value, dict):
            self._write_related(target, value)
        elif target and value is not None and _find(target, value) is None:
            # Without a field, as SQLite says it.
            facts = {"collection": None, "field": None, "value": None}
            text = "Invalid foreign key."
            raise Refusal(400, "INVALID_FOREIGN_KEY", text, **facts)

    def _write_related(self, target: FakeCollection, value: Row) -> None:
        """Change the related row, as Directus does with an object in a relation."""
        if not self._is_free:
            raise answers.forbidden_collection(target.name)
        row = _find(target, value.get(target.key))
        assert row is not None, "the fake makes no related rows"
        row |= value

    def insert(self, values: Row) -> Row:
        """Store a new row."""
        collection = self.collection
        row: Row = {name: _default(collection, name) for name in collection.fields}
        row[collection.key] = values.get(collection.key) or collection.new_key()
        row |= values
        self._stamp(row, "created")
        collection.rows.append(row)
        return row

    def change(self, row: Row, values: Row) -> None:
        """Change a row."""
        row |= values
        self._stamp(row, "updated")

    def _stamp(self, row: Row, what: str) -> None:
        for name in self.collection.fields:
            special = self.collection.special(name)
            if f"date-{what}" in special:
                row[name] = _now(self.state)
            if f"user-{what}" in special:
                row[name] = self.caller.id

    def unlink(self, row: Row) -> None:
        """Let the links of a deleted row point at none, as the columns say."""
        for junction in self.collection.lists.values():
            for each in self.state.collections[junction.name].rows:
                if each[junction.back] == row[self.collection.key]:
                    each[junction.back] = None

    def read_back(
        self, rows: list[Row], asked: Asked, *, single: bool = False
    ) -> Answer:
        """Answer with the written rows, or 204 if the caller may not read them."""
        try:
            fields = self.checked("read", asked.query.get("fields", "*").split(","))
        except Refusal:
            return nothing()
        shown = [self.shown(row, fields) for row in rows if self.may("read", row)]
        return data(shown[0]) if single and shown else data(shown)


def _find(collection: FakeCollection, key: Any) -> Row | None:
    rows = (row for row in collection.rows if str(row[collection.key]) == str(key))
    return next(rows, None) if key is not None else None


def _row_of(user: FakeUser | None) -> Row | None:
    return None if user is None else dict(vars(user))


def _default(collection: FakeCollection, name: str) -> Any:
    return (collection.fields[name]["schema"] or {}).get("default_value")


def _now(state: State) -> str:
    moment = datetime.fromtimestamp(state.now, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _sort(rows: list[Row], key: str) -> None:
    name = key.lstrip("-")
    # SQLite puts null first.
    rows.sort(key=lambda row: _order(row.get(name)), reverse=key.startswith("-"))


def _order(value: Any) -> tuple[int, Any]:
    return (0, 0) if value is None else (1, value)


def _parsed(rule: Row) -> Row:
    """Replace texts that are names of values, as Directus does in a filter."""
    return {
        name: NAMED.get(value, value) if isinstance(value, str) else value
        for name, value in rule.items()
    }


# `$NOW` is a moment, which is no text, either.
NAMED = {
    "null": None,
    "NULL": None,
    "true": True,
    "false": False,
    "$NOW": 0,
    "$CURRENT_USER": "00000000-0000-4000-8000-000000000000",
}


def _compare(operator: str, value: Any, wanted: Any) -> bool:
    if operator == "_icontains" and not isinstance(wanted, str):
        raise Refusal(500, "INTERNAL_SERVER_ERROR", "An unexpected error occurred.")
    match operator:
        case "_eq":
            return value == wanted
        case "_neq":
            return value != wanted
        case "_in":
            return value in wanted
        case "_nin":
            return value not in wanted
        case "_null":
            return (value is None) == wanted
        case "_nnull":
            return (value is not None) == wanted
        case "_icontains":
            return wanted.lower() in str(value or "").lower()
        case "_gt" | "_gte" | "_lt" | "_lte":
            return value is not None and _ordered(operator, value, wanted)
    raise AssertionError(f"the fake does not know {operator}")


def _ordered(operator: str, value: Any, wanted: Any) -> bool:
    if operator.endswith("e") and value == wanted:
        return True
    return value > wanted if operator.startswith("_g") else value < wanted
