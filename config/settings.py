"""All settings and all defaults. What differs between machines is in the environment.

`.env.example` lists every variable. The transport security follows PUBLIC_URL: an
https address switches on Secure and `__Host-` cookies, HSTS and the redirect.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env_file = Path(os.environ.get("DJANGO_ENV_FILE", BASE_DIR / ".env"))
if env_file.is_file():
    env.read_env(env_file)

# Core

SECRET_KEY = env.str("DJANGO_SECRET_KEY")
if len(SECRET_KEY) < 50 or SECRET_KEY.startswith(("django-insecure-", "__CHANGE")):
    raise ImproperlyConfigured(
        "DJANGO_SECRET_KEY must be 50 random characters or more."
    )
SECRET_KEY_FALLBACKS = env.list("DJANGO_SECRET_KEY_FALLBACKS", default=[])
DEBUG = env.bool("DJANGO_DEBUG", default=False)

PUBLIC_URL = env.str("PUBLIC_URL", default="http://localhost:8000").rstrip("/")
_public = urlsplit(PUBLIC_URL)
if _public.scheme not in {"http", "https"} or not _public.hostname or _public.path:
    raise ImproperlyConfigured("PUBLIC_URL must be like https://www.example.com.")
HTTPS = _public.scheme == "https"
ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=[_public.hostname])
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
SITE_NAME = env.str("SITE_NAME", default="Directus site")

INSTALLED_APPS = [
    "accounts.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "bootstrap",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "accounts",
    "dashboard",
]

MIDDLEWARE = [
    "config.middleware.RequestIDMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.ResponseHeadersMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "accounts.middleware.ClientAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.BodySizeMiddleware",
    "config.middleware.EmptyAnswerMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.middleware.DirectusMiddleware",
    "accounts.middleware.LoginRequiredMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context_processors.site",
            ],
        },
    },
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
CRISPY_FAIL_SILENTLY = not DEBUG

# Database and cache

DATABASES = {
    "default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Opening the file costs more than the queries of a page.
    DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
    # Writers wait for each other instead of failing; see docs/architecture.md.
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        timeout=5,
        transaction_mode="IMMEDIATE",
        init_command="PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    )
else:
    DATABASES["default"].update(CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True)
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 2)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": env.cache("CACHE_URL", default="locmemcache://")}
if "RedisCache" in CACHES["default"]["BACKEND"]:
    CACHES["default"]["BACKEND"] = "django.core.cache.backends.redis.RedisCache"
    # JSON, because whoever can write to Redis must not be able to run code here.
    CACHES["default"]["OPTIONS"] = {
        "serializer": "config.cache.JSONSerializer",
        "socket_timeout": 0.5,
        "socket_connect_timeout": 0.5,
    }

# Parts of pages that are the same for everybody, in each process.
CACHES["template_fragments"] = {
    # While templates are being written, each change shows at once.
    "BACKEND": "django.core.cache.backends."
    + ("dummy.DummyCache" if DEBUG else "locmem.LocMemCache"),
    "LOCATION": "template_fragments",
}

# Who signs in

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.DirectusBackend"]
BREAK_GLASS_ADDRESSES = env.list("BREAK_GLASS_ADDRESSES", default=[])
if BREAK_GLASS_ADDRESSES:
    AUTHENTICATION_BACKENDS.insert(0, "accounts.backends.BreakGlassBackend")
# E-mail addresses follow Directus and may pass from one person to another, so they
# are not unique; rows are found by directus_id.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
PASSWORD_MIN_LENGTH = 12
PASSWORD_MAX_LENGTH = 128
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": PASSWORD_MIN_LENGTH},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.password_policy.DirectusPolicyValidator"},
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "dashboard:home"
LOGOUT_REDIRECT_URL = "accounts:login"
# What is refused takes at least this long, so that time does not tell whether an
# account exists. Longer than Directus' own stalls: 0.5 s, and 0.75 s at sign-up.
SIGN_IN_FLOOR_SECONDS = env.float("SIGN_IN_FLOOR_SECONDS", default=0.6)
SIGN_UP_FLOOR_SECONDS = env.float("SIGN_UP_FLOOR_SECONDS", default=0.8)
RESET_FLOOR_SECONDS = env.float("RESET_FLOOR_SECONDS", default=0.7)

# A sensitive page asks for the password again when it was given longer ago.
PASSWORD_CONFIRM_SECONDS = env.int("PASSWORD_CONFIRM_SECONDS", default=300)

# What becomes in Directus of who deletes the account (`delete` or `anonymise`), and
# after how many days, in which it can be revoked.
ACCOUNT_DELETION = env.str("ACCOUNT_DELETION", default="delete")
ACCOUNT_DELETION_DAYS = env.int("ACCOUNT_DELETION_DAYS", default=14)

# Sessions

SESSION_ENGINE = "accounts.sessions"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_SECONDS", default=24 * 3600)
SESSION_COOKIE_AGE = env.int("SESSION_ABSOLUTE_SECONDS", default=7 * 24 * 3600)
SESSION_SAVE_EVERY_REQUEST = False
SESSION_ROW_CACHE = "redis" in CACHES["default"]["BACKEND"]
TOKEN_ENCRYPTION_KEYS = env.list("TOKEN_ENCRYPTION_KEYS")

# Directus; read by accounts/clients.py alone

DIRECTUS_URL = env.str("DIRECTUS_URL").rstrip("/")
DIRECTUS_PUBLIC_URL = env.str("DIRECTUS_PUBLIC_URL", default=DIRECTUS_URL).rstrip("/")
DIRECTUS_SERVICE_TOKEN = env.str("DIRECTUS_SERVICE_TOKEN", default="")
DIRECTUS_WEBHOOK_SECRET = env.str("DIRECTUS_WEBHOOK_SECRET", default="")
DIRECTUS_CUSTOMER_ROLE = env.str("DIRECTUS_CUSTOMER_ROLE", default="")
DIRECTUS_SIGNUP = env.str("DIRECTUS_SIGNUP", default="register")
DIRECTUS_PROFILE_FIELDS = env.list("DIRECTUS_PROFILE_FIELDS", default=[])
DIRECTUS_ROLE_GROUPS = env.json("DIRECTUS_ROLE_GROUPS", default={})
DIRECTUS_STAFF_ROLES = env.list("DIRECTUS_STAFF_ROLES", default=[])
DIRECTUS_SUPERUSER_ROLES = env.list("DIRECTUS_SUPERUSER_ROLES", default=[])
DIRECTUS_REVALIDATE_SECONDS = env.int("DIRECTUS_REVALIDATE_SECONDS", default=60)
DIRECTUS_GRACE_SECONDS = env.int("DIRECTUS_GRACE_SECONDS", default=15 * 60)
DIRECTUS_LOGIN_ATTEMPTS = env.int("DIRECTUS_LOGIN_ATTEMPTS", default=25)
DIRECTUS_CONNECT_TIMEOUT = env.float("DIRECTUS_CONNECT_TIMEOUT", default=1.0)
DIRECTUS_READ_TIMEOUT = env.float("DIRECTUS_READ_TIMEOUT", default=5.0)
DIRECTUS_TOTAL_TIMEOUT = env.float("DIRECTUS_TOTAL_TIMEOUT", default=8.0)
DIRECTUS_LOGIN_TIMEOUT = env.float("DIRECTUS_LOGIN_TIMEOUT", default=10.0)
DIRECTUS_CA_BUNDLE = env.str("DIRECTUS_CA_BUNDLE", default="")

# Mails of this site: what happened to an account. Directus sends its own.

EMAIL_URL = env.str("EMAIL_URL", default="")
vars().update(env.email_url_config(EMAIL_URL or "dummymail://"))
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default=f"noreply@{_public.hostname}")

# Serving

WEB_WORKERS = env.int("WEB_WORKERS", default=2)
WEB_THREADS = env.int("WEB_THREADS", default=16)

# Language

LANGUAGE_CODE = "en-gb"
# Everybody reads their own name for their language.
LANGUAGES = [
    ("en-gb", "English"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("es", "Español"),
    ("pt-br", "Português (Brasil)"),
    ("ja", "日本語"),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# Static files

STATIC_URL = "static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=BASE_DIR / "staticfiles")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_MAX_AGE = 365 * 24 * 3600

# Transport and browser security

SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 2 * 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
# Directus may use an internal address; its messages are signed and hold ids alone.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^webhooks/directus/$"]
# Only ClientAddressMiddleware lets this header through, from a trusted proxy.
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS and TRUSTED_PROXIES else None
)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
PICTURE_MAX_BYTES = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DEFAULT_EXCEPTION_REPORTER = "config.reports.Reporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "config.reports.ReporterFilter"

# Logging

LOGGING_CONFIG = "config.logs.configure"
LOGGING = {"level": env.str("LOG_LEVEL", default="INFO")}
