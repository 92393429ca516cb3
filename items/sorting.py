"""The order of a list page, which column headings change."""

from collections.abc import Iterable, Sequence

from accounts.own_data import Description

from .file_lists import file_lists

# Directus compares other types as texts, or not at all.
SORTABLE = frozenset(
    {"string", "text", "boolean", "date", "dateTime", "timestamp", "time", "uuid"}
    | {"integer", "bigInteger", "float", "decimal"}
)


def sortable(names: Iterable[str], described: dict[str, Description]) -> list[str]:
    """Return the fields that rows can be sorted by; paths are none of them.

    Of a file or a related row Directus has the key, by which the order means nothing to
    visitors.
    """
    found = {name: described[name] for name in names if name in described}
    return [name for name, each in found.items() if _is_sortable(each)]


def _is_sortable(each: Description) -> bool:
    return each.type in SORTABLE and not (each.is_file or each.target)


def without_file_lists(
    names: Iterable[str], described: dict[str, Description]
) -> list[str]:
    """Return the names without those of lists of files, which have no order.

    Directus takes them, and sorts by nothing that pages show.
    """
    lists = file_lists(described)
    return [name for name in names if name.removeprefix("-") not in lists]


class Sorting:
    """The order of the rows.

    Args:
        chosen: the name of a field, descending with `-`; ignored if not allowed.
        allowed: the fields that visitors may sort by.
        default: the order without a choice, and of rows that a choice leaves equal.
    """

    def __init__(
        self, chosen: str, *, allowed: Sequence[str], default: Sequence[str]
    ) -> None:
        self.allowed = frozenset(allowed)
        is_known = chosen.removeprefix("-") in self.allowed
        self.chosen = chosen if is_known else ""
        self._default = tuple(default)

    @property
    def ordering(self) -> tuple[str, ...]:
        """The names for a query."""
        if not self.chosen:
            return self._default
        name = self.chosen.removeprefix("-")
        rest = (each for each in self._default if each.removeprefix("-") != name)
        return (self.chosen, *rest)

    def direction(self, name: str) -> str:
        """Return the value of a heading's `aria-sort`; empty unless sorted by it."""
        first = next(iter(self.ordering), "")
        if first.removeprefix("-") != name:
            return ""
        return "descending" if first.startswith("-") else "ascending"

    def next_choice(self, name: str) -> str:
        """Return the choice that a click on a heading makes."""
        return f"-{name}" if self.direction(name) == "ascending" else name
