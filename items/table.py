"""The headings and the cells of a list, made before the template runs.

A tag for each cell would take the template longer than Directus takes for the rows.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from accounts.own_data import Description

from .files import is_file, shown_file
from .item import Item
from .values import EMPTY, cell


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes:
        name: the field, or a path.
        label: the heading.
        description: of the field; None if Directus does not describe it.
        template: the label of a related row.
        link: the address that sorts by it; empty if that is not possible.
        direction: the value of `aria-sort`.
    """

    name: str
    label: str
    description: Description | None = None
    template: str = ""
    link: str = ""
    direction: str = ""


@dataclass(frozen=True)
class Cell:
    """A value in words, and the label of its column."""

    label: str
    value: Any


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        address: of the item's own page; empty without one.
        head: the first cell.
        cells: the others.
    """

    item: Item
    address: str
    head: Cell
    cells: list[Cell]


def rows(
    items: Iterable[Item],
    columns: list[Column],
    address: Callable[[Any], str],
    file_address: Callable[[Any, str], str],
) -> Iterator[Row]:
    """Yield the lines of items.

    Args:
        address: returns the address of the page of an item by its key.
        file_address: the same of a file, by the key and the name of the field.
    """
    for item in items:
        first, *others = columns
        # A link cannot have another one in it.
        head = _cell(item, first)
        cells = [_cell(item, column, file_address) for column in others]
        if head.value == EMPTY:
            # A link has to say where it leads.
            head = Cell(head.label, item.collection.singular)
        yield Row(item, address(item.pk), head, cells)


def _cell(
    item: Item,
    column: Column,
    file_address: Callable[[Any, str], str] | None = None,
) -> Cell:
    value = item.value(column.name)
    found = column.description
    if file_address and value and is_file(found) and "." not in column.name:
        url = file_address(item.pk, column.name)
        return Cell(column.label, shown_file(found, url, size="small"))
    shown = cell(column.description, value, template=column.template)
    return Cell(column.label, shown)
