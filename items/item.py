"""One row of a collection."""

from collections.abc import Iterator, Mapping
from typing import Any

from .collection import Collection


class Item(Mapping[str, Any]):
    """The values of a row by field, as Directus sent them.

    Templates read them as `item.subject` and `item.product.name`.
    """

    def __init__(self, collection: Collection, values: Mapping[str, Any]) -> None:
        self.collection = collection
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def pk(self) -> Any:
        """The primary key."""
        return self._values[self.collection.key]

    @property
    def changed_at(self) -> Any:
        """The time of the last change, as Directus sent it; None without a change."""
        return self._values.get(self.collection.changed_at)

    def value(self, path: str) -> Any:
        """Return the value at a path such as `product.name`; None if there is none.

        Of several related rows, the values as a list.
        """
        found: Any = self._values
        for name in path.split("."):
            found = _step(found, name)
        return found


def _step(found: Any, name: str) -> Any:
    if isinstance(found, list):
        return [_step(each, name) for each in found]
    return found.get(name) if isinstance(found, Mapping) else None
