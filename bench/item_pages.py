"""Pages over the collection of the bench."""

from items.collection import Collection
from items.urls import item_paths
from items.views import ItemListView

rows = Collection(
    "bench_rows",
    owner="owner",
    list_fields=["number", "subject", "status", "date_created"],
    create_fields=["subject"],
    changed_at="",
    label="Row",
    label_plural="Rows",
)


class RowList(ItemListView):
    """All rows, the newest first."""

    collection = rows
    ordering = ("-number",)
    search_fields = ("subject",)
    filter_fields = ("status",)


urlpatterns = item_paths("bench/rows", rows, RowList)
