"""The site's settings with an environment made up for tests."""

import os
import tempfile

from cryptography.fernet import Fernet

os.environ.update(
    DJANGO_ENV_FILE="/nonexistent",
    DJANGO_SECRET_KEY="tests-" + "x" * 60,
    TOKEN_ENCRYPTION_KEYS=Fernet.generate_key().decode(),
    PUBLIC_URL="http://testserver",
    DIRECTUS_URL="http://directus.test:8055",
    DIRECTUS_PUBLIC_URL="http://directus.public:8055",
    DATABASE_URL=os.environ.get("TEST_DATABASE_URL", "sqlite:///test.sqlite3"),
    CACHE_URL="locmemcache://",
    EMAIL_URL="memorymail://",
    SIGN_IN_FLOOR_SECONDS="0",
    SIGN_UP_FLOOR_SECONDS="0",
    RESET_FLOOR_SECONDS="0",
    # The browser tests run an event loop in the thread of all other tests.
    DJANGO_ALLOW_ASYNC_UNSAFE="1",
)
for name in (
    "ACCOUNT_MAILS",
    "DIRECTUS_SERVICE_TOKEN",
    "DIRECTUS_CUSTOMER_ROLE",
    "DIRECTUS_SIGNUP",
    "DIRECTUS_SITE",
    "DIRECTUS_WEBHOOK_SECRET",
):
    os.environ.pop(name, None)

from config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Nothing is collected for tests: look for static files when they are asked for.
WHITENOISE_AUTOREFRESH = True
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file, because threads that share a database in memory do not wait for each
    # other; one for each run.
    DATABASES["default"]["TEST"] = {  # noqa: F405
        "NAME": f"{tempfile.gettempdir()}/django-directus-{os.getpid()}.sqlite3"
    }
