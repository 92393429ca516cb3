"""How a form is divided: by the groups, dividers and notices of the operator."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accounts.own_data import Description

# They have no heading in Directus' own app either.
PLAIN_GROUPS = {"", "group-raw"}
DIVIDER, NOTICE = "presentation-divider", "presentation-notice"


@dataclass
class Section:
    """Fields under a heading; without one they stand alone.

    Attributes:
        group: the name of the group of Directus.
        legend: the heading.
        note: a text before the fields.
        fields: what to show.
    """

    group: str = ""
    legend: str = ""
    note: str = ""
    fields: list[Any] = field(default_factory=list)


def sections(
    names: Iterable[str], shown: Mapping[str, Any], own: Mapping[str, Description]
) -> list[Section]:
    """Return the sections of a form or a page.

    Fields of a group stand together, where the first of them stands.

    Args:
        names: of fields, in their order; of dividers and notices, too.
        shown: what to show, by name; others are left out.
        own: the descriptions of all fields, groups among them.
    """
    found: list[Section] = []
    by_group: dict[str, Section] = {}
    for name in names:
        extra = _presentation(own.get(name))
        if extra:
            found.append(extra)
        elif name in shown:
            _section_for(name, own, found, by_group).fields.append(shown[name])
    return found


def _section_for(
    name: str,
    own: Mapping[str, Description],
    found: list[Section],
    by_group: dict[str, Section],
) -> Section:
    group = _group_of(own.get(name), own)
    if group is None:
        if not found or found[-1].group:
            found.append(Section())
        return found[-1]
    if group.name not in by_group:
        section = Section(group.name, group.label, group.note)
        by_group[group.name] = section
        found.append(section)
    return by_group[group.name]


def _group_of(
    described: Description | None, own: Mapping[str, Description]
) -> Description | None:
    """Return the nearest group with a heading."""
    group = own.get(described.group) if described else None
    if group is None or group.interface not in PLAIN_GROUPS:
        return group
    return _group_of(group, own)


def _presentation(described: Description | None) -> Section | None:
    if described is None or described.interface not in {DIVIDER, NOTICE}:
        return None
    if described.interface == DIVIDER:
        title = described.readable(described.options.get("title"))
        return Section(legend=title or described.label)
    return Section(note=described.readable(described.options.get("text")))
