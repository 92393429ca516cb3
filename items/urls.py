"""The addresses of a collection's pages."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.urls import URLPattern, path

from accounts.directus import register

from .acting import ActingMixin
from .collection import Collection
from .deleting import DeletingManyMixin
from .file_view import FileMixin
from .views import (
    ItemCreateView,
    ItemDeleteView,
    ItemDetailView,
    ItemListView,
    ItemMixin,
    ItemUpdateView,
)

# Action → what follows the collection's own address.
PAGES = {
    "list": "",
    "csv": "csv/",
    "create": "new/",
    "bulk_delete": "delete/",
    "detail": "<str:pk>/",
    "update": "<str:pk>/edit/",
    "delete": "<str:pk>/delete/",
    "action": "<str:pk>/actions/<slug:name>/",
    "file": "<str:pk>/files/<str:field>/",
    "listed_file": "<str:pk>/files/<str:field>/<slug:digest>/",
}
VIEWS = (ItemListView, ItemDetailView, ItemCreateView, ItemUpdateView, ItemDeleteView)
# What a view does at another address: it lets in the same users, to the same rows.
COMPANIONS: list[tuple[str, Any]] = [
    ("delete", DeletingManyMixin),
    ("detail", ActingMixin),
    ("detail", FileMixin),
]


def item_paths(
    base: str, collection: Collection, *views: type[ItemMixin]
) -> list[URLPattern]:
    """Return the addresses of a collection's pages.

    There is a list and a page of one row, and a form for each thing that the
    declaration lets customers do. They are called `<collection>_list`, `_detail`,
    `_create`, `_update`, `_delete`. Deletion brings `_bulk_delete`, the page of one row
    `_action`, `_file` and `_listed_file`, a list that has a download `_csv`.

    Args:
        base: the address of the list, such as `tickets`.
        views: subclasses of the views of `items.views` that replace the usual ones, or
            their companions.
    """
    own: dict[str, Any] = {view.action: view for view in (*_usual(collection), *views)}
    by_action = {**_companions(own), **own}
    served = {action: view.as_view() for action, view in by_action.items()}
    if own["list"].has_csv:
        served["csv"] = own["list"].as_view(sends_csv=True)
    if "file" in served:
        served["listed_file"] = served["file"]
    compared = compared_fields(own["list"])
    register(replace(collection.declaration, compared_fields=compared))
    base = base.strip("/")
    return [
        path(f"{base}/{rest}", served[action], name=f"{collection.name}_{action}")
        for action, rest in PAGES.items()
        if action in served
    ]


def compared_fields(view: Any) -> tuple[str, ...]:
    """Return the fields that a list sorts, filters or searches by."""
    ordering = [view.ordering] if isinstance(view.ordering, str) else view.ordering
    names = (*view.search_fields, *view.filter_fields, *(view.sort_fields or ()))
    ordered = (name.removeprefix("-") for name in ordering or ())
    return tuple(dict.fromkeys([*names, *ordered]))


def _usual(collection: Collection) -> Iterator[type[ItemMixin]]:
    """Yield the views that the declaration asks for."""
    for view in VIEWS:
        if view.action in {"list", "detail", *collection.allowed_actions}:
            yield type(view.__name__, (view,), {"collection": collection})


def _companions(views: dict[str, Any]) -> dict[str, Any]:
    return {
        mixin.action: _with(mixin, views[action])
        for action, mixin in COMPANIONS
        if action in views
    }


def _with(mixin: Any, view: Any) -> Any:
    name = f"{view.__name__}{mixin.__name__}"
    return type(name, (mixin, view), {"action": mixin.action})
