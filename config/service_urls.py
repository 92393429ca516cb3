"""DATABASE_URL, CACHE_URL, EMAIL_URL and EMAIL_FROM as Django's settings.

Options in their query win over the site's own choices.
"""

from email.utils import parseaddr, quote
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import django
import environ
from django.core.exceptions import ImproperlyConfigured

from . import database_options
from .environment import flag

DATABASE = "postgres://user:password@host:5432/name or sqlite:////path/to/db.sqlite3"
CACHE = "rediscache://host:6379/1, rediss://… with TLS, or locmemcache://"
EMAIL = "smtp+tls://user:password@host:587 or smtp+ssl://…:465"
ENCODED = "characters of a password like @ : / # are written %40 %3A %2F %23"

POSTGRESQL = {"postgres", "postgresql", "psql", "pgsql"}
REDIS = {
    "redis": "redis",
    "rediscache": "redis",
    "valkey": "redis",
    "rediss": "rediss",
    "valkeys": "rediss",
}
# Options of libpq for a server that vanishes without a word: otherwise a request waits
# for a quarter of an hour. Seconds; milliseconds for the second one.
DEAD_SERVER = {
    "connect_timeout": 2,
    "tcp_user_timeout": 5000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
# Django's own with EMAIL_CA_BUNDLE.
SMTP = "config.mail_backend.EmailBackend"
# Seconds without an answer of the mail server. No page waits for it; a server may look
# through a mail before it takes it, and a time-out then would send the mail again.
EMAIL_TIMEOUT = 20
# The settings of Django before 6.1 → the options of its mailers since then.
MAILER_OPTIONS = {
    SMTP: {
        "EMAIL_HOST": "host",
        "EMAIL_PORT": "port",
        "EMAIL_HOST_USER": "username",
        "EMAIL_HOST_PASSWORD": "password",
        "EMAIL_USE_TLS": "use_tls",
        "EMAIL_USE_SSL": "use_ssl",
        "EMAIL_TIMEOUT": "timeout",
    },
    "django.core.mail.backends.filebased.EmailBackend": {
        "EMAIL_FILE_PATH": "file_path",
    },
}
# Django's own settings of a cache; the other options are those of the library.
CACHE_SETTINGS = {"key_prefix": str, "timeout": int, "version": int}


def database(url: str) -> dict[str, Any]:
    """Return a database for settings.DATABASES.

    Raises:
        ImproperlyConfigured: the address cannot be meant, or one of its options.
    """
    try:
        parts = urlsplit(url)
        is_sqlite = parts.scheme == "sqlite"
        if is_sqlite and parts.netloc not in {"", ":memory:"}:
            raise ValueError("a path begins with a slash")
        if not is_sqlite and parts.scheme not in POSTGRESQL:
            raise ValueError("no other database is tried")
        found = environ.Env.db_url_config(url)
        _check_database(found)
    except (ValueError, TypeError, ImproperlyConfigured):
        raise _wrong("DATABASE_URL", DATABASE) from None
    options = found["OPTIONS"] = database_options.checked(
        parts.query, found.get("OPTIONS", {}), is_sqlite
    )
    # Opening a connection costs more than the queries of a page.
    found.setdefault("CONN_MAX_AGE", 60)
    if is_sqlite:
        # Writers wait for each other instead of failing.
        options.setdefault("timeout", 5)
        options.setdefault("transaction_mode", "IMMEDIATE")
        pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        options.setdefault("init_command", pragmas)
    else:
        found.setdefault("CONN_HEALTH_CHECKS", True)
        for name, value in DEAD_SERVER.items():
            options.setdefault(name, value)
    return found


def _check_database(found: dict[str, Any]) -> None:
    for name in database_options.FLAGS:
        if name in found:
            found[name] = flag("DATABASE_URL", str(found[name]))
    if not isinstance(found.get("CONN_MAX_AGE", 0), (int, type(None))):
        raise ValueError("not a number of seconds")
    if not found["NAME"] and "service" not in found.get("OPTIONS", {}):
        raise ValueError("no name of a database")


def cache(url: str) -> dict[str, Any]:
    """Return a cache for settings.CACHES.

    Raises:
        ImproperlyConfigured: the address cannot be meant.
    """
    try:
        if urlsplit(url).scheme in REDIS:
            return _redis(url)
        if urlsplit(url).scheme not in {"locmemcache", "dummycache"}:
            # The others store pickles, which run code when they are read.
            raise ValueError("no other cache is safe")
        return environ.Env.cache_url_config(url)
    except (ValueError, TypeError, ImproperlyConfigured):
        raise _wrong("CACHE_URL", CACHE) from None


def _redis(url: str) -> dict[str, Any]:
    from redis import ConnectionPool, RedisError

    parts = urlsplit(url)
    scheme = REDIS[parts.scheme] if parts.netloc else "unix"
    is_number = not parts.path.strip("/0123456789")
    if parts.fragment or (is_number if not parts.netloc else not is_number):
        raise ValueError("a socket, or a host and the number of a database")
    settings, options = {}, []
    for name, value in parse_qsl(parts.query, strict_parsing=bool(parts.query)):
        if name.lower() in CACHE_SETTINGS:
            settings[name.upper()] = CACHE_SETTINGS[name.lower()](value)
        else:
            options.append((name, value))
    query = f"?{urlencode(options)}" if options else ""
    # The first is written to, the others are copies that are read.
    places = [
        f"{scheme}://{place}{parts.path}{query}" for place in parts.netloc.split(",")
    ]
    # Options in the address win over these.
    ours = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
    try:
        for place in places:
            # Opens no connection, but refuses unknown options.
            ConnectionPool.from_url(place, **ours).make_connection()
    except (RedisError, AttributeError):
        raise ValueError("not an address of Redis") from None
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": places,
        # JSON, because a value written to Redis must not be able to run code here.
        "OPTIONS": {"serializer": "config.cache.JSONSerializer", **ours},
        **settings,
    }


def email(url: str) -> dict[str, Any]:
    """Return the settings of a mail server: MAILERS, or EMAIL_* before Django 6.1.

    Raises:
        ImproperlyConfigured: the address cannot be meant.
    """
    try:
        parts = urlsplit(url)
        found = environ.Env.email_url_config(url.partition("?")[0])
        if parts.scheme.startswith("smtp") and (
            not parts.hostname or parts.path.strip("/") or parts.fragment
        ):
            raise ValueError("not a server")
        if parts.scheme.startswith("smtp"):
            found["EMAIL_BACKEND"] = SMTP
        for name, value in parse_qsl(parts.query, strict_parsing=bool(parts.query)):
            if name.upper() not in {"EMAIL_USE_TLS", "EMAIL_USE_SSL"}:
                raise ValueError("no such option")
            found[name.upper()] = flag("EMAIL_URL", value)
    except (ValueError, TypeError, ImproperlyConfigured):
        raise _wrong("EMAIL_URL", EMAIL) from None
    if found.get("EMAIL_USE_TLS") and found.get("EMAIL_USE_SSL"):
        raise _wrong("EMAIL_URL", EMAIL)
    # Django's own default port depends on its version.
    found["EMAIL_PORT"] = found["EMAIL_PORT"] or (
        465 if found.get("EMAIL_USE_SSL") else 25
    )
    found["EMAIL_TIMEOUT"] = EMAIL_TIMEOUT
    return found if django.VERSION < (6, 1) else _mailers(found)


def _mailers(found: dict[str, Any]) -> dict[str, Any]:
    backend = found["EMAIL_BACKEND"]
    # Django refuses options that a mailer does not know.
    names = MAILER_OPTIONS.get(backend, {})
    options = {names[name]: value for name, value in found.items() if name in names}
    return {"MAILERS": {"default": {"BACKEND": backend, "OPTIONS": options}}}


def _wrong(name: str, wanted: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} must be like {wanted}; {ENCODED}.")


def sender(address: str, name: str) -> str:
    """Return the sender of mails: its own name if it has one, or else this name."""
    own_name, bare = parseaddr(address)
    return address if own_name or not bare else f'"{quote(name)}" <{bare}>'
