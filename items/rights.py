"""What a customer may do with rows: by the declaration and, if it says so, Directus."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.functional import cached_property

from accounts.directus import Forbidden
from accounts.own_data import acts_as_customer, allowed_actions, rights_differ

from .collection import Collection

logger = logging.getLogger(__name__)


class RightsMixin:
    """The rights of the customer, for the buttons of a view.

    Attributes:
        needs: what the customer must be allowed to do with the row; empty for nothing.
        row_key: the key of the row if the view is over one.
    """

    request: Any
    collection: Collection
    needs = ""
    row_key: Any = None

    @cached_property
    def may(self) -> dict[str, bool]:
        """What buttons to show: `create`, `update` and `delete` to booleans.

        The declaration allows it, and Directus, if it says so.
        """
        declared = self.collection.allowed_actions
        return {
            action: action in declared and self.is_allowed(action)
            for action in ("create", "update", "delete")
        }

    def is_allowed(self, action: str) -> bool:
        """Return whether Directus allows an action, as far as it says so."""
        return self._allowed is None or action in self._allowed

    def check_allowed(self) -> None:
        """Raise PermissionDenied unless the customer may do what the view does."""
        if self.needs and not self.is_allowed(self.needs):
            raise PermissionDenied

    @cached_property
    def _allowed(self) -> frozenset[str] | None:
        return allowed_actions(self.request, self.collection.name, self.row_key)


@contextmanager
def refused_rows(collection: Collection) -> Iterator[None]:
    """Make of a refusal of Directus one of the page, where rules differ by row.

    Pages ask for the rights on a row before; version 10 does not tell them, and a rule
    may be new.

    Raises:
        PermissionDenied: the row may not be changed.
        Forbidden: the rules do not differ, so that the set-up is wrong.
    """
    try:
        yield
    except Forbidden as error:
        if not (acts_as_customer() and rights_differ(collection.name)):
            raise
        logger.warning("A row of %s may not be changed: %s", collection.name, error)
        raise PermissionDenied from error
