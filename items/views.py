"""Class-based views over a collection, as Django's generic views over a model."""

from typing import Any

from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import DetailView, ListView, View

from accounts.directus import InvalidPayload
from accounts.own_data import SiteForm, SiteFormView, client_for, custom_field
from config.request import AuthenticatedRequest

from .collection import Collection, NotAKey
from .forms import ItemForm
from .item import Item
from .paginator import ItemPaginator
from .query import ItemQuery


class ItemMixin(View):
    """A view over one collection.

    Attributes:
        collection: the declaration.
    """

    request: AuthenticatedRequest
    collection: Collection
    # The end of the template's name, such as `list`.
    kind: str

    def get_template_names(self):
        """Return the app's own template for the collection, else the common one."""
        app = type(self).__module__.partition(".")[0]
        own = f"{app}/{self.collection.name}_{self.kind}.html"
        return [own, f"items/item_{self.kind}.html"]

    @cached_property
    def described(self):
        """The descriptions of the collection's fields, by name."""
        return self.collection.described(self.request)

    def get_query(self, fields):
        """Return the customer's own rows; narrow it to show fewer."""
        return ItemQuery(self.request, self.collection, fields)

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            collection=self.collection, described=self.described, **kwargs
        )

    def address(self, action, pk=None):
        """Return the address of another page of the collection."""
        namespace = self.request.resolver_match.namespace
        name = f"{self.collection.name}_{action}"
        args = [] if pk is None else [pk]
        return reverse(f"{namespace}:{name}" if namespace else name, args=args)


class ItemListView(ItemMixin, ListView):
    """A page of the customer's rows.

    Attributes:
        ordering: names of fields, descending with `-`.
    """

    kind = "list"
    paginator_class = ItemPaginator
    paginate_by = 25
    ordering = ()

    def get_queryset(self):
        query = self.get_query(self.collection.list_fields)
        return query.order_by(*self.get_ordering())


class OneItemMixin(ItemMixin):
    """A view over one row, whose key is in the address."""

    @cached_property
    def item(self) -> Item:
        """The row. Raises Http404 if the customer has no such row."""
        try:
            key = self.collection.clean_key(self.request, str(self.kwargs["pk"]))
        except NotAKey:
            raise Http404 from None
        query = self.get_query(self.collection.read_fields)
        found = query.filter(self.collection.rule_for_key(key)).first()
        if found is None:
            raise Http404
        return found


class ItemDetailView(OneItemMixin, DetailView):
    """One row."""

    kind = "detail"
    context_object_name = "item"

    def get_object(self, queryset=None):
        return self.item


class ItemFormMixin(ItemMixin, SiteFormView):
    """A form for a row."""

    form_class = ItemForm
    shows_trouble = True
    # The names of the fields.
    names: Any = ()

    def get_form_kwargs(self):
        found = [self.described[name] for name in self.names if name in self.described]
        fields = [field for field in map(custom_field, found) if field]
        return super().get_form_kwargs() | {"item_fields": fields}


class ItemCreateView(ItemFormMixin):
    """Create a row."""

    kind = "form"

    @property
    def names(self):
        """The fields that customers may write in a new row."""
        return self.collection.create_fields

    def submit(self, form):
        """Create the row for the signed-in customer."""
        values = form.changes | {
            self.collection.owner: str(self.request.user.mirrored_id)
        }
        try:
            pk = client_for(self.request).create_item(
                self.collection.name, values, key=self.collection.key
            )
        except InvalidPayload as error:
            form.refuse(error)
            return self.form_invalid(form)
        return HttpResponseRedirect(self.address("detail", pk))


class ItemUpdateView(OneItemMixin, ItemFormMixin):
    """Change a row."""

    kind = "form"

    @property
    def names(self):
        """The fields that customers may change."""
        return self.collection.update_fields

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"values": self.item}


class ItemDeleteView(OneItemMixin, SiteFormView):
    """Delete a row, after a question."""

    kind = "delete"
    form_class = SiteForm
