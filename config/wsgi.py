"""The WSGI entry point: `gunicorn config.wsgi`."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, SystemCheckError
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# gunicorn's own: its master then ends, instead of starting workers for ever.
CANNOT_START = 3

try:
    application = get_wsgi_application()
    # As `manage.py` does before each command: a contradiction in the settings must
    # stop the start, not the first sign-in.
    BaseCommand().check()
except (ImproperlyConfigured, SystemCheckError) as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(CANNOT_START)
