"""The addresses of a collection's pages."""

from typing import Any

from django.urls import URLPattern, path

# Action → what follows the collection's own address.
PAGES = {
    "list": "",
    "csv": "csv/",
    "create": "new/",
    "detail": "<str:pk>/",
    "update": "<str:pk>/edit/",
    "delete": "<str:pk>/delete/",
}


def item_paths(base: str, *views: Any) -> list[URLPattern]:
    """Return the addresses of a collection's views; a missing view has none.

    They are called `<collection>_list`, `_detail`, `_create`, `_update`, `_delete`, and
    `_csv` for the download of a list that has one.

    Args:
        base: the address of the list, such as `tickets`.
        views: subclasses of the views of `items.views`, one for each action.
    """
    served = {view.action: view.as_view() for view in views}
    for view in views:
        if getattr(view, "has_csv", False):
            served["csv"] = view.as_view(sends_csv=True)
    base, name = base.strip("/"), views[0].collection.name
    return [
        path(f"{base}/{rest}", served[action], name=f"{name}_{action}")
        for action, rest in PAGES.items()
        if action in served
    ]
