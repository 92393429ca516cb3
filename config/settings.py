"""All settings and all defaults. What differs between machines is in the environment.

`.env.example` describes every variable. The transport security follows PUBLIC_URL: an
https address switches on Secure and `__Host-` cookies, HSTS and the redirect.
"""

from urllib.parse import quote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy

from . import service_urls
from .environment import BASE_DIR, YEAR, Environment

env = Environment()

# Core

env.require("DJANGO_SECRET_KEY", "TOKEN_ENCRYPTION_KEYS", "DIRECTUS_URL")
SECRET_KEY = env.secret("DJANGO_SECRET_KEY", least=50)
SECRET_KEY_FALLBACKS = env.words("DJANGO_SECRET_KEY_FALLBACKS")
DEBUG = env.flag("DJANGO_DEBUG", default=False)

PUBLIC_URL = env.origin("PUBLIC_URL", default="http://localhost:8000")
_scheme, _, _netloc = PUBLIC_URL.partition("://")
_host = _netloc.removesuffix(f":{urlsplit(PUBLIC_URL).port}")
HTTPS = _scheme == "https"
ALLOWED_HOSTS = env.hosts("DJANGO_ALLOWED_HOSTS", default=[_host])
# Proxies may leave the port out of the Host header; browsers name it as the origin.
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
SITE_NAME = env.text("SITE_NAME", default="Directus site")

# The look of pages and mails; read by config/branding.py alone

SUPPORT_EMAIL = env.mailbox("SUPPORT_EMAIL")
HOME_URL = env.link("HOME_URL")
TERMS_URL = env.link("TERMS_URL")
PRIVACY_URL = env.link("PRIVACY_URL")
IMPRINT_URL = env.link("IMPRINT_URL")
BRAND_LOGO = env.text("BRAND_LOGO")
BRAND_LOGO_DARK = env.text("BRAND_LOGO_DARK")
BRAND_ACCENT = env.colour("BRAND_ACCENT")

INSTALLED_APPS = [
    "accounts.apps.AdminConfig",
    # Its commands win over those of Django.
    "accounts",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "bootstrap",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "items",
    "dashboard",
]

MIDDLEWARE = [
    "config.middleware.RequestIDMiddleware",
    "config.middleware.HeadMiddleware",
    "config.monitoring.MetricsMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.ResponseHeadersMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "accounts.middleware.ClientAddressMiddleware",
    "config.middleware.HealthCheckHostMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.BodySizeMiddleware",
    "config.middleware.EmptyAnswerMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.AuthenticationMiddleware",
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
            "libraries": {"branding": "config.branding_tags"},
        },
    },
]
# Links in the header for signed-in users: (name of a URL, label) each.
NAVIGATION = [("dashboard:tickets_list", gettext_lazy("Tickets"))]
# Cards on the home page: the paths of subclasses of dashboard.cards.Card.
DASHBOARD_CARDS = ["dashboard.tickets.OpenTickets", "dashboard.tickets.LatestAnswers"]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
CRISPY_FAIL_SILENTLY = not DEBUG

# Database and cache

_sqlite = f"sqlite:///{quote(str(BASE_DIR / 'db.sqlite3'))}"
DATABASES = {
    "default": service_urls.database(env.text("DATABASE_URL", default=_sqlite))
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": service_urls.cache(env.text("CACHE_URL", default="locmemcache://"))
}

# Parts of pages that are the same for all users, in each process.
CACHES["template_fragments"] = {
    # While templates are being written, each change shows at once.
    "BACKEND": "django.core.cache.backends."
    + ("dummy.DummyCache" if DEBUG else "locmem.LocMemCache"),
    "LOCATION": "template_fragments",
}

# Users and passwords

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "accounts.backends.DirectusBackend",
    "accounts.backends.DirectusSsoBackend",
]
BREAK_GLASS_ADDRESSES = env.networks("BREAK_GLASS_ADDRESSES")
if BREAK_GLASS_ADDRESSES:
    AUTHENTICATION_BACKENDS.insert(0, "accounts.backends.BreakGlassBackend")
# E-mail addresses follow Directus and may pass from one person to another, so they
# are not unique; rows are found by directus_id.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
PASSWORD_MIN_LENGTH = 12
PASSWORD_MAX_LENGTH = 128
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "accounts.passwords.strength.LengthValidator",
        "OPTIONS": {"min_length": PASSWORD_MIN_LENGTH},
    },
    {"NAME": "accounts.passwords.strength.StrengthValidator"},
    {"NAME": "accounts.passwords.validation.DirectusPolicyValidator"},
]
# A range service such as https://api.pwnedpasswords.com/range/ is asked for the first
# five digits of a new password's SHA-1, where one is named.
BREACHED_PASSWORDS_URL = env.address("BREACHED_PASSWORDS_URL")
if BREACHED_PASSWORDS_URL:
    AUTH_PASSWORD_VALIDATORS.append(
        {"NAME": "accounts.passwords.breached.BreachedPasswordValidator"}
    )
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "dashboard:home"
LOGOUT_REDIRECT_URL = "accounts:login"
# A refusal takes at least this long, so that time does not tell whether an account
# exists. Longer than Directus' own stalls: 0.5 s, and 0.75 s at sign-up.
SIGN_IN_FLOOR_SECONDS = env.seconds("SIGN_IN_FLOOR_SECONDS", 0.6, least=0, most=5)
SIGN_UP_FLOOR_SECONDS = env.seconds("SIGN_UP_FLOOR_SECONDS", 1.2, least=0, most=5)
RESET_FLOOR_SECONDS = env.seconds("RESET_FLOOR_SECONDS", 0.7, least=0, most=5)

# Whether Directus' proxy passes the answers of providers on to the site.
SSO_PROXY_RULE = env.flag("SSO_PROXY_RULE", default=False)
# Where a user of a single sign-on provider signs out there, too.
SSO_SIGN_OUT_URLS = env.links("SSO_SIGN_OUT_URLS")

# How users sign up: the form, as a path in Python, and the time that it takes people.
SIGN_UP_FORM = env.text("SIGN_UP_FORM", "accounts.forms.sign_up.SignUpForm")
SIGN_UP_MIN_SECONDS = env.seconds("SIGN_UP_MIN_SECONDS", 0, least=0, most=60)

# A sensitive page asks for the password again after this time.
PASSWORD_CONFIRM_SECONDS = env.number("PASSWORD_CONFIRM_SECONDS", default=300, least=10)

# What happens in Directus to a user who deletes the account (`delete` or `anonymise`),
# and after how many days; until then the user can cancel it.
ACCOUNT_DELETION = env.choice(
    "ACCOUNT_DELETION", "delete", ("delete", "anonymise", "off")
)
ACCOUNT_DELETION_DAYS = env.number("ACCOUNT_DELETION_DAYS", default=14, most=3650)

# Days for which the audit trail is kept. Users see the last 90 days of their own.
AUDIT_DAYS = env.number("AUDIT_DAYS", default=180, least=90, most=3650)

# Sessions

SESSION_ENGINE = "accounts.sessions"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
SESSION_IDLE_SECONDS = env.number("SESSION_IDLE_SECONDS", 24 * 3600, least=60)
SESSION_COOKIE_AGE = env.number("SESSION_ABSOLUTE_SECONDS", 7 * 24 * 3600, least=60)
# Without "Keep me signed in".
SESSION_SHORT_SECONDS = env.number("SESSION_SHORT_SECONDS", 3600, least=60)
SESSION_SAVE_EVERY_REQUEST = False
SESSION_ROW_CACHE = "redis" in CACHES["default"]["BACKEND"]
TOKEN_ENCRYPTION_KEYS = env.fernet_keys("TOKEN_ENCRYPTION_KEYS")

# Directus; read by accounts/core/clients.py alone

DIRECTUS_URL = env.address("DIRECTUS_URL")
DIRECTUS_PUBLIC_URL = env.address("DIRECTUS_PUBLIC_URL", default=DIRECTUS_URL)
DIRECTUS_SITE = env.text("DIRECTUS_SITE", default="Django site")
DIRECTUS_SERVICE_TOKEN = env.text("DIRECTUS_SERVICE_TOKEN")
DIRECTUS_WEBHOOK_SECRET = env.secret("DIRECTUS_WEBHOOK_SECRET", least=32)
DIRECTUS_CUSTOMER_ROLE = env.text("DIRECTUS_CUSTOMER_ROLE")
DIRECTUS_SIGNUP = env.choice(
    "DIRECTUS_SIGNUP", "register", ("register", "create", "closed")
)
DIRECTUS_SIGNUP_FIELDS = env.words("DIRECTUS_SIGNUP_FIELDS")
DIRECTUS_PROFILE_FIELDS = env.words("DIRECTUS_PROFILE_FIELDS")
DIRECTUS_ROLE_GROUPS = env.json("DIRECTUS_ROLE_GROUPS", default={})
DIRECTUS_STAFF_ROLES = env.words("DIRECTUS_STAFF_ROLES")
DIRECTUS_SUPERUSER_ROLES = env.words("DIRECTUS_SUPERUSER_ROLES")
DIRECTUS_REVALIDATE_SECONDS = env.number("DIRECTUS_REVALIDATE_SECONDS", default=60)
DIRECTUS_GRACE_SECONDS = env.number("DIRECTUS_GRACE_SECONDS", default=15 * 60)
DIRECTUS_LOGIN_ATTEMPTS = env.number("DIRECTUS_LOGIN_ATTEMPTS", default=25)
DIRECTUS_CONNECT_TIMEOUT = env.seconds("DIRECTUS_CONNECT_TIMEOUT", 1, 0.1, 60)
DIRECTUS_READ_TIMEOUT = env.seconds("DIRECTUS_READ_TIMEOUT", 5, 0.1, 60)
DIRECTUS_TOTAL_TIMEOUT = env.seconds("DIRECTUS_TOTAL_TIMEOUT", 8, 0.1, 60)
DIRECTUS_LOGIN_TIMEOUT = env.seconds("DIRECTUS_LOGIN_TIMEOUT", 10, 0.1, 60)
DIRECTUS_REQUEST_TIMEOUT = env.seconds("DIRECTUS_REQUEST_TIMEOUT", 10, 0.1, 60)
DIRECTUS_CA_BUNDLE = env.text("DIRECTUS_CA_BUNDLE")

# Mails

EMAIL_URL = env.text("EMAIL_URL")
EMAIL_CA_BUNDLE = env.text("EMAIL_CA_BUNDLE")
vars().update(service_urls.email(EMAIL_URL or "dummymail://"))
if not EMAIL_URL:
    # accounts.W004 says the same, as a warning; Django 6.1 fails for it.
    SILENCED_SYSTEM_CHECKS.append("mail.E001")
DEFAULT_FROM_EMAIL = service_urls.sender(
    env.text("EMAIL_FROM", default=f"noreply@{_host}"), SITE_NAME
)
# Whether this site or Directus mails the links of sign-up and of a forgotten password.
# directus_setup asks for the choice, because it makes the token.
ACCOUNT_MAILS_CHOSEN = env.text("ACCOUNT_MAILS")
_may_mail_links = EMAIL_URL and DIRECTUS_SERVICE_TOKEN and DIRECTUS_CUSTOMER_ROLE
ACCOUNT_MAILS = env.choice(
    "ACCOUNT_MAILS", "site" if _may_mail_links else "directus", ("site", "directus")
)
# The lifetimes of links in mails of the site.
SIGN_UP_LINK_HOURS = env.number("SIGN_UP_LINK_HOURS", 72, least=1, most=24 * 60)
RESET_LINK_HOURS = env.number("RESET_LINK_HOURS", 1, least=1, most=24 * 7)
EMAIL_LINK_HOURS = env.number("EMAIL_LINK_HOURS", 24, least=1, most=24 * 7)
INVITATION_LINK_HOURS = env.number("INVITATION_LINK_HOURS", 168, least=1, most=24 * 60)

# Serving; config/gunicorn.py reads the same two

WEB_WORKERS = env.number("WEB_WORKERS", default=2, least=1, most=256)
WEB_THREADS = env.number("WEB_THREADS", default=16, least=1, most=1000)

# Language

LANGUAGE_CODE = "en-gb"
# Each language is listed under its own name.
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
# Browsers enforce this for the whole time, even if the site stops using https. So the
# operator decides about other hosts of the domain and the browsers' own lists.
_hsts = env.number("HSTS_SECONDS", default=YEAR, most=10 * YEAR)
SECURE_HSTS_SECONDS = _hsts if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.flag("HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS += ["security.W005", "security.W021"]
if SECURE_HSTS_PRELOAD and not (SECURE_HSTS_INCLUDE_SUBDOMAINS and _hsts >= YEAR):
    raise ImproperlyConfigured(
        "HSTS_PRELOAD needs HSTS_INCLUDE_SUBDOMAINS=on and HSTS_SECONDS of a year."
    )
# Directus may use an internal address; its messages are signed and hold ids alone.
SECURE_REDIRECT_EXEMPT = [
    *(r"^healthz$", r"^readyz$", r"^metrics$"),
    r"^webhooks/directus/$",
]
# Only ClientAddressMiddleware lets this header through, from a trusted proxy.
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS and TRUSTED_PROXIES else None
)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# Browsers send a cookie to all ports of a host: sites beside each other differ in it.
_port = urlsplit(PUBLIC_URL).port
COOKIE_PREFIX = ("__Host-" if HTTPS else "") + (f"{_port}-" if _port else "")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}session"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrf"
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
_levels = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOGGING = {"level": env.choice("LOG_LEVEL", "INFO", _levels)}
# The library takes memory: not imported without need.
SENTRY_DSN = env.text("SENTRY_DSN")
if SENTRY_DSN:
    from . import error_reports

    error_reports.start(SENTRY_DSN)
    MIDDLEWARE.insert(1, "config.error_reports.ErrorReportMiddleware")
