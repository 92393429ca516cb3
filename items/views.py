"""Class-based views over a collection, as Django's generic views over a model."""

from typing import Any

from django.http import Http404, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property
from django.views.generic import DetailView, ListView, View
from django.views.generic.base import ContextMixin

from accounts.directus import InvalidPayload
from accounts.own_data import SiteForm, SiteFormView, client_for, custom_field

from .collection import Collection, NotAKey
from .forms import ItemForm
from .item import Item
from .listing import ListingMixin
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
            **kwargs,
        )

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


class ItemListView(ListingMixin, ItemMixin, ListView):
    """A page of the customer's rows.

    Attributes:
        search_fields: the fields that the search looks into: texts for a part of them,
            numbers for the whole value.
        filter_fields: the fields with a filter: those with choices, booleans, numbers,
            dates and times.
        sort_fields: the fields that the customer may sort by; by default those of
            `list_fields` that can be sorted.
        ordering: names of fields, descending with `-`.
        paginate_by: the number of rows of a page.
        has_csv: whether the rows can be downloaded.
    """

    action = "list"
    paginator_class = ItemPaginator
    search_fields = ()
    filter_fields = ()
    sort_fields = None
    ordering = ()
    paginate_by = 25
    has_csv = True


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
        found = [self.described[name] for name in self.names if name in self.described]
        fields = [field for field in map(custom_field, found) if field]
        return super().get_form_kwargs() | {"item_fields": fields}


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
