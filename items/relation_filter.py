"""A filter for a field that points at a row of another collection."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from accounts.directus import Forbidden
from accounts.own_data import Description
from config.request import AuthenticatedRequest

from .collection import Collection, Rule
from .columns import column
from .filters import Filter, choice_field, filter_for
from .relations import LONGEST_SEARCH, Offer, Related, is_choice, related_for

logger = logging.getLogger(__name__)


class RelationFilter(Filter):
    """One of the rows that the form offers, too; read by one call.

    Only an offered row can be chosen. If there are more rows, a search narrows them; it
    stays in the address, so that the choice stays valid.

    Raises:
        Forbidden: the customer may not read these rows.
        TryLater: Directus does not answer.
    """

    def __init__(
        self, description: Description, related: Related, data: Mapping[str, Any]
    ) -> None:
        super().__init__(description)
        self._related = related
        typed = str(data.get(self._search, ""))[:LONGEST_SEARCH]
        self._is_searched = bool(typed.strip())
        text = "".join(filter(str.isprintable, typed)).strip()
        self._offer: Offer = related.offer(text, str(data.get(self.parameter, "")))

    @property
    def _search(self) -> str:
        return f"{self.parameter}-search"

    @property
    def parameters(self) -> list[str]:
        """The choice: a search alone filters nothing."""
        return [self.parameter]

    def form_fields(self) -> dict[str, forms.Field]:
        """Return a select, and the search for its rows if they are many."""
        choices = [("", _("All")), *self._offer.pairs]
        found: dict[str, forms.Field] = {
            self.parameter: choice_field(self.label, choices)
        }
        is_many = self._offer.is_cut or self._is_searched
        if is_many and self._related.can_search:
            found[self._search] = self._search_field()
        return found

    def _search_field(self) -> forms.Field:
        hint = _("Nothing found.") if not self._offer.pairs else ""
        if self._offer.is_cut:
            hint = _("There are more than these. Search for others.")
        return forms.CharField(
            label=_("Search: %(label)s") % {"label": self.label},
            required=False,
            max_length=LONGEST_SEARCH,
            help_text=hint,
            widget=forms.TextInput(attrs={"type": "search"}),
        )

    def rules(self, values: Mapping[str, Any]) -> list[Rule]:
        """Compare with the key as Directus has it."""
        chosen = values.get(self.parameter)
        return [self._rule("_eq", self._related.key_from(chosen))] if chosen else []


def filters_for(
    request: AuthenticatedRequest, collection: Collection, names: Iterable[str]
) -> Iterator[Filter]:
    """Yield the filters for fields and for paths such as `product.size`.

    Fields of a type without a filter have none, nor have relations to rows that the
    customer may not read.

    Raises:
        TryLater: Directus does not answer.
    """
    described = collection.described(request)
    for name in names:
        own = described.get(name)
        if own is not None and is_choice(own):
            yield from _relation_filter(request, collection, own)
        elif found := _filter(request, collection, name):
            yield found


def _filter(
    request: AuthenticatedRequest, collection: Collection, path: str
) -> Filter | None:
    found = column(request, collection, path)
    if found.description is None or is_choice(found.description):
        return None
    return filter_for(found.description, path, found.label)


def _relation_filter(
    request: AuthenticatedRequest, collection: Collection, own: Description
) -> Iterator[Filter]:
    try:
        related = related_for(request, collection, own)
        yield RelationFilter(own, related, request.GET)
    except Forbidden as error:
        logger.warning("There is no filter for %s: %s", own.name, error)
