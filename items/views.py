"""Class-based views over a collection, as Django's generic views over a model."""

from typing import Any

from django.http import Http404, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property
from django.views.generic import DetailView, ListView, View
from django.views.generic.base import ContextMixin

from accounts.directus import InvalidPayload
from accounts.own_data import SiteForm, SiteFormView, allowed_actions, client_for

from .collection import Collection, NotAKey
from .fields import item_fields
from .forms import ItemForm
from .item import Item
from .paginator import ItemPaginator
from .query import ItemQuery


class ItemMixin(ContextMixin, View):
    """A view over one collection.

    Attributes:
        collection: the declaration.
        action: the end of the address' name, such as `list`.
        template_kind: the end of the template's name; the action by default.
    """

    request: Any
    collection: Collection
    action: str
    template_kind = ""

    def get_template_names(self):
        """Return the app's own template for the collection, else the common one."""
        app = type(self).__module__.partition(".")[0]
        kind = self.template_kind or self.action
        return [f"{app}/{self.collection.name}_{kind}.html", f"items/item_{kind}.html"]

    @cached_property
    def described(self):
        """The descriptions of the collection's fields, by name."""
        return self.collection.described(self.request)

    def get_query(self, fields):
        """Return the customer's own rows; narrow it to show fewer."""
        return ItemQuery(self.request, self.collection, fields)

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            collection=self.collection,
            addresses=self.addresses(),
            may=self.may,
            **kwargs,
        )

    @cached_property
    def may(self):
        """What buttons to show: `create`, `update` and `delete` to booleans.

        The declaration allows it, and Directus, if it says so.
        """
        declared = self.collection.allowed_actions
        allowed = allowed_actions(self.request, self.collection.name)
        return {
            action: action in declared and (allowed is None or action in allowed)
            for action in ("create", "update", "delete")
        }

    def address(self, action, pk=None):
        """Return the address of another page of the collection; empty without one."""
        name = f"{self.collection.name}_{action}"
        if namespace := self.request.resolver_match.namespace:
            name = f"{namespace}:{name}"
        try:
            return reverse(name, args=[] if pk is None else [pk])
        except NoReverseMatch:
            return ""

    def addresses(self):
        """Return the addresses of the pages that the collection has, by action."""
        return {action: self.address(action) for action in ("list", "create")}


class ItemListView(ItemMixin, ListView):
    """A page of the customer's rows.

    Attributes:
        ordering: names of fields, descending with `-`.
        paginate_by: the number of rows of a page.
    """

    action = "list"
    paginator_class = ItemPaginator
    paginate_by = 25
    ordering = ()

    def get_queryset(self):
        query = self.get_query(self.collection.list_fields)
        return query.order_by(*self.get_ordering() or ())


class OneItemMixin(ItemMixin):
    """A view over one row, whose key is in the address."""

    @cached_property
    def item(self) -> Item:
        """The row. Raises Http404 if the customer has no such row."""
        query = self.get_query(self.collection.read_fields)
        found = query.filter(self.collection.rule_for_key(self.key)).first()
        if found is None:
            raise Http404
        return found

    @cached_property
    def key(self) -> Any:
        """The key in the address. Raises Http404 if no row can have it."""
        try:
            return self.collection.clean_key(self.request, str(self.kwargs["pk"]))
        except NotAKey:
            raise Http404 from None

    def addresses(self):
        """Return the addresses of the pages of the collection and of the row."""
        own = {
            name: self.address(name, self.key)
            for name in ("detail", "update", "delete")
        }
        return super().addresses() | own


class ItemDetailView(OneItemMixin, DetailView):
    """One row."""

    action = "detail"
    context_object_name = "item"

    def get_object(self, queryset=None):
        return self.item


class ItemFormMixin(ItemMixin, SiteFormView):
    """A form for a row."""

    form_class = ItemForm
    template_kind = "form"
    # The names of the fields.
    names: Any = ()

    def get_form_kwargs(self):
        item = getattr(self, "item", None)
        fields = item_fields(self.request, self.collection, self.names, item)
        return super().get_form_kwargs() | {
            "item_fields": fields,
            "described": self.described,
            "names": self.names,
        }

    def form_valid(self, form):
        """Write; an outage while a choice was looked up is one of the page."""
        self.request.trouble = self.request.trouble or form.trouble
        return super().form_valid(form)


class ItemCreateView(ItemFormMixin):
    """Create a row."""

    action = "create"

    @property
    def names(self):
        """The fields that customers may write in a new row."""
        return self.collection.create_fields

    def submit(self, form):
        """Create the row for the signed-in customer."""
        owner = {self.collection.owner: str(self.request.user.mirrored_id)}
        try:
            pk = client_for(self.request).create_item(
                self.collection.name, form.changes | owner, key=self.collection.key
            )
        except InvalidPayload as error:
            form.refuse(error)
            return self.form_invalid(form)
        return HttpResponseRedirect(self.address("detail", pk))


class ItemUpdateView(OneItemMixin, ItemFormMixin):
    """Change a row."""

    action = "update"

    @property
    def names(self):
        """The fields that customers may change."""
        return self.collection.update_fields

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"values": self.item}

    def submit(self, form):
        """Write the changed fields."""
        if not form.changes:
            return HttpResponseRedirect(self.address("detail", self.key))
        rule = self.collection.rule_for_key(self.key)
        try:
            written = client_for(self.request).update_items(
                self.collection.name,
                self.collection.owned_by(self.request, rule),
                form.changes,
                key=self.collection.key,
            )
        except InvalidPayload as error:
            form.refuse(error)
            return self.form_invalid(form)
        if not written:
            raise Http404
        return HttpResponseRedirect(self.address("detail", self.key))


class ItemDeleteView(OneItemMixin, SiteFormView):
    """Delete a row, after a question."""

    action = "delete"
    form_class = SiteForm

    def get_context_data(self, **kwargs):
        return super().get_context_data(item=self.item, **kwargs)

    def submit(self, form):
        """Delete the row; one that is gone already is no error."""
        rule = self.collection.rule_for_key(self.key)
        client_for(self.request).delete_items(
            self.collection.name, self.collection.owned_by(self.request, rule)
        )
        return HttpResponseRedirect(self.address("list"))
