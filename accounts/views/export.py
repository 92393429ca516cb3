"""Download the user's own data."""

import logging

from django.http import HttpResponse
from django.utils import timezone

from accounts.core import audit
from accounts.flows.export import Incomplete, export
from accounts.throttling.limits import EXPORTS, Attempt
from config import errors

from .account_pages import AccountPageView
from .reauthentication import PasswordConfirmedMixin

logger = logging.getLogger(__name__)


class ExportView(PasswordConfirmedMixin, AccountPageView):
    """Download a file with all data of the user."""

    template_name = "accounts/export.html"

    def post(self, request):
        """Send the file, complete or not at all."""
        Attempt(EXPORTS, str(request.user.pk)).take()
        try:
            text = export(request)
        except Incomplete as error:
            logger.error("%s failed to say what it holds", error, exc_info=error)
            return errors.unavailable(request)
        audit.record("export.done", request, user=request.user)
        name = f"account-{timezone.now():%Y-%m-%d}.json"
        return HttpResponse(
            text,
            content_type="application/json; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
