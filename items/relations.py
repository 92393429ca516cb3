"""Fields that point at a row of another collection, and the rows to choose from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts.directus import Forbidden
from accounts.own_data import Description, client_for, rows_at_once
from config.request import AuthenticatedRequest

from .collection import Choices, Collection, NotAKey, Rule, declared, key_of_type
from .described import Described, described
from .labels import Row, filled, places
from .search import literal

MOST = 100
LONGEST_SEARCH = 100
TEXTS = {"string", "text"}
WHOLE = {"integer", "bigInteger"}


@dataclass(frozen=True)
class Offer:
    """Rows to choose from: pairs of key and label, and whether there are more."""

    pairs: list[tuple[str, str]] = field(default_factory=list)
    is_cut: bool = False


def is_choice(description: Description | None) -> bool:
    """Return whether a field is a choice among the rows of another collection."""
    return (
        description is not None
        and description.interface == "select-dropdown-m2o"
        and bool(description.target)
        and not description.target.startswith("directus_")
    )


class Related:
    """The rows that a field may point at, read with the token of all items.

    Args:
        description: of the field.
        choices: the declaration, which narrows the rows.

    Raises:
        Forbidden: the fields of the other collection may not be read.
        TryLater: Directus does not answer.
    """

    def __init__(
        self, request: AuthenticatedRequest, description: Description, choices: Choices
    ) -> None:
        self._request = request
        self._choices = choices
        self.target = description.target
        self.described: Described = described(request, self.target)
        keys = (each.name for each in self.described.values() if each.is_key)
        self.key = next(keys, "id")
        self.template = self._template(description)
        self.paths = places(self.template)

    def _template(self, description: Description) -> str:
        own = self._choices.label
        wanted = "{{" + own + "}}" if own and "{{" not in own else own
        for template in (wanted, description.options.get("template")):
            if places(template):
                return str(template)
        return "{{" + self._usual_label() + "}}"

    def _usual_label(self) -> str:
        # The set-up gives the right to read the first one that is neither.
        texts = [
            each.name
            for each in self.described.values()
            if each.type == "string" and not (each.is_hidden or each.is_concealed)
        ]
        usual = [name for name in ("name", "title") if name in self.described]
        return next(iter([*usual, *(n for n in texts if n != self.key), self.key]))

    def text_of(self, row: Row) -> str:
        """Return the label of a row."""
        return filled(self.template, row) or str(row.get(self.key, ""))

    def offer(self, search: str = "", chosen: str = "") -> Offer:
        """Return the first rows, those that match a search if there is one.

        Args:
            chosen: the key of a row that need not match.
        """
        rules = [self._search_rule(search)] if search else []
        if rules and (key := self.key_from(chosen)) is not None:
            rules = [{"_or": [*rules, {self.key: {"_eq": key}}]}]
        # The last one tells that there are more. Operators may limit rows in Directus.
        most = min(MOST + 1, rows_at_once(self._request)) - 1
        rows = self._read(rules, most + 1)
        pairs = [(str(row.get(self.key)), self.text_of(row)) for row in rows[:most]]
        return Offer(pairs, len(rows) > most)

    def find(self, text: str) -> Row | None:
        """Return the row with a key that may be chosen; None if there is none."""
        key = self.key_from(text)
        if key is None:
            return None
        rows = self._read([{self.key: {"_eq": key}}], 1)
        same = (row for row in rows if str(row.get(self.key)) == str(key))
        return next(same, None)

    def key_from(self, text: str) -> Any:
        """Return the key that a text means; None if no row can have it."""
        try:
            return key_of_type(self.described[self.key].type, text)
        except (KeyError, NotAKey):
            return None

    @property
    def can_search(self) -> bool:
        """Whether labels have parts that Directus can search."""
        return bool(self._searched())

    def _searched(self) -> list[str]:
        kinds = {name: self.described[name].type for name in self._own_paths()}
        return [name for name, kind in kinds.items() if kind in TEXTS | WHOLE]

    def _own_paths(self) -> list[str]:
        return [path for path in self.paths if path in self.described]

    def _search_rule(self, search: str) -> Rule:
        """Return a filter; Directus searches no numbers for a part of them."""
        rules: list[Rule] = []
        for name in self._searched():
            if self.described[name].type in TEXTS:
                rules.append({name: {"_icontains": literal(search)}})
            elif search.isdecimal() and len(search) < 10:
                rules.append({name: {"_eq": int(search)}})
        return {"_or": rules or [{self.key: {"_null": True}}]}

    def _read(self, rules: Sequence[Rule], limit: int) -> list[dict[str, Any]]:
        every = [*rules, *([self._choices.rule] if self._choices.rule else [])]
        own = declared.get(self.target)
        found = client_for(self._request).list_items(
            self.target,
            fields=list(dict.fromkeys([self.key, *self.paths])),
            # Rows of customers are chosen by their owner alone.
            rule=own.owned_by(self._request, *every) if own else _all_of(every),
            sort=[*self._own_paths()[:1], self.key],
            limit=limit,
        )
        return found.rows


def related_for(
    request: AuthenticatedRequest, collection: Collection, description: Description
) -> Related:
    """Return the rows that a field of a collection may point at."""
    choices = collection.choices.get(description.name, Choices())
    return Related(request, description, choices)


def with_labels(
    request: AuthenticatedRequest, collection: Collection, names: Sequence[str]
) -> list[str]:
    """Return the fields to read: related rows with key and label, files with ids."""
    own, found = collection.described(request), []
    for name in names:
        description = own.get(name)
        if description is not None and description.is_file_list:
            found.append(f"{name}.{description.file_key}")
            continue
        if description is None or not is_choice(description):
            found.append(name)
            continue
        try:
            related = related_for(request, collection, description)
        except Forbidden:
            found.append(name)
            continue
        found += [f"{name}.{path}" for path in (related.key, *related.paths)]
    return list(dict.fromkeys(found))


def key_in(value: Any, key: str) -> Any:
    """Return the key of a related row, which may be read as a row or as its key."""
    return value.get(key) if isinstance(value, Mapping) else value


def _all_of(rules: list[Rule]) -> Rule:
    return {"_and": rules} if rules else {}
