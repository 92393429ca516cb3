"""Change a row, without overwriting another change of the same field.

The filter of the write names the owner, the key and the time of the last change, so
that a row which changed after it was read is not found. Directus selects the rows and
then writes them: two writes within milliseconds may both succeed.
"""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from accounts.directus import InvalidPayload, TryLater
from accounts.own_data import SiteFormView, client_for, may_read

from . import drafts, versions
from .collection import Collection
from .conditions import names_in
from .conflicts import CHOICE, MINE, THEIRS, Conflict, kept_data
from .files import FileChanges
from .forms import ItemForm
from .rights import refused_rows
from .versions import Version


class UpdatingMixin(SiteFormView):
    """A form that changes a row."""

    collection: Collection
    described: Any
    address: Any
    files: Any
    item: Any
    key: Any
    request: Any
    shows_trouble = True

    @cached_property
    def version(self) -> Version | None:
        """What the person saw before this form was sent; None if it is not sent."""
        sent = self.request.POST.get(versions.FIELD)
        if sent is None:
            return None
        return Version.read(sent, self.collection.name, self.key)

    def get_form_kwargs(self):
        kwargs = super().get_form_kwargs()
        if not self._is_there():
            return kwargs
        kwargs["values"] = self.item
        if self.version and self.version.undecided:
            unsent = {**kwargs, "data": None, "files": None}
            shown = self.get_form_class()(**unsent)
            kwargs["data"] = kwargs["data"].copy()
            for name in self._given_up(shown):
                kwargs["data"].setlist(name, shown.shown_data(name))
        return kwargs

    def present_item(self) -> Any:
        """Return the row, if it could be read."""
        return self.item if self._is_there() else None

    def read_names(self) -> list[str]:
        """Return the fields to read, and those that conditions look at.

        The latter only where Directus says that they may be read: the set-up gives no
        right to fields that the declaration does not name.
        """
        own = self.described
        fields = (own[name] for name in self.collection.update_fields if name in own)
        looked_at = {name for field in fields for name in names_in(field)}
        more = looked_at - set(self.collection.read_fields)
        found = [name for name in sorted(more) if self._may_read(name)]
        return [*self.collection.read_fields, *found]

    def _may_read(self, name: str) -> bool:
        collection, is_known = self.collection.name, name in self.described
        return may_read(self.request, collection, name, is_known=is_known)

    def _is_there(self) -> bool:
        """Read the row; note an outage while a form is sent, to keep what was typed."""
        try:
            return bool(self.item)
        except TryLater as error:
            if self.request.method != "POST":
                raise
            self.request.trouble = error
            return False

    def post(self, request, *args, **kwargs):
        """Show trouble before mistakes: without the row there is nothing to compare."""
        form = self.get_form()
        if request.trouble or form.is_valid():
            return self.form_valid(form)
        return self.form_invalid(form)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        if "item" in self.__dict__:
            version = self._next_version(context["form"])
            context |= {
                "item": self.item,
                "hidden_fields": [(versions.FIELD, version.signed())],
                "offers_draft": drafts.is_draft(self.collection, self.item),
            }
        elif self.version:
            context["hidden_fields"] = [(versions.FIELD, self.version.signed())]
        return context

    def _next_version(self, form: ItemForm) -> Version:
        # A form that is shown again is compared with what was there at first.
        return self.version.asking([]) if self.version else Version.of(self.item, form)

    def submit(self, form):
        """Write the changed fields, unless they were changed elsewhere."""
        values = self.values_of(form)
        if names := self._to_ask(form, values):
            return self.conflict(form, names)
        values |= drafts.changed_state(self.collection, self.item, self.request.POST)
        try:
            is_written = not values or self._write(values)
        except InvalidPayload as error:
            form.refuse(error)
            return self.form_invalid(form)
        if not is_written:
            return self._changed_just_now()
        return self.changed()

    def values_of(self, form: ItemForm) -> dict[str, Any]:
        """Return the values that the person has changed, of what was shown."""
        version, changes = self.version, form.changes
        if version is None:
            return changes
        return {
            name: value
            for name, value in changes.items()
            if version.differs(name, form.sent_text(name))
        }

    def changed(self) -> HttpResponse:
        """Lead to the changed row."""
        text = _("Saved.")
        if self.version and self.version.changed_at != self.item.changed_at:
            text = _("Saved. Changes made elsewhere in the meantime were kept.")
        messages.success(self.request, text)
        return HttpResponseRedirect(self.address("detail", self.key))

    def _write(self, values: dict[str, Any]) -> list[Any]:
        collection = self.collection
        rule = collection.owned_by(
            self.request,
            collection.rule_for_key(self.key),
            *collection.rule_for_version(self.item),
        )
        name, key = collection.name, collection.key
        with FileChanges(self.request, collection, values, self.files) as files:
            client = client_for(self.request)
            with refused_rows(collection):
                written = client.update_items(name, rule, files.values, key=key)
            if written:
                files.keep()
        return written

    def _to_ask(self, form: ItemForm, values: dict[str, Any]) -> list[str]:
        asked = self._asked(form) if self._undecided(form) else []
        return list(dict.fromkeys([*asked, *self._conflicting(form, values)]))

    def _conflicting(self, form: ItemForm, values: dict[str, Any]) -> list[str]:
        version = self.version
        if version is None:
            return []
        return [name for name in values if version.differs(name, form.shown_text(name))]

    def _changed_just_now(self) -> HttpResponse:
        """Ask about the row as it is now. Raises Http404 if it is gone."""
        del self.item
        if not self.item:
            raise Http404
        form = self.get_form()
        form.is_valid()
        values = self.values_of(form)
        names = self._conflicting(form, values) if self.version else list(values)
        return self.conflict(form, names)

    # Conflicts

    def _asked(self, form: ItemForm) -> list[str]:
        """The fields about which a page has asked, without those that have left."""
        asked = self.version.undecided if self.version else []
        fields = form.fields
        return [n for n in asked if n in fields and not fields[n].disabled]

    def _undecided(self, form: ItemForm) -> list[str]:
        """The fields about which a page has asked in vain."""
        asked = self._asked(form)
        return [name for name in asked if self._choice(name) not in {MINE, THEIRS}]

    def _given_up(self, form: ItemForm) -> list[str]:
        """The fields whose newer value is to stay, once all are decided."""
        if self._undecided(form):
            return []
        return [name for name in self._asked(form) if self._choice(name) == THEIRS]

    def _choice(self, name: str) -> str:
        return self.request.POST.get(f"{CHOICE}{name}", "")

    def conflict(self, form: ItemForm, names: list[str]) -> HttpResponse:
        """Show both values of each field, and let the person choose.

        A newer file stays: a page cannot carry the other one.
        """
        asked = [name for name in names if not self.described[name].is_file]
        version = Version.of(self.item, form).asking(asked)
        kept = kept_data(form, self.values_of(form))
        state = [(drafts.FIELD, text) for text in self._sent_state]
        context = self.get_context_data(form=form) | {
            "conflicts": [self._conflict(form, name) for name in asked],
            "is_undecided": bool(self._undecided(form)),
            "has_files": bool(self.request.FILES) or asked != names,
            "hidden_fields": [(versions.FIELD, version.signed()), *state, *kept],
        }
        return self.response_class(
            request=self.request,
            template=self.templates_for("conflict"),
            context=context,
            using=self.template_engine,
            status=409,
        )

    def _conflict(self, form: ItemForm, name: str) -> Conflict:
        return Conflict(form, self.described[name], self.item, self._choice(name))

    @property
    def _sent_state(self) -> list[str]:
        return self.request.POST.getlist(drafts.FIELD)

    templates_for: Any
