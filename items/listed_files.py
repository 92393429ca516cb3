"""The page of a row shows its lists of files: name, type, size, and a small picture."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from accounts.directus import PICTURE_TYPES, StoredFile
from accounts.own_data import Description, item_files
from config.request import AuthenticatedRequest

from .file_lists import digest
from .files import as_id
from .item import Item
from .uploads import LABELS, ending_of

# The ids are in the address of the call that asks for their names.
MOST = 100


@dataclass(frozen=True)
class ListedFile:
    """A file as the page shows it.

    Attributes:
        url: empty if the page has no address for files.
        facts: type and size, in words; empty if neither is known.
    """

    name: str
    facts: str
    url: str
    is_picture: bool


def shown_files(
    request: AuthenticatedRequest,
    item: Item,
    description: Description,
    address: Callable[[str], str],
) -> str:
    """Return a list of files as HTML; the files are read with one call.

    Args:
        description: of the field.
        address: returns the address of a file by its digest.

    Raises:
        TryLater: Directus does not answer.
    """
    name, collection = description.name, item.collection
    ids = item.value(name)
    by_id = {as_id(text): text for text in ids[:MOST]}
    # Customers write no list: the set-up gives no right to do so.
    found = item_files.find_all(
        request, collection.name, list(filter(None, by_id)), trusts_row=True
    )
    files = [
        _listed(file, address(digest(collection.name, item.pk, name, text)))
        for file_id, text in by_id.items()
        if file_id is not None and (file := found.get(file_id))
    ]
    context = {"files": files, "missing": len(by_id) - len(files)}
    context |= {"count": len(ids), "is_cut": len(ids) > MOST, "most": MOST}
    return render_to_string("items/file_list.html", context)


def _listed(file: StoredFile, url: str) -> ListedFile:
    kind = LABELS.get(file.media_type) or ending_of(file.name).upper()
    size = "" if file.size is None else filesizeformat(file.size)
    facts = " · ".join(filter(None, [kind, size]))
    return ListedFile(_name(file), facts, url, file.media_type in PICTURE_TYPES)


def _name(file: StoredFile) -> str:
    # The name in Directus of a customer's file is the id of this customer.
    text = file.title or ("" if item_files.owner_of(file) else file.name)
    # Some characters turn the direction of text, so that an ending looks like another.
    plain = "".join(
        " " if unicodedata.category(each)[0] == "C" else each for each in text
    )
    return " ".join(plain.split()) or _("File")
