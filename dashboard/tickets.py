"""Tickets: customers ask, staff answer in Directus' own app."""

from django.utils.translation import gettext_lazy as _

from items.actions import Action
from items.collection import Collection
from items.urls import item_paths
from items.views import ItemListView

from .cards import ItemsCard
from .ticket_blueprint import BLUEPRINT

tickets = Collection(
    "tickets",
    owner="owner",
    key="number",
    list_fields=["number", "subject", "status", "date_created"],
    detail_fields=["description", "product.name", "reply", "attachment"],
    create_fields=["subject", "product", "description", "attachment"],
    update_fields=["subject", "description", "attachment"],
    can_delete=True,
    title_field="subject",
    actions=[
        Action(
            "close",
            field="status",
            value="closed",
            label=_("Close ticket"),
            when={"status": ["open", "answered"]},
        )
    ],
    label=_("Ticket"),
    label_plural=_("Tickets"),
    blueprint=BLUEPRINT,
)


class TicketList(ItemListView):
    """The customer's tickets, the newest first."""

    collection = tickets
    ordering = ("-date_created",)
    search_fields = ["number", "subject"]
    filter_fields = ["status", "date_created"]


class TicketsCard(ItemsCard):
    """A card about the newest tickets; all of these cards make one call together."""

    collection = tickets
    namespace = "dashboard"
    title_field = "subject"
    fields = ["status", "date_created", "date_updated"]
    rules = [{"_or": [{"status": {"_neq": "closed"}}, {"reply": {"_nnull": True}}]}]
    ordering = ["-date_created"]
    reads = 50


class OpenTickets(TicketsCard):
    """The newest tickets that are not closed."""

    title = _("Open tickets")
    note_fields = ["status", "date_created"]
    empty_text = _("No open tickets.")

    def choose(self, items):
        return [item for item in items if item["status"] != "closed"]


class LatestAnswers(TicketsCard):
    """The tickets with an answer, the last changed first."""

    title = _("Latest answers")
    calls = 0
    note_fields = ["status", "date_updated"]
    empty_text = _("No answers yet.")

    def choose(self, items):
        answered = [item for item in items if item["status"] != "open"]
        return sorted(answered, key=lambda item: item.changed_at or "", reverse=True)


urlpatterns = item_paths("tickets", tickets, TicketList)
