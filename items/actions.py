"""Buttons on the page of a row that set one field to one value, such as "Close"."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise


@dataclass(frozen=True)
class Action:
    """A button on the page of a row.

    Attributes:
        name: in the address.
        field, value: what it writes; never from a request.
        label: on the button.
        when: the values of fields with which a row has the button; all by default.
    """

    name: str
    field: str
    value: Any
    label: str | Promise
    when: Mapping[str, Sequence[Any]] = dataclasses.field(default_factory=dict)

    @property
    def fields(self) -> list[str]:
        """The fields that it reads and writes."""
        return [self.field, *self.when]

    def fits(self, values: Mapping[str, Any]) -> bool:
        """Tell whether a row with these values has the button."""
        return all(values.get(name) in self.when[name] for name in self.when)
