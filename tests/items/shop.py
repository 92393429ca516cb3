"""A collection for tests, its views and its addresses."""

from config.urls import urlpatterns as site
from items.collection import Collection
from items.urls import item_paths
from items.views import ItemListView

tickets = Collection(
    "tickets",
    owner="owner",
    list_fields=["number", "subject", "status", "date_created"],
    detail_fields=["description", "product.name", "reply"],
    create_fields=["subject", "product", "description"],
    update_fields=["subject", "description"],
    can_delete=True,
    label="Ticket",
    label_plural="Tickets",
)


class TicketList(ItemListView):
    collection = tickets
    ordering = ("-date_created",)
    search_fields = ("number", "subject")
    filter_fields = ("status", "date_created", "number", "is_urgent", "due")
    paginate_by = 3


# First: the site has tickets of its own.
urlpatterns = [*item_paths("tickets", tickets, TicketList), *site]
