"""Tickets: customers ask, staff answer in Directus' own app."""

from django.utils.translation import gettext_lazy as _

from items.actions import Action
from items.collection import Collection
from items.urls import item_paths
from items.views import (
    ItemCreateView,
    ItemDeleteView,
    ItemDetailView,
    ItemListView,
    ItemUpdateView,
)

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
    ordering = ["-date_created"]
    search_fields = ["number", "subject"]
    filter_fields = ["status", "date_created"]


class TicketDetail(ItemDetailView):
    """One ticket with the answer."""

    collection = tickets


class TicketCreate(ItemCreateView):
    """Ask something."""

    collection = tickets


class TicketUpdate(ItemUpdateView):
    """Change the question."""

    collection = tickets


class TicketDelete(ItemDeleteView):
    """Delete a ticket, after a question."""

    collection = tickets


class TicketsCard(ItemsCard):
    """The newest tickets that are not closed, on the home page."""

    title = _("Open tickets")
    collection = tickets
    namespace = "dashboard"
    title_field = "subject"
    note_fields = ["status", "date_created"]
    rules = [{"status": {"_neq": "closed"}}]
    ordering = ["-date_created"]
    empty_text = _("No open tickets.")


urlpatterns = item_paths(
    "tickets", TicketList, TicketDetail, TicketCreate, TicketUpdate, TicketDelete
)
