"""Press a button of a row that sets one field."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.directus import InvalidPayload
from accounts.own_data import client_for

from . import versions
from .actions import Action
from .collection import Collection
from .rights import refused_rows
from .versions import Version


class ActingMixin(View):
    """Sets the field of one of the declaration's actions, named in the address."""

    action = "action"
    needs = "update"
    address: Any
    collection: Collection
    item: Any
    key: Any
    request: Any
    kwargs: dict[str, Any]

    def get(self, request, *args, **kwargs):
        """Show the row with its buttons, after a sign-in."""
        return HttpResponseRedirect(self.address("detail", self.key))

    def post(self, request, *args, **kwargs):
        """Set the field, if the row is as the page showed it."""
        is_known = self.chosen.fits(self.item) and self._is_as_shown()
        try:
            is_done = is_known and self._write()
        except InvalidPayload:
            messages.error(request, _("This can't be done now."))
        else:
            self._say(is_done=bool(is_done))
        return HttpResponseRedirect(self.address("detail", self.key))

    def _say(self, *, is_done: bool) -> None:
        if is_done:
            messages.success(self.request, _("Saved."))
            return
        text = _("This was changed in the meantime, so nothing was done.")
        messages.warning(self.request, text)

    @cached_property
    def chosen(self) -> Action:
        """The action. Raises Http404 if the declaration has none of this name."""
        for action in self.collection.actions:
            if action.name == self.kwargs["name"]:
                return action
        raise Http404

    def _is_as_shown(self) -> bool:
        sent = self.request.POST.get(versions.FIELD)
        if sent is None:
            return True
        seen = Version.read(sent, self.collection.name, self.key)
        return bool(seen.changed_at == self.item.changed_at)

    def _write(self) -> list[Any]:
        collection, action = self.collection, self.chosen
        rule = collection.owned_by(
            self.request,
            collection.rule_for_key(self.key),
            *collection.rule_for_version(self.item),
        )
        with refused_rows(collection):
            return client_for(self.request).update_items(
                collection.name, rule, {action.field: action.value}, key=collection.key
            )
