"""What a page showed of a row, to notice that the row was changed since."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.core import signing
from django.utils.crypto import salted_hmac

from .forms import ItemForm
from .item import Item

# The site's own inputs have names with a hyphen, as no column of Directus has.
FIELD = "row-version"
SALT = "items.versions"
_signer = signing.Signer(salt=SALT)


@dataclass(frozen=True)
class Version:
    """The state of a row that a page showed. Hidden fields carry it, signed.

    Attributes:
        row: the collection and the key.
        changed_at: the time of the last change, as Directus sent it.
        digests: of the texts that the form showed, by field.
        undecided: the fields for which the page asks which value to keep.
    """

    row: str
    changed_at: Any = None
    digests: dict[str, str] = field(default_factory=dict)
    undecided: Sequence[str] = ()

    @classmethod
    def of(cls, item: Item, form: ItemForm | None = None) -> "Version":
        """Return the version of a row, and of the texts that a form shows of it."""
        names = form.fields if form else ()
        digests = {name: _digest(form.shown_text(name)) for name in names if form}
        return cls(_row(item.collection.name, item.pk), item.changed_at, digests)

    @classmethod
    def read(cls, text: str, collection: str, key: Any) -> "Version":
        """Return the version that the text of its hidden field means.

        One that this site did not sign for the row differs from every text.
        """
        row = _row(collection, key)
        try:
            found = cls(*_signer.unsign_object(text))
        except (signing.BadSignature, TypeError):
            return cls(row)
        return found if found.row == row else cls(row)

    def signed(self) -> str:
        """Return the text for the hidden field."""
        facts = [self.row, self.changed_at, self.digests, list(self.undecided)]
        return _signer.sign_object(facts)

    def differs(self, name: str, text: str) -> bool:
        """Tell whether a field was shown with another text, or not shown."""
        return self.digests.get(name) != _digest(text)

    def asking(self, names: Sequence[str]) -> "Version":
        """Return the version for a page that asks about fields."""
        return replace(self, undecided=list(names))


def _row(collection: str, key: Any) -> str:
    return f"{collection}:{key}"


def _digest(text: str) -> str:
    return salted_hmac(SALT, text, algorithm="sha256").hexdigest()[:20]
