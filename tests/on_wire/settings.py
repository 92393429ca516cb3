"""The site's settings as they ship, without collected files, and with some views."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.on_wire.urls"
STORAGES = {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
