"""Lists of the admin that answer odd parameters with a page, and not with an error."""

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import ValidationError
from django.db import DataError, ProgrammingError

# What Python and the databases say about years, numbers, characters and ranges that
# cannot be. Not OperationalError, which is an outage.
ODD_VALUE = (ValueError, OverflowError, IndexError, DataError, ProgrammingError)


class CarefulList(admin.ModelAdmin):
    """An admin whose list opens without its parameters if they cannot be looked up.

    Django does so itself for most of them, but not for values that it understands and
    the database does not.
    """

    def get_changelist_instance(self, request):
        """Look the parameters up; without any, an error is the site's own."""
        try:
            return super().get_changelist_instance(request)
        except ODD_VALUE as error:
            if not request.GET.keys() - {ERROR_FLAG}:
                raise
            raise IncorrectLookupParameters from error

    def changelist_view(self, request, extra_context=None):
        """Drop chosen keys that no row can have."""
        if ACTION_CHECKBOX_NAME in request.POST:
            chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
            request.POST = request.POST.copy()
            request.POST.setlist(ACTION_CHECKBOX_NAME, [*filter(self._is_key, chosen)])
        return super().changelist_view(request, extra_context)

    def _is_key(self, text):
        try:
            self.opts.pk.run_validators(self.opts.pk.to_python(text))
        except ValidationError:
            return False
        return True
