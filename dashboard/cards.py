"""Cards on the home page: what is new in each app.

settings.DASHBOARD_CARDS names classes, such as `dashboard.tickets.OpenTickets`. A card
that fails says so in its own place; the rest of the page is shown.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy

from accounts.directus import DirectusError, SessionExpired, TryLater
from accounts.own_data import time_budget
from config.request import AuthenticatedRequest
from items.collection import Collection, Rule
from items.item import Item
from items.query import ItemQuery

logger = logging.getLogger(__name__)

# A card is no reason to keep the page waiting for a slow Directus.
CARD_SECONDS = 1.5


class Card:
    """The base of cards.

    Attributes:
        title: the heading.
        template_name: the template of what is below the heading.
        calls: the number of calls to Directus that the card makes; each makes the home
            page slower.
    """

    title: ClassVar[str | Promise]
    template_name: ClassVar[str]
    calls: ClassVar[int] = 0

    def __init__(self, request: AuthenticatedRequest) -> None:
        self.request = request

    def get_context(self) -> dict[str, Any] | None:
        """Return the values for the template; None leaves the card out."""
        raise NotImplementedError


class ItemsCard(Card):
    """The first of a customer's rows in a collection.

    Cards with the same query share one call: give them the same fields, `rules` and
    `ordering`, and let `choose()` of each pick its rows.

    Attributes:
        collection: the declaration.
        title_field: the field whose text is the link to a row.
        note_fields: fields that stand below it.
        fields: further fields, which `choose()` needs.
        rules: filters of Directus beside the owner's.
        ordering: names of fields, descending with `-`.
        size: the number of rows.
        reads: how many rows `choose()` picks from; `size` by default.
        namespace: of the addresses of the collection's pages.
        empty_text: shown without rows.
    """

    template_name = "dashboard/items_card.html"
    calls = 1

    collection: ClassVar[Collection]
    title_field: ClassVar[str]
    note_fields: ClassVar[Sequence[str]] = ()
    fields: ClassVar[Sequence[str]] = ()
    rules: ClassVar[Sequence[Rule]] = ()
    ordering: ClassVar[Sequence[str]] = ()
    size: ClassVar[int] = 3
    reads: ClassVar[int] = 0
    namespace: ClassVar[str] = ""
    empty_text: ClassVar[str | Promise] = gettext_lazy("Nothing here yet.")

    def get_context(self) -> dict[str, Any] | None:
        """Read the rows, and the number of those in the list that the card leads to."""
        items, count = _read_once(self.get_query(), self.reads or self.size)
        chosen = self.choose(items)
        return {
            "rows": [self._row(item) for item in chosen[: self.size]],
            "note_fields": self.note_fields,
            "count": self._number(items, chosen, count),
            "list_address": self._address("list"),
            "empty_text": self.empty_text,
        }

    def get_query(self) -> ItemQuery:
        """Return the rows that the card is about."""
        fields = sorted({self.title_field, *self.note_fields, *self.fields})
        query = ItemQuery(self.request, self.collection, fields)
        return query.filter(*self.rules).order_by(*self.ordering)

    def choose(self, items: list[Item]) -> list[Item]:
        """Return those of the rows that the card shows, in its order."""
        return items

    def _number(self, items: list[Item], chosen: list[Item], count: int) -> int:
        """Return how many rows the list has; 0 if the card shows some of them alone."""
        is_whole = not self.rules and len(chosen) == len(items)
        return count if is_whole else 0

    def _row(self, item: Item) -> dict[str, Any]:
        return {"item": item, "address": self._address("detail", item.pk)}

    def _address(self, action: str, *args: Any) -> str:
        name = f"{self.collection.name}_{action}"
        try:
            return reverse(f"{self.namespace}:{name}".lstrip(":"), args=args)
        except NoReverseMatch:
            return ""


def _read_once(query: ItemQuery, size: int) -> tuple[list[Item], int]:
    """Return the first rows of a query, and the number of all.

    An equal query of the same request gets the same answer, an error, too: a slow
    Directus is not waited for twice.
    """
    kept: list[Any] = query.request.__dict__.setdefault("_card_rows", [])
    wanted = (query, size)
    if wanted not in [known for known, _found in kept]:
        kept.append((wanted, _read(query, size)))
    found = next(found for known, found in kept if known == wanted)
    if isinstance(found, Exception):
        raise found
    return found


def _read(query: ItemQuery, size: int) -> tuple[list[Item], int] | Exception:
    try:
        return query.page(1, size)
    except (DirectusError, TryLater) as error:
        return error


@dataclass(frozen=True)
class ShownCard:
    """A card as the home page shows it; without content if it failed."""

    title: str | Promise
    content: str | None


def shown_cards(request: AuthenticatedRequest) -> list[ShownCard]:
    """Return the cards for a user from Directus.

    Raises:
        SessionExpired: the user has to sign in again.
    """
    paths: Iterable[str] = settings.DASHBOARD_CARDS
    cards = [import_string(path)(request) for path in paths]
    return list(filter(None, map(_shown, cards)))


def _shown(card: Card) -> ShownCard | None:
    try:
        with time_budget(CARD_SECONDS):
            context = card.get_context()
        if context is None:
            return None
        context = {"title": card.title, "card": card} | context
        content = render_to_string(card.template_name, context, card.request)
    except SessionExpired:
        raise
    except (DirectusError, TryLater) as error:
        logger.warning("The card %s is not shown: %s", type(card).__name__, error)
        content = None
    except Exception:
        logger.exception("The card %s failed", type(card).__name__)
        content = None
    return ShownCard(card.title, content)
