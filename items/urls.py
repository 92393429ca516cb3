"""The addresses of a collection's pages."""

from typing import Any

from django.urls import URLPattern, path

from .file_view import ItemFileView

# Action → what follows the collection's own address.
PAGES = {
    "list": "",
    "create": "new/",
    "detail": "<str:pk>/",
    "update": "<str:pk>/edit/",
    "delete": "<str:pk>/delete/",
    "file": "<str:pk>/files/<str:field>/",
}


def item_paths(base: str, *views: Any) -> list[URLPattern]:
    """Return the addresses of a collection's views; a missing view has none.

    They are called `<collection>_list`, `_detail`, `_create`, `_update`, `_delete` and
    `_file`.

    Args:
        base: the address of the list, such as `tickets`.
        views: subclasses of the views of `items.views`, one for each action. The one
            for files, ItemFileView, is there without being named.
    """
    by_action = {view.action: view for view in views}
    collection = views[0].collection
    by_action.setdefault(
        "file", type("File", (ItemFileView,), {"collection": collection})
    )
    base = base.strip("/")
    return [
        path(
            f"{base}/{rest}",
            by_action[action].as_view(),
            name=f"{by_action[action].collection.name}_{action}",
        )
        for action, rest in PAGES.items()
        if action in by_action
    ]
