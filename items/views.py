"""Class-based views over a collection, as Django's generic views over a model."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, QueryDict
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property, classproperty
from django.utils.translation import gettext as _
from django.views.generic import DetailView, ListView, View
from django.views.generic.base import ContextMixin

from accounts.own_data import SiteFormView

from . import versions
from .collection import Collection, NotAKey
from .columns import column
from .creating import CreatingMixin
from .deleting import DeletingOneMixin
from .fields import item_fields
from .files import FileRefused, files_of
from .forms import ItemForm
from .item import Item
from .listing import ListingMixin
from .paginator import ItemPaginator
from .query import ItemQuery
from .rights import RightsMixin
from .updating import UpdatingMixin
from .uploads import UploadField
from .versions import Version

# The name of the input with the filters of the list.
LIST_QUERY = "list-query"
LONGEST_QUERY = 1000


class ItemMixin(RightsMixin, ContextMixin, View):
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

    def dispatch(self, request, *args, **kwargs):
        if not request.user.is_mirrored:
            text = _("This is a local administrator account. It has no entries.")
            messages.warning(request, text)
            return redirect("dashboard:home")
        return super().dispatch(request, *args, **kwargs)

    def get_template_names(self):
        """Return the collection's own template, else the common one."""
        return self.templates_for(self.template_kind or self.action)

    def templates_for(self, kind):
        """Return the names of the templates of a kind of page."""
        return [f"items/{name}_{kind}.html" for name in (self.collection.name, "item")]

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

    def address(self, action, *args):
        """Return the address of another page of the collection; empty without one.

        Args:
            args: the key of the row, and the name of its button, or of its field for a
                file.
        """
        name = f"{self.collection.name}_{action}"
        if namespace := self.request.resolver_match.namespace:
            name = f"{namespace}:{name}"
        try:
            return reverse(name, args=[arg for arg in args if arg is not None])
        except NoReverseMatch:
            return ""

    def addresses(self):
        """Return the addresses of the pages that the collection has, by action.

        That of the list has the filters with which it led here.
        """
        names = ("list", "create", "bulk_delete")
        found = {action: self.address(action) for action in names}
        if found["list"] and self.list_query:
            found["list"] += f"?{self.list_query}"
        return found

    @property
    def list_query(self):
        """The filters of the list that led here; empty without any."""
        post, get = self.request.POST, self.request.GET
        sent = post.get(LIST_QUERY) or get.get(LIST_QUERY, "")
        return QueryDict(sent[:LONGEST_QUERY]).urlencode()


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
    search_fields: Sequence[str] = ()
    filter_fields: Sequence[str] = ()
    sort_fields: Sequence[str] | None = None
    ordering: Sequence[str] = ()
    paginate_by = 25
    has_csv = True


class OneItemMixin(ItemMixin):
    """A view over one row, whose key is in the address."""

    @cached_property
    def item(self) -> Item:
        """The row.

        Raises:
            Http404: the customer has no such row.
            PermissionDenied: they may not do what this view does with it.
        """
        query = self.get_query(self.read_names())
        found = query.filter(self.collection.rule_for_key(self.key)).first()
        if found is None:
            raise Http404
        self.check_allowed()
        return found

    def read_names(self) -> list[str]:
        """Return the fields of the row to read."""
        return self.collection.read_fields

    @property
    def row_key(self):
        """The key of the row, for its rights; views over several have none."""
        return self.key if "pk" in self.kwargs else None

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
        return files_of(self.item, self.described)

    def addresses(self):
        """Return the addresses of the pages of the collection and of the row."""
        found = super().addresses()
        if "pk" in self.kwargs:
            for name in ("detail", "update", "delete"):
                found[name] = self.address(name, self.key)
        return found

    @property
    def title(self) -> str:
        """The name of the row, as plain text."""
        path = self.collection.title
        found = column(self.request, self.collection, path)
        return found.text(self.item.value(path))


class ItemDetailView(OneItemMixin, DetailView):
    """One row."""

    action = "detail"
    context_object_name = "item"

    def get_object(self, queryset=None):
        return self.item

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            title=self.title,
            buttons=self.buttons(),
            hidden_fields=[(versions.FIELD, Version.of(self.item).signed())],
            **kwargs,
        )

    def buttons(self):
        """Return the addresses and labels of the actions that fit the row."""
        if not self.is_allowed("update"):
            return []
        return [
            (self.address("action", self.key, action.name), action.label)
            for action in self.collection.actions
            if action.fits(self.item)
        ]


class ItemFormMixin(ItemMixin, SiteFormView):
    """A form for a row."""

    form_class = ItemForm
    template_kind = "form"
    # The names of the fields.
    names: Any = ()

    @classproperty
    def max_body_bytes(cls):  # noqa: N805
        """The most bytes of all files in the form."""
        return cls.collection.files.most_together

    def get_form_kwargs(self):
        item = self.present_item()
        fields = item_fields(self.request, self.collection, self.names, item)
        for field in fields:
            if isinstance(field, UploadField):
                field.url = self.address("file", self.kwargs.get("pk"), field.name)
        return super().get_form_kwargs() | {
            "item_fields": fields,
            "described": self.described,
            "names": self.names,
        }

    def present_item(self) -> Item | None:
        """Return the row that the form changes; None if it is new or not read."""
        return None

    def form_valid(self, form):
        """Write; an outage while a choice was looked up is one of the page."""
        self.request.trouble = self.request.trouble or form.trouble
        try:
            return super().form_valid(form)
        except FileRefused as error:
            form.add_error(error.field, str(error))
            return self.form_invalid(form)


class ItemCreateView(CreatingMixin, ItemFormMixin):
    """Create a row."""

    action = "create"

    @property
    def names(self):
        """The fields that customers may write in a new row."""
        return self.collection.create_fields


class ItemUpdateView(UpdatingMixin, OneItemMixin, ItemFormMixin):
    """Change a row."""

    action = needs = "update"

    @property
    def names(self):
        """The fields that customers may change."""
        return self.collection.update_fields


class ItemDeleteView(OneItemMixin, DeletingOneMixin):
    """Delete a row, after a question."""

    action = needs = "delete"

    def read_names(self):
        """Return the fields that pages read, and those with files."""
        return list(dict.fromkeys([*super().read_names(), *self.file_names]))
