"""What pages know about a shown field, or about a path such as `product.name`."""

from dataclasses import dataclass
from typing import Any

from accounts.directus import Forbidden
from accounts.own_data import Description
from config.request import AuthenticatedRequest

from .collection import Collection
from .described import described
from .relations import is_choice, related_for
from .values import text


@dataclass(frozen=True)
class Column:
    """A shown field.

    Attributes:
        label: in the language of the page.
        description: of the field at the end of the path, if Directus describes it.
        template: the label of a related row.
    """

    label: str
    description: Description | None = None
    template: str = ""

    def text(self, value: Any) -> str:
        """Return a value as plain text, for headings and labels."""
        return text(self.description, value, template=self.template)


def column(request: AuthenticatedRequest, collection: Collection, path: str) -> Column:
    """Return what is known about a field.

    Raises:
        TryLater: Directus does not answer, and no description is cached.
    """
    name, _, rest = path.partition(".")
    own = collection.described(request).get(name)
    if own is None:
        return Column(path)
    try:
        if rest:
            return _related(request, collection, own, rest)
        if is_choice(own):
            template = related_for(request, collection, own).template
            return Column(own.label, own, template)
    except Forbidden:
        # The fields of the other collection are not described to the site.
        return Column(own.label)
    return Column(own.label, own)


def _related(
    request: AuthenticatedRequest, collection: Collection, own: Description, rest: str
) -> Column:
    # No page shows a column of Directus' own tables.
    if not own.target or own.target.startswith("directus_") or "." in rest:
        return Column(own.label)
    found = described(request, own.target).get(rest)
    if found is None:
        return Column(own.label)
    is_label = is_choice(own) and related_for(request, collection, own).paths == [rest]
    label = own.label if is_label else f"{own.label}: {found.label}"
    return Column(label, found)
