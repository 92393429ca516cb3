"""Delete rows, after a question."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.own_data import SiteForm, SiteFormView, client_for

from .collection import Collection, NotAKey
from .files import discard_files, files_of, has_files
from .item import Item
from .rights import refused_rows

# The most rows to delete at once.
MOST = 100


class DeletingMixin(SiteFormView):
    """A page that deletes rows, if the declaration lets customers do so."""

    collection: Collection
    addresses: Any
    described: Any
    get_query: Any
    request: Any
    form_class = SiteForm

    def dispatch(self, request, *args, **kwargs):
        if not self.collection.can_delete:
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def delete_rows(self, rule: dict[str, Any]) -> None:
        """Delete the customer's own rows that match a rule."""
        owned = self.collection.owned_by(self.request, rule)
        with refused_rows(self.collection):
            client_for(self.request).delete_items(self.collection.name, owned)

    @property
    def file_names(self) -> list[str]:
        """The fields with files, which go with their row; some forms alone have."""
        names = self.collection.exported_fields
        return [name for name in names if has_files(self.described.get(name))]

    def to_list(self) -> HttpResponse:
        """Lead to the list, with the filters that it had."""
        return HttpResponseRedirect(self.addresses()["list"])


class DeletingOneMixin(DeletingMixin):
    """The question about one row. A row that is gone is no error."""

    files: Any
    key: Any
    item: Any

    @property
    def title(self) -> str:
        """The name of the row, which the view of one row knows."""
        raise NotImplementedError

    def get_context_data(self, **kwargs):
        item = self.item if "pk" in self.kwargs else None
        return super().get_context_data(item=item, **kwargs)

    def submit(self, form):
        """Delete the row."""
        try:
            item, title = self.item, self.title
        except Http404:
            messages.info(self.request, _("This was already deleted."))
            return self.to_list()
        self.delete_rows(self.collection.rule_for_key(item.pk))
        discard_files(self.request, self.collection, self.files)
        messages.success(self.request, _("Deleted: %(title)s") % {"title": title})
        return self.to_list()


class DeletingManyMixin(DeletingMixin):
    """The question about the rows that were selected in the list, and the deletion."""

    action = "bulk_delete"

    def get(self, request, *args, **kwargs):
        """Show the list: after a sign-in nothing is selected."""
        return self.to_list()

    def post(self, request, *args, **kwargs):
        """Ask, and delete after the answer."""
        if not self.keys:
            messages.warning(request, _("Select at least one entry."))
            return self.to_list()
        if len(self.keys) > MOST:
            text = _("Select at most %(most)d entries.") % {"most": MOST}
            messages.warning(request, text)
            return self.to_list()
        if not self.items:
            messages.info(request, _("This was already deleted."))
            return self.to_list()
        if "confirmed" in request.POST:
            return self.form_valid(self.get_form())
        # Not bound: the page only asks.
        return self.render_to_response(self.get_context_data(form=self.form_class()))

    def get_context_data(self, **kwargs):
        return super().get_context_data(items=self.items, **kwargs)

    def submit(self, form):
        """Delete the rows that were found, and read again to count those that stay.

        If one of them may not be deleted, Directus deletes none.
        """
        try:
            # A selected row that `get_query()` leaves out stays.
            self.delete_rows(self._rule([item.pk for item in self.items]))
        except PermissionDenied:
            self._say(0, len(self.items))
            return self.to_list()
        left = {item.pk for item in self._read([self.collection.key])}
        gone = [item for item in self.items if item.pk not in left]
        files = (files_of(item, self.described) for item in gone)
        discard_files(self.request, self.collection, *files)
        self._say(len(gone), len(left))
        return self.to_list()

    def _say(self, deleted: int, left: int) -> None:
        if deleted > 0:
            text = ngettext(
                "%(count)d entry deleted.", "%(count)d entries deleted.", deleted
            )
            messages.success(self.request, text % {"count": deleted})
        if left:
            text = ngettext(
                "%(count)d entry could not be deleted.",
                "%(count)d entries could not be deleted.",
                left,
            )
            messages.warning(self.request, text % {"count": left})

    @cached_property
    def items(self) -> list[Item]:
        """The selected rows that are there."""
        return self._read([self.collection.title, *self.file_names])

    @cached_property
    def keys(self) -> list[Any]:
        """The selected keys; what cannot be a key is left out."""
        found = []
        for text in dict.fromkeys(self.request.POST.getlist("key")[: MOST + 1]):
            try:
                found.append(self.collection.clean_key(self.request, text))
            except NotAKey:
                continue
        return found

    def _rule(self, keys: list[Any]) -> dict[str, Any]:
        return {self.collection.key: {"_in": keys}}

    def _read(self, fields: list[str]) -> list[Item]:
        query = self.get_query(fields).filter(self._rule(self.keys))
        return [
            item for page in query.pages(MOST, most=len(self.keys)) for item in page
        ]
