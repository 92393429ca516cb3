"""The permissions on customers' own rows, as data for Directus 11.

Where customers act themselves, rules keep them to their own rows, and the site's token
reads and deletes the rows of customers alone: for the end of an account, which comes
without the customer. Where Directus takes no rules, customers get nothing, and the
site's token acts for them.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from ...directus import ids
from ...directus.declared import Declared
from ...directus.ids import SiteIds
from .permission import ANYTHING, Permission
from .shape import FILES, Shape, Step

Rule = dict[str, Any]
Reads = dict[str, tuple[list[str], Rule]]
ME = "$CURRENT_USER"


def own_rows(declared: Declared) -> Rule:
    """Return the rule for rows of the caller."""
    return {declared.owner: {"_eq": ME}}


def customers_on_items(
    declared: Iterable[Declared], shape: Shape
) -> Iterator[Permission]:
    """Yield the permissions of customers: on their own rows, and to read related ones.

    Operators may narrow the rules; the set-up keeps that.
    """
    declared = [each for each in declared if each.name in shape.fields]
    for each in declared:
        own = own_rows(each)
        reads = _existing(shape, each, each.fields)
        yield _customers("read", each.name, reads, own)
        yield from _written(shape, each, own)
        if each.can_delete:
            yield _customers("delete", each.name, ["*"], own)
    for name, (fields, rule) in _related(declared, shape).items():
        yield _customers("read", name, fields, rule)


def _written(shape: Shape, each: Declared, own: Rule) -> Iterator[Permission]:
    never = {"*", each.key, each.changed_at}
    if each.create_fields:
        fields = _writable(shape, each, [*each.create_fields, each.owner])
        yield _customers(
            "create",
            each.name,
            fields,
            None,
            # `_eq` accepts a missing owner; the preset comes first.
            validation={"_and": [{each.owner: {"_nnull": True}}, own]},
            presets={each.owner: ME},
            forbidden=frozenset(never - {*each.create_fields}),
        )
    if each.update_fields:
        fields = _writable(shape, each, each.update_fields)
        never |= {each.owner}
        checks = [{name: {"_in": [*may]}} for name, may in each.only_values.items()]
        yield _customers(
            "update",
            each.name,
            fields,
            own,
            validation={"_and": checks} if checks else None,
            forbidden=frozenset(never),
        )


def site_on_items(
    declared: Iterable[Declared],
    shape: Shape,
    customer_role: str,
    *,
    acts: bool,
    own: SiteIds = ids.DEFAULT,
) -> Iterator[Permission]:
    """Yield the permissions of the site's token.

    Args:
        acts: whether it acts for customers, because Directus takes no rules.
    """
    declared = [each for each in declared if each.name in shape.fields]
    for each in declared:
        # Of no other user: the token deletes no other users, either.
        rule = {each.owner: {"role": {"_eq": customer_role}}}
        reads = _existing(shape, each, each.fields)
        yield Permission(own.service_policy, each.name, "read", reads, rule)
        yield Permission(own.service_policy, each.name, "delete", ["*"], rule)
        if acts and each.create_fields:
            yield Permission(own.service_policy, each.name, "create", ["*"], None)
        if acts and each.update_fields:
            yield Permission(own.service_policy, each.name, "update", ["*"], {})
    for name, (fields, _rule) in _related(declared, shape).items():
        # Shows the descriptions of fields and no row.
        none = {shape.key_of(name): {"_null": True}}
        yield Permission(own.service_policy, name, "read", fields, none)


def described_collections(declared: Iterable[Declared], shape: Shape) -> list[str]:
    """Return the collections whose fields and permissions the site's token reads."""
    names = [each.name for each in declared if each.name in shape.fields]
    related = _related([each for each in declared if each.name in names], shape)
    return [*names, *related]


def collections_with_files(declared: Iterable[Declared], shape: Shape) -> list[str]:
    """Return the declared collections with a field for a file, or for several."""
    return [
        each.name
        for each in declared
        if any(_is_file(shape, each, name) for name in each.fields)
    ]


def _is_file(shape: Shape, declared: Declared, name: str) -> bool:
    step = shape.follow(declared.name, name)
    is_one = step is not None and step.collection == FILES
    return is_one or shape.is_file_list(declared.name, name)


def junctions(
    declared: Iterable[Declared], shape: Shape
) -> Iterator[tuple[Declared, Step]]:
    """Yield the relation to the junction collection of each list of files."""
    for each in declared:
        for name in each.fields:
            step = shape.follow(each.name, name)
            if step is not None and shape.is_file_list(each.name, name):
                yield each, step


def points_back(declared: Iterable[Declared], shape: Shape) -> bool:
    """Return whether pages show rows that point back at those of customers."""
    declared = list(declared)
    steps = (
        step
        for each in declared
        for path in shape.paths(each)
        for step, _name in shape.walk(each.name, path)
    )
    return any(junctions(declared, shape)) or any(step.back for step in steps)


def is_within(rule: Rule | None, wanted: Rule | None) -> bool:
    """Return whether a rule lets no more rows through than the wanted one.

    It does so if the wanted one is among the conditions that it joins with "and".
    """
    if not wanted or rule == wanted:
        return True
    parts = [{name: value} for name, value in (rule or {}).items() if name != "_and"]
    parts += (rule or {}).get("_and") or []
    needed = wanted["_and"] if [*wanted] == ["_and"] else [wanted]
    return all(
        any(part == one or (part != rule and is_within(part, one)) for part in parts)
        for one in needed
    )


def _related(declared: Iterable[Declared], shape: Shape) -> Reads:
    """Return the fields of related collections that customers read, with the rule.

    A row that points back at customers' rows belongs to their owners. All see the rows
    that customers' rows point at, such as products. A collection that is declared
    itself has its own rights.
    """
    declared = list(declared)
    found: Reads = {}
    for each in declared:
        for path in shape.paths(each):
            rule = own_rows(each)
            for step, name in shape.walk(each.name, path):
                rule = {step.back: rule} if step.back and rule else ANYTHING
                fields = [shape.key_of(step.collection), name]
                fields += [step.back] if step.back else []
                _add(found, shape, step.collection, fields, rule)
    for each in declared:
        found.pop(each.name, None)
    return found


def _add(
    found: Reads, shape: Shape, collection: str, fields: list[str], rule: Rule
) -> None:
    before, present = found.get(collection, ([], None))
    known = [name for name in fields if shape.has(collection, name)]
    if present is None or present == rule:
        joined = rule
    else:
        joined = {"_or": [present, rule]} if present and rule else ANYTHING
    found[collection] = (list(dict.fromkeys([*before, *known])), joined)


def _existing(shape: Shape, declared: Declared, names: Iterable[str]) -> list[str]:
    wanted = dict.fromkeys(names)
    return [name for name in wanted if shape.has(declared.name, name)]


def _writable(shape: Shape, declared: Declared, names: Iterable[str]) -> list[str]:
    """Return the fields that customers may write: lists of files are the staff's."""
    found = _existing(shape, declared, names)
    return [name for name in found if not shape.is_file_list(declared.name, name)]


def _customers(
    action: str, collection: str, fields: list[str], rule: Rule | None, **values: Any
) -> Permission:
    policy = ids.CUSTOMER_POLICY
    return Permission(
        policy, collection, action, fields, rule, may_be_narrower=True, **values
    )
