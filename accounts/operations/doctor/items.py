"""Checks of customers' own collections: their fields, and rights on their rows."""

from collections.abc import Iterator
from typing import Any

from ...core import clients
from ...directus import Declared
from ..provisioning.item_rights import (
    customers_on_items,
    is_within,
    junctions,
    own_rows,
    site_on_items,
)
from ..provisioning.permission import Permission
from ..provisioning.shape import USERS
from .findings import Answer, ok, problem, unknown, warning
from .site import SETUP, NotReadable, Row, Site

NONE = "This site declares no collection."


def collections(site: Site) -> Answer:
    """Each declared collection has its fields, an owner and a time of last change."""
    if not site.declared:
        return ok(NONE)
    if found := [text for each in site.declared for text in _lacking(site, each)]:
        return problem(" ".join(found), SETUP)
    if found := [text for each in site.declared for text in _unversioned(site, each)]:
        return warning(" ".join(found))
    names = ", ".join(each.name for each in site.declared)
    return ok(f"The site's collections have the declared fields: {names}.")


def _lacking(site: Site, declared: Declared) -> Iterator[str]:
    name, owner = declared.name, declared.owner
    if name not in site.shape.fields:
        yield f"There is no collection {name}, or the service token may not read it."
        return
    missing = [each for each in declared.fields if not site.shape.has(name, each)]
    if missing:
        fields = ", ".join(missing)
        yield f"{name} lacks fields, or the service token may not read them: {fields}."
    step = site.shape.follow(name, owner)
    if owner not in missing and (step is None or step.collection != USERS):
        yield f"{name}.{owner} does not point at users: change it in Directus."
    yield from _without_relation(site, declared)
    for field in declared.compared_fields:
        if site.shape.is_file_list(name, field):
            yield (
                f"A list of {name} sorts, filters or searches by {field}, which is a "
                "list of files: take it out of the view."
            )


def _without_relation(site: Site, declared: Declared) -> Iterator[str]:
    """Yield in words that rows that point back are not read, or cannot be checked."""
    name = declared.name
    before = {path.partition(".")[0] for path in declared.paths if "." in path}
    for field, row in site.shape.fields.get(name, {}).items():
        is_list = field in declared.fields and site.shape.is_file_list(name, field)
        if not is_list and not (field in before and row.get("type") == "alias"):
            continue
        step = site.shape.follow(name, field)
        if step is None or step.collection not in site.shape.fields:
            other = "junction collection, of the files" if is_list else "collection"
            yield (
                f"The service token may not read the relation, or the {other} in "
                f"{name}.{field}."
            )


def _unversioned(site: Site, declared: Declared) -> Iterator[str]:
    """Yield in words that changes of others may be lost."""
    name, field = declared.name, declared.changed_at
    if not field:
        yield f"{name} has no time of the last change: two changes at once overwrite."
        return
    meta = site.shape.fields[name][field].get("meta") or {}
    if "date-updated" not in (meta.get("special") or []):
        yield (
            f"Directus does not keep {name}.{field}: two changes at once overwrite. "
            "Give the field “On Update: Save Current Date/Time” there."
        )


def customers(site: Site) -> Answer:
    """Customers reach their own rows alone, and what the declarations name."""
    if not site.declared:
        return ok(NONE)
    role = site.role(clients.customer_role())
    if role is None:
        return unknown("This needs DIRECTUS_CUSTOMER_ROLE.")
    if hidden := [d.name for d in site.declared if d.name not in site.shape.fields]:
        return unknown(f"The service token may not read {', '.join(hidden)}.")
    policies = [*site.policies_of_role(role["id"]), *site.policies_of_role(None)]
    rows = site.item_permissions(policies)
    names = {policy["id"]: policy.get("name") or "Public" for policy in policies}
    wider = [text for each in site.declared for text in _wider(each, rows, names)]
    if found := [*wider, *_wider_on_related(site, rows, names)]:
        return problem(
            f"Customers reach rows of others: {'; '.join(found)}. The line narrows "
            "the permissions that it made; change all others in Directus.",
            SETUP,
        )
    if found := [
        text for each in site.declared for text in _without_relation(site, each)
    ]:
        return unknown(" ".join(found))
    if not site.takes_rules:
        return ok("Customers have no permission on the collections.")
    wanted = customers_on_items(site.declared, site.shape)
    if found := [text for each in wanted for text in _missing(each, rows)]:
        return problem(f"Customers lack rights: {'; '.join(found)}.", SETUP)
    return ok("Customers reach their own rows alone.")


def _wider(declared: Declared, rows: list[Row], names: dict[Any, str]) -> Iterator[str]:
    """Yield the permissions that reach beyond the rows of the caller."""
    own = own_rows(declared)
    for row in rows:
        if row["collection"] != declared.name:
            continue
        action, policy = row["action"], names[row["policy"]]
        gives_away = {"*", declared.owner} & {*(row["fields"] or [])}
        text = f"{action} {declared.name} (policy {policy}, permission {row['id']})"
        if action == "create":
            if gives_away and not is_within(row["validation"], own):
                yield f"{text} for any owner"
        elif not is_within(row["permissions"], own):
            yield text
        elif action == "update" and gives_away:
            yield f"{text} with another owner"


def _wider_on_related(
    site: Site, rows: list[Row], names: dict[Any, str]
) -> Iterator[str]:
    """Yield the permissions that reach rows of others through rows that point back.

    A customer that writes the row of a junction collection reads any file of staff, so
    that each right to write it is one.
    """
    of_lists = {step.collection for _each, step in junctions(site.declared, site.shape)}
    declared = {each.name for each in site.declared}
    own = {
        each.collection: each.permissions
        for each in customers_on_items(site.declared, site.shape)
        if each.collection in of_lists
        or (each.permissions and each.collection not in declared)
    }
    for row in rows:
        name, action = row["collection"], row["action"]
        if name not in own or (action == "create" and name not in of_lists):
            continue
        may_act = action == "read" or name not in of_lists
        if not (may_act and _is_within_one(row["permissions"], own[name])):
            policy = names[row["policy"]]
            yield f"{action} {name} (policy {policy}, permission {row['id']})"


def _is_within_one(rule: Any, wanted: Any) -> bool:
    """Return whether a rule is within the wanted one, or within one that it joins."""
    joined = (wanted or {}).get("_or") or []
    return is_within(rule, wanted) or any(is_within(rule, each) for each in joined)


def _missing(wanted: Permission, rows: list[Row]) -> Iterator[str]:
    """Yield what customers lack of a wanted permission."""
    text = f"{wanted.action} {wanted.collection}"
    same = [
        row
        for row in rows
        if (row["collection"], row["action"]) == (wanted.collection, wanted.action)
    ]
    if not same:
        yield text
        return
    allowed = {name for row in same for name in row["fields"] or []}
    missing = [name for name in wanted.fields if name not in allowed]
    if missing and "*" not in allowed:
        yield f"{text}: {', '.join(missing)}"


def token(site: Site) -> Answer:
    """The token that acts for customers, and the rights of the site's own."""
    if not site.declared:
        return ok(NONE)
    if not clients.service_token():
        raise NotReadable("This needs a service token.")
    acts = not site.takes_rules
    wanted = site_on_items(
        site.declared, site.shape, clients.customer_role(), acts=acts
    )
    if lacking := [text for each in wanted for text in _not_granted(site, each)]:
        return problem(f"The service token lacks: {', '.join(lacking)}.", SETUP)
    if acts:
        return ok(
            "The service token acts for customers, because Directus takes no rules "
            "without a licence; the site names the owner in every call."
        )
    return ok("Customers act with their own token, and rules of Directus bind them.")


def _not_granted(site: Site, wanted: Permission) -> Iterator[str]:
    right = site.rights.get(wanted.collection, {}).get(wanted.action, {})
    if right.get("access", "none") == "none":
        yield f"{wanted.action} {wanted.collection}"
