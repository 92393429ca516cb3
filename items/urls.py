"""The addresses of a collection's pages."""

from typing import Any

from django.urls import URLPattern, path

from .acting import ActingMixin
from .deleting import DeletingManyMixin
from .file_view import FileMixin

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
}
# What a view does at another address: it lets in the same users, to the same rows.
COMPANIONS: list[tuple[str, Any]] = [
    ("delete", DeletingManyMixin),
    ("detail", ActingMixin),
    ("detail", FileMixin),
]


def item_paths(base: str, *views: Any) -> list[URLPattern]:
    """Return the addresses of a collection's views; a missing view has none.

    They are called `<collection>_list`, `_detail`, `_create`, `_update`, `_delete`. The
    view for deletion brings `_bulk_delete`, that of one row `_action` and `_file`,
    unless these are among the views; a list that has a download brings `_csv`.

    Args:
        base: the address of the list, such as `tickets`.
        views: subclasses of the views of `items.views`, one for each action.
    """
    own = {view.action: view for view in views}
    by_action = {**_companions(own), **own}
    served = {action: view.as_view() for action, view in by_action.items()}
    for view in views:
        if getattr(view, "has_csv", False):
            served["csv"] = view.as_view(sends_csv=True)
    base, name = base.strip("/"), views[0].collection.name
    return [
        path(f"{base}/{rest}", served[action], name=f"{name}_{action}")
        for action, rest in PAGES.items()
        if action in served
    ]


def _companions(views: dict[str, Any]) -> dict[str, Any]:
    return {
        mixin.action: _with(mixin, views[action])
        for action, mixin in COMPANIONS
        if action in views
    }


def _with(mixin: Any, view: Any) -> Any:
    # The module tells in which app templates are looked for.
    facts = {"action": mixin.action, "__module__": view.__module__}
    return type(f"{view.__name__}{mixin.__name__}", (mixin, view), facts)
