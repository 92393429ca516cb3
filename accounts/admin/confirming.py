"""Ask for a confirmation, run an action on the users one by one, and report.

If Directus stops answering, or the action takes too long, the page asks again about the
remaining users: no half-done action goes unreported.
"""

import time
from dataclasses import dataclass, field

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.request import AuthenticatedRequest

from ..core import audit
from ..directus import (
    AuthenticationFailed,
    DirectusAPIError,
    RateLimited,
    TryLater,
)
from ..models import User
from ..operations.suspend import Refused
from .actions import Action

MOST_AT_ONCE = 100
# The longest time that an action may hold a worker.
MOST_SECONDS = 10.0
MOST_LINES = 20
TEMPLATE = "admin/accounts/user/confirm_action.html"


@dataclass
class Tally:
    """The result; `left` are the unprocessed users, because of `trouble`."""

    done: list = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left: list = field(default_factory=list)
    trouble: str = ""
    status: int = 200
    retry_after: int | None = None


class Confirming:
    """An action in the admin of users: its confirmation page and its run."""

    def __init__(
        self, model_admin: ModelAdmin, action: Action, request: AuthenticatedRequest
    ) -> None:
        self._admin = model_admin
        self._action = action
        self._request = request

    def ask(self, users: list, tally: Tally | None = None) -> TemplateResponse:
        """Return the confirmation page; after an outage with the unprocessed users."""
        tally = tally or Tally()
        objections = [(u, self._action.objection(self._request, u)) for u in users]
        willing = [user for user, objection in objections if not objection]
        obstacle = self._action.obstacle()
        context = {
            **self._admin.admin_site.each_context(self._request),
            "opts": self._admin.opts,
            "title": self._action.question(len(users)),
            "action": self._action,
            "users": objections,
            "only_user": users[0] if len(users) == 1 else None,
            "willing": [] if obstacle else willing,
            "trouble": tally.trouble or obstacle,
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        response = TemplateResponse(
            self._request, TEMPLATE, context, status=tally.status
        )
        if tally.status >= 429:
            response["Retry-After"] = str(tally.retry_after or 10)
        return response

    def do(self, users: list) -> TemplateResponse | None:
        """Run the action; return a page about the unprocessed users, or None."""
        tally = self._run(users)
        self._tell(tally)
        return self.ask(tally.left, tally) if tally.left else None

    # Running

    def _run(self, users: list) -> Tally:
        tally = Tally()
        deadline = time.monotonic() + MOST_SECONDS
        for number, user in enumerate(users):
            if time.monotonic() > deadline:
                tally.trouble = _("This took too long. These users are not done yet.")
            else:
                self._try(user, tally)
            if tally.trouble:
                tally.left = users[number:]
                break
        return tally

    def _try(self, user: User, tally: Tally) -> None:
        objection = self._action.obstacle() or self._action.objection(
            self._request, user
        )
        try:
            if objection:
                raise Refused(objection)
            notes = self._action.perform(self._request, user)
        except Refused as error:
            self._refused(user, str(error), tally)
        except (TryLater, AuthenticationFailed) as error:
            self._stopped(user, error, tally)
        except DirectusAPIError as error:
            self._refused(
                user, _("Directus: %(error)s") % {"error": error}, tally, error.code
            )
        else:
            self._done(user, tally, notes)

    def _done(self, user: User, tally: Tally, notes: list[str]) -> None:
        tally.done.append(user)
        tally.notes += [f"{user}: {note}" for note in notes]
        self._log(user, str(self._action.label))
        audit.record(
            self._action.event, self._request, user=user, staff_id=self._staff_id
        )

    def _refused(
        self, user: User, reason: str, tally: Tally, code: str = "Refused"
    ) -> None:
        tally.notes.append(f"{user}: {reason}")
        self._record("staff_action.refused", user, code)

    def _stopped(
        self, user: User, error: TryLater | AuthenticationFailed, tally: Tally
    ) -> None:
        """Note that the remaining users need not be tried."""
        code = getattr(error, "code", "") or type(error).__name__
        if isinstance(error, AuthenticationFailed):
            tally.trouble = _(
                "Directus rejected DIRECTUS_SERVICE_TOKEN. Run directus_setup to "
                "create a new one. These users were not changed."
            )
            self._record("staff_action.refused", user, code)
            return
        tally.retry_after = error.retry_after
        tally.status = 429 if isinstance(error, RateLimited) else 503
        if tally.status == 503 and not error.never_sent:
            tally.trouble = _(
                "Directus did not answer for %(user)s, so this may or may not have "
                "been done. The remaining users were not changed. You can safely try "
                "again."
            ) % {"user": user}
            text = _("%(action)s: no answer from Directus")
            self._log(user, text % {"action": self._action.label})
            self._record("staff_action.unsure", user, code)
            return
        tally.trouble = _(
            "Directus does not answer. These users were not changed. Try again."
        )
        self._record("staff_action.refused", user, code)

    @property
    def _staff_id(self) -> int:
        return self._request.user.pk

    def _log(self, user: User, text: str) -> None:
        """Write an entry into the admin's log."""
        self._admin.log_change(self._request, user, text)

    def _record(self, event: str, user: User, reason: str) -> None:
        audit.record(
            event,
            self._request,
            user=user,
            action=self._action.name,
            reason=reason,
            staff_id=self._staff_id,
        )

    # Reporting

    def _tell(self, tally: Tally) -> None:
        if tally.done:
            text = self._action.done(len(tally.done))
            messages.success(self._request, text)
        for note in tally.notes[:MOST_LINES]:
            messages.warning(self._request, note)
        more = len(tally.notes) - MOST_LINES
        if more > 0:
            text = ngettext("And %(n)d more.", "And %(n)d more.", more)
            messages.warning(self._request, text % {"n": more})
