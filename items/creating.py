"""Make a row from a form, once."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from accounts.directus import DirectusUnavailable, InvalidPayload
from accounts.own_data import SiteFormView, client_for, item_files, once

from . import sent_forms
from .collection import Collection
from .drafts import created_state
from .files import FileChanges
from .forms import ItemForm
from .item import Item
from .sent_forms import SentForm

# Directus is asked again after so many seconds if the same form is at work.
BUSY_SECONDS = 5


class CreatingMixin(SiteFormView):
    """A form that makes a row for the signed-in customer."""

    collection: Collection
    described: Any
    address: Any
    get_query: Any
    request: Any
    shows_trouble = True

    @cached_property
    def sent_form(self) -> SentForm:
        """The form that was sent, or that the page shows."""
        return SentForm.read(self.request.POST.get(sent_forms.FIELD, ""))

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            hidden_fields=[(sent_forms.FIELD, self.sent_form.signed())],
            offers_draft=self.collection.has_drafts(),
            **kwargs,
        )

    def submit(self, form):
        """Make the row, unless the same form has made it."""
        claim = once(self.request, f"{self.collection.name}:{self.sent_form.id}")
        if not claim.is_first():
            return self._sent_again(form, is_settled=claim.is_kept())
        try:
            made = self._made_or_new(form)
        except InvalidPayload as error:
            claim.undo()
            form.refuse(error)
            return self.form_invalid(form)
        except DirectusUnavailable as error:
            if error.never_sent:
                claim.undo()
            else:
                claim.keep()
                self.sent_form = self.sent_form.unsure()
            raise
        except Exception:
            claim.undo()
            raise
        claim.keep()
        return self.made(made)

    def trouble(self, form, status, title, retry_after, text=""):
        """Show the form again; say if the row may be there nevertheless."""
        if self.sent_form.is_unsure:
            messages.warning(self.request, self._unsure_text())
        return super().trouble(form, status, title, retry_after, text)

    def made(self, pk: Any) -> HttpResponse:
        """Lead to the new row, or to the list if it may not be read."""
        messages.success(self.request, _("Saved."))
        page = "list" if pk is None else "detail"
        return HttpResponseRedirect(self.address(page, pk))

    def values_of(self, form: ItemForm) -> dict[str, Any]:
        """Return the values of the new row. The owner is the site's to say."""
        state = created_state(self.collection, self.request.POST)
        owner = {self.collection.owner: str(self.request.user.mirrored_id)}
        return form.changes | state | owner

    def _made_or_new(self, form: ItemForm) -> Any:
        if self.sent_form.is_unsure and (found := self._find_made(form)):
            return found.pk
        collection = self.collection
        with FileChanges(self.request, collection, self.values_of(form)) as files:
            client = client_for(self.request)
            pk = client.create_item(collection.name, files.values, key=collection.key)
            files.keep()
        return pk

    def _sent_again(self, form: ItemForm, *, is_settled: bool) -> HttpResponse:
        if not is_settled:
            text = "the same form is being processed"
            raise DirectusUnavailable(text, retry_after=BUSY_SECONDS, timed_out=True)
        if found := self._find_made(form):
            return self.made(found.pk)
        self.sent_form = SentForm.new()
        text = _("This form was sent before. Send it again to make another entry.")
        form.add_error(None, text)
        return self.form_invalid(form)

    def _find_made(self, form: ItemForm) -> Item | None:
        """Return the row that this form has made, as far as pages show its fields."""
        values = _shown(self.collection, form.changes)
        if not values or not self._knows_creation():
            return None
        created_at = self.collection.created_at
        query = self.get_query([created_at, *values]).order_by(f"-{created_at}")
        rows, _count = query.page(1, sent_forms.NEWEST)
        newer = [row for row in rows if self.sent_form.is_older_than(row[created_at])]
        return sent_forms.find_made(newer, values, self.described)

    def _knows_creation(self) -> bool:
        collection = self.collection
        shows_it = collection.created_at in collection.read_fields
        return shows_it and collection.created_at in self.described

    def _unsure_text(self) -> str:
        if self._knows_creation():
            return _("Send it again: an entry that was saved is not made twice.")
        return _("It may have been saved. Look at the list before you send it again.")


def _shown(collection: Collection, values: Mapping[str, Any]) -> dict[str, Any]:
    # A new file has no id before it is stored.
    readable = set(collection.read_fields)
    return {
        name: value
        for name, value in values.items()
        if name in readable and not isinstance(value, item_files.NewFile)
    }
