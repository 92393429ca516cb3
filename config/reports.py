"""Error reports, on the debug page or in a mail, without secrets.

Django hides what views mark as sensitive. That is not enough here: what fails before a
view runs has no marks, links carry tokens in their query, and any local variable of
the client may hold a password.
"""

import re

from django.conf import settings
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from .logs import SECRET_NAMES, mask


class ReporterFilter(SafeExceptionReporterFilter):
    """Hide further secrets by their names, in every report."""

    hidden_settings = re.compile(
        rf"API|AUTH|KEY|PASS|SIGNATURE|DIRECTUS|DATABASE|CACHE|QUERY_STRING"
        # The server's own copies of the address, with its query.
        rf"|_URI$|REFERER|BREAK_GLASS|{SECRET_NAMES}",
        re.IGNORECASE,
    )

    def is_active(self, request):
        return True

    def get_safe_cookies(self, request):
        """Every cookie opens something."""
        cookies = getattr(request, "COOKIES", {})
        return dict.fromkeys(cookies, self.cleansed_substitute)

    def get_post_parameters(self, request):
        """Names only: the values are what a person typed."""
        names = super().get_post_parameters(request)
        return dict.fromkeys(names, self.cleansed_substitute)

    def get_traceback_frame_variables(self, request, tb_frame):
        """Local variables are for developers, and even there without secrets."""
        if not settings.DEBUG:
            return []
        variables = super().get_traceback_frame_variables(request, tb_frame)
        return [(v[0], _Masked(self.cleanse_setting(*v))) for v in variables]


class _Masked:
    """A value that shows itself without secrets."""

    def __init__(self, value):
        self._text = mask(repr(value))

    def __repr__(self):
        return self._text


class Reporter(ExceptionReporter):
    """A report that shows addresses without their query."""

    def _get_raw_insecure_uri(self):
        # Not in Django's stubs.
        uri = super()._get_raw_insecure_uri()  # type: ignore[misc]
        return uri.partition("?")[0]

    def get_traceback_data(self):
        data = super().get_traceback_data()
        data["request_GET_items"] = [
            (name, self.filter.cleansed_substitute)
            for name, _ in data.get("request_GET_items", [])
        ]
        return data
