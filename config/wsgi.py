"""The WSGI entry point: `gunicorn config.wsgi`."""

import os

from .startup import require_python_and_packages, stop

# gunicorn's own: its master then ends, instead of starting workers for ever.
CANNOT_START = 3

require_python_and_packages(CANNOT_START)

from django.core.exceptions import ImproperlyConfigured  # noqa: E402
from django.core.management.base import BaseCommand, SystemCheckError  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

try:
    application = get_wsgi_application()
    # As `manage.py` does before each command: a contradiction in the settings must
    # stop the start, not the first sign-in.
    BaseCommand().check()
except (ImproperlyConfigured, SystemCheckError) as error:
    stop(str(error), CANNOT_START)
