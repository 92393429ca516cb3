"""The WSGI entry point: `gunicorn config.wsgi`."""

import os

from django.core.management.base import BaseCommand
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
# As `manage.py` does before each command: a contradiction in the settings must stop
# the start, not the first sign-in.
BaseCommand().check()
