"""Class-based views over a collection, as Django's generic views over a model."""

from typing import Any

from django.http import Http404, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property, classproperty
from django.views.generic import DetailView, ListView, View
from django.views.generic.base import ContextMixin

from accounts.directus import InvalidPayload
from accounts.own_data import SiteForm, SiteFormView, client_for, custom_field

from .collection import Collection, NotAKey
from .files import FileChanges, FileRefused, discard_files
from .forms import ItemForm
from .item import Item
from .paginator import ItemPaginator
from .query import ItemQuery
from .uploads import file_field


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

    def address(self, action, *args):
        """Return the address of another page of the collection; empty without one.

        Args:
            args: the key of a row, and the name of a field for a file.
        """
        name = f"{self.collection.name}_{action}"
        if namespace := self.request.resolver_match.namespace:
            name = f"{namespace}:{name}"
        try:
            return reverse(name, args=args)
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

    @property
    def files(self) -> dict[str, Any]:
        """The ids of the row's files by field."""
        return {
            name: self.item[name]
            for name in self.item
            if name in self.described and self.described[name].is_file
        }

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
    # The files of the row by field.
    files: Any = {}

    @classproperty
    def max_body_bytes(cls):  # noqa: N805
        """The most bytes of all files in the form."""
        return cls.collection.files.most_together

    def get_form_kwargs(self):
        found = [self.described[name] for name in self.names if name in self.described]
        fields = [field for field in map(self.form_field, found) if field]
        return super().get_form_kwargs() | {"item_fields": fields}

    def form_field(self, description):
        """Return the field of the form for a description; None if there is none."""
        if not description.is_file:
            return custom_field(description)
        url = self.address("file", self.kwargs.get("pk"), description.name)
        return file_field(description, self.collection.files, url)

    def submit(self, form):
        """Store the files, then write the row."""
        try:
            with self.file_changes(form) as files:
                return self.write(form, files)
        except FileRefused as error:
            form.add_error(error.field, str(error))
        except InvalidPayload as error:
            form.refuse(error)
        return self.form_invalid(form)

    def file_changes(self, form):
        """Return the files of the form, to be stored."""
        return FileChanges(self.request, self.collection, form.changes, self.files)

    def write(self, form, files):
        """Write the row with `files.values`, then call `files.keep()`."""
        raise NotImplementedError


class ItemCreateView(ItemFormMixin):
    """Create a row."""

    action = "create"

    @property
    def names(self):
        """The fields that customers may write in a new row."""
        return self.collection.create_fields

    def write(self, form, files):
        """Create the row for the signed-in customer."""
        owner = {self.collection.owner: str(self.request.user.mirrored_id)}
        pk = client_for(self.request).create_item(
            self.collection.name, files.values | owner, key=self.collection.key
        )
        files.keep()
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

    def write(self, form, files):
        """Write the changed fields."""
        if not files.values:
            return HttpResponseRedirect(self.address("detail", self.key))
        rule = self.collection.rule_for_key(self.key)
        written = client_for(self.request).update_items(
            self.collection.name,
            self.collection.owned_by(self.request, rule),
            files.values,
            key=self.collection.key,
        )
        if not written:
            raise Http404
        files.keep()
        return HttpResponseRedirect(self.address("detail", self.key))


class ItemDeleteView(OneItemMixin, SiteFormView):
    """Delete a row, after a question."""

    action = "delete"
    form_class = SiteForm

    def get_context_data(self, **kwargs):
        return super().get_context_data(item=self.item, **kwargs)

    def submit(self, form):
        """Delete the row and its files; one that is gone already is no error."""
        files = self.files if any(f.is_file for f in self.described.values()) else {}
        rule = self.collection.rule_for_key(self.key)
        client_for(self.request).delete_items(
            self.collection.name, self.collection.owned_by(self.request, rule)
        )
        discard_files(self.request, self.collection, files)
        return HttpResponseRedirect(self.address("list"))
