"""A form field whose choices are the rows of another collection, with a search.

The search is a button of the form, which shows the form again with what was typed, so
it needs no JavaScript.
"""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from accounts.directus import DirectusAPIError, TryLater
from accounts.own_data import CustomField, Description, Kind, LongSelect

from .relations import LONGEST_SEARCH, Offer, Related, Row, key_in
from .values import EMPTY

# The name of all buttons that search.
SEARCH = "search-in"


class RelationField(CustomField):
    """The key of another row; made for one request."""

    def __init__(self, description: Description, related: Related) -> None:
        kind = Kind(self._make, empty="", write=self._key)
        super().__init__(description, kind)
        self.related = related
        # What is searched for, and whether it was asked for just now.
        self.search = ""
        self.is_searched = False
        # Whether the form was sent: then an outage must not lose what was typed.
        self.is_sent = False
        self._labels: dict[str, str] = {}
        self._keys: dict[str, Any] = {}

    def _make(self, description: Description, options: dict[str, Any]) -> forms.Field:
        return forms.CharField(widget=RelatedSelect(self), max_length=255, **options)

    def _key(self, text: str) -> Any:
        return self._keys.get(text)

    def to_form(self, value: Any) -> Any:
        """Return the key as a text; a related row is offered with its label."""
        key = key_in(value, self.related.key)
        if key is None:
            return None
        row = value if isinstance(value, Mapping) else {self.related.key: key}
        self._know(row)
        return str(key)

    def keep(self, field: forms.Field, value: Any) -> None:
        """Change nothing: the present value is always offered."""

    def take_search(self, data: Mapping[str, Any]) -> None:
        """Read what is searched for from a form that was sent.

        A changed search counts without its button, too: Enter presses another one.
        """
        self.is_sent = True
        typed = str(data.get(f"{self.name}-search", ""))[:LONGEST_SEARCH]
        self.search = "".join(filter(str.isprintable, typed)).strip()
        before = data.get(f"{self.name}-searched", "")
        self.is_searched = data.get(SEARCH) == self.name or self.search != before

    def accepts(self, text: str) -> bool:
        """Return whether a key may be chosen, by one call.

        Raises:
            TryLater: Directus does not answer.
        """
        row = self.related.find(text)
        if row is not None:
            self._know(row)
        return row is not None

    def _know(self, row: Row) -> None:
        key = row.get(self.related.key)
        self._keys[str(key)] = key
        self._labels[str(key)] = self.related.text_of(row)

    def text_of(self, value: Any) -> str:
        """Return the label of a key that was chosen, or of a row."""
        if isinstance(value, Mapping):
            return self.related.text_of(value)
        return EMPTY if value is None else self._labels.get(str(value), str(value))

    def offer(self, chosen: str) -> Offer:
        """Return the rows to choose from; what is chosen is among them."""
        offer = self._read()
        if not chosen or chosen in dict(offer.pairs):
            return offer
        label = self._labels.get(chosen) or self._label(chosen)
        pairs = [(chosen, label), *offer.pairs] if label else offer.pairs
        return Offer(pairs, offer.is_cut)

    def _read(self) -> Offer:
        try:
            return self.related.offer(self.search)
        except (TryLater, DirectusAPIError):
            if self.is_sent:
                return Offer()
            raise

    def _label(self, chosen: str) -> str:
        try:
            return self._labels[chosen] if self.accepts(chosen) else ""
        except TryLater:
            # Sent again, it is looked up again.
            return chosen
        except DirectusAPIError:
            return ""


class RelatedSelect(LongSelect):
    """A select whose rows are read when it is shown, and a search if they are many."""

    def __init__(self, source: RelationField) -> None:
        super().__init__()
        self.source = source

    def render(self, name, value, attrs=None, renderer=None):
        """Return the select, and the search."""
        source = self.source
        offer = source.offer(str(value or ""))
        first = _("Choose an option") if self.is_required else _("Not set")
        self.choices = [("", first), *offer.pairs]
        if source.is_searched:
            attrs = {**(attrs or {}), "autofocus": True}
        select = super().render(name, value, attrs, renderer)
        if not (offer.is_cut or source.search) or not source.related.can_search:
            return select
        context = {"name": name, "source": source, "offer": offer, "select": select}
        return render_to_string("items/choices.html", context)
