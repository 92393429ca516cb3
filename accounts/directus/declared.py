"""Collections of Directus whose rows belong to customers, as apps declare them.

The app `items` registers them here, so that the set-up and the doctor know them
without importing it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Blueprint:
    """A collection as directus_setup makes it where it, or a part, is missing.

    The key, the owner and the time of the last change need no payload: the set-up
    knows good ones.

    Attributes:
        fields: what Directus takes at `POST /fields/<collection>`, in their order.
        relations: the collections that fields point at, by field.
        related: blueprints of further collections, by name.
        texts: texts for `$t:` keys: by key, then by language (`de-DE`).
        meta: settings of the collection itself, such as `icon`.
    """

    fields: Sequence[Payload] = ()
    relations: Mapping[str, str] = field(default_factory=dict)
    related: Mapping[str, "Blueprint"] = field(default_factory=dict)
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    meta: Payload = field(default_factory=dict)

    @property
    def file_lists(self) -> list[str]:
        """The names of fields with several files."""
        return [str(each["field"]) for each in self.fields if is_file_list(each)]


@dataclass(frozen=True)
class Declared:
    """The declaration of a collection.

    Attributes:
        name: of the collection in Directus.
        owner: the field that points at the user whose row it is.
        key: the primary key.
        changed_at: the field with the time of the last change; empty for none.
        read_fields: fields that pages show; `product.name` for one of a related row.
        create_fields, update_fields: fields that customers may write.
        can_delete: whether customers may delete rows.
        only_values: fields of which customers write these values alone in a row.
        compared_fields: fields that lists sort, filter or search by.
        labelled_fields: fields that offer rows of another collection by a label that
            `read_fields` name.
        blueprint: how to make the collection; None: operators make it.
    """

    name: str
    owner: str
    key: str = "id"
    changed_at: str = ""
    read_fields: tuple[str, ...] = ()
    create_fields: tuple[str, ...] = ()
    update_fields: tuple[str, ...] = ()
    can_delete: bool = False
    only_values: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    compared_fields: tuple[str, ...] = ()
    labelled_fields: tuple[str, ...] = ()
    blueprint: Blueprint | None = None

    @property
    def paths(self) -> list[str]:
        """Every field that the site uses, and paths to fields of related rows."""
        own = [self.key, self.owner, *([self.changed_at] if self.changed_at else [])]
        written = [*self.create_fields, *self.update_fields]
        return list(dict.fromkeys([*own, *self.read_fields, *written]))

    @property
    def fields(self) -> list[str]:
        """The collection's own fields that the site uses."""
        return list(dict.fromkeys(path.partition(".")[0] for path in self.paths))


# By name. Complete once the site's URLconf is imported.
COLLECTIONS: dict[str, Declared] = {}


def is_file_list(payload: Payload) -> bool:
    """Return whether a field, as Directus has it, leads to several files."""
    return "files" in ((payload.get("meta") or {}).get("special") or [])


def register(declared: Declared) -> None:
    """Make a declaration known; a later one of the same collection replaces it."""
    COLLECTIONS[declared.name] = declared


def registered() -> tuple[Declared, ...]:
    """Return the declarations that are known so far."""
    return tuple(COLLECTIONS.values())
