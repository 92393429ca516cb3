"""Accepted values of DATABASE_URL, CACHE_URL and EMAIL_URL."""

import socket

import pytest
from django import VERSION
from django.core import mail
from django.test import override_settings

from config import service_urls

from .refusals import CANARY, refusal


def test_options_of_a_database_are_kept_and_ours_are_defaults():
    usual = service_urls.database("postgres://u:p@db:5432/site")
    other = service_urls.database(
        "postgres://u:p%40%2F@db/site?conn_max_age=0&conn_health_checks=false"
        "&sslmode=verify-full&connect_timeout=9"
    )

    assert usual["CONN_MAX_AGE"] == 60
    assert usual["CONN_HEALTH_CHECKS"] is True
    assert usual["OPTIONS"] == service_urls.DEAD_SERVER
    assert other["PASSWORD"] == "p@/"
    assert other["CONN_MAX_AGE"] == 0
    assert other["CONN_HEALTH_CHECKS"] is False
    own = {"sslmode": "verify-full", "connect_timeout": 9}
    assert other["OPTIONS"] == service_urls.DEAD_SERVER | own


def test_a_database_may_keep_its_connections_for_ever():
    found = service_urls.database("postgres://db/site?conn_max_age=None")

    assert found["CONN_MAX_AGE"] is None


def test_options_of_sqlite_are_kept_too():
    found = service_urls.database("sqlite:////srv/site.sqlite3?timeout=20")

    assert found["NAME"] == "/srv/site.sqlite3"
    assert found["OPTIONS"]["timeout"] == 20
    assert found["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("sslmode=require&sslnegotiation=direct", {"sslnegotiation": "direct"}),
        ("target_session_attrs=read-write", {"target_session_attrs": "read-write"}),
        ("assume_role=site", {"assume_role": "site"}),
        ("isolation_level=4", {"isolation_level": 4}),
        ("prepare_threshold=5", {"prepare_threshold": 5}),
        ("keepalives=0&tcp_user_timeout=9", {"keepalives": 0, "tcp_user_timeout": 9}),
        ("options=-c%20lock_timeout%3D9", {"options": "-c lock_timeout=9"}),
        ("host=/run/postgresql", {"host": "/run/postgresql"}),
    ],
)
def test_options_of_postgresql_are_kept(query, options):
    found = service_urls.database(f"postgres://u:p@db/site?{query}")

    assert found["OPTIONS"].items() >= options.items()


@pytest.mark.parametrize(
    "query",
    ["transaction_mode=deferred", "cached_statements=9", "init_command=PRAGMA%20x;"],
)
def test_options_of_sqlite_are_tried(query):
    assert service_urls.database(f"sqlite:////srv/site.sqlite3?{query}")["OPTIONS"]


@pytest.mark.parametrize(
    ("scheme", "query", "said"),
    [
        ("postgres://u:p@db/site", "pool=true", "cannot have the option `pool`"),
        ("postgres://u:p@db/site", f"sslmode={CANARY}", "values: sslmode"),
        ("postgres://u:p@db/site", "sslmode=verify_full", "values: sslmode"),
        ("postgres://u:p@db/site", f"target_session_attrs={CANARY}", "values: target"),
        ("postgres://u:p@db/site", "sslmode=allow&sslnegotiation=direct", "sslmode, s"),
        ("postgres://u:p@db/site", "sslmod=require", "option 1"),
        ("postgres://u:p@db/site", "SSLMODE=require", "option 1"),
        ("postgres://u:p@db/site", "conn_max_age=9&sslmode", "option 2"),
        ("postgres://u:p@db/site", "sslmode=", "option 1"),
        ("postgres://u:p@db/site", "conn_max_age=", "option 1"),
        ("postgres://u:p@db/site", f"connect_timeout={CANARY}", "option 1"),
        ("postgres://u:p@db/site", "isolation_level=serializable", "option 1"),
        ("postgres://u:p@db/site", "min_size=2", "option 1"),
        # The rest of a password with a question mark.
        ("postgres://u:p@db/site", f"{CANARY}=x@db/site", "option 1"),
        ("sqlite:////srv/site.sqlite3", "pool=true", "option 1"),
        ("sqlite:////srv/site.sqlite3", "sslmode=require", "option 1"),
        ("sqlite:////srv/site.sqlite3", f"timeout={CANARY}", "option 1"),
        ("sqlite:////srv/site.sqlite3", "timeout=9&transaction_mode=now", "option 2"),
        ("sqlite:////srv/site.sqlite3", f"init_command={CANARY}", "option 1"),
    ],
)
def test_options_of_a_database_that_no_query_survives_are_refused(scheme, query, said):
    text = refusal(service_urls.database, f"{scheme}?{query}")

    assert text.startswith("DATABASE_URL")
    assert said in text
    assert CANARY not in text


def test_no_server_is_asked_about_the_options(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = str(server.getsockname()[1])
        for name, value in (("HOSTADDR", "127.0.0.1"), ("PORT", port)):
            monkeypatch.setenv(f"PG{name}", value)
        service_urls.database(
            f"postgres://127.0.0.1:{port}/site?sslmode=require&hostaddr=127.0.0.1"
        )
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(
    ("url", "place", "timeout"),
    [
        ("rediscache://cache:6379/1", "redis://cache:6379/1", 300),
        ("redis://:p%40@cache/2?timeout=60", "redis://:p%40@cache/2", 60),
        (
            "rediss://cache?ssl_cert_reqs=none&TIMEOUT=60",
            "rediss://cache?ssl_cert_reqs=none",
            60,
        ),
        ("redis:///run/redis.sock?db=3", "unix:///run/redis.sock?db=3", 300),
        ("valkeys://cache/0", "rediss://cache/0", 300),
        (
            "redis://cache/0?socket_timeout=2&max_connections=9",
            "redis://cache/0?socket_timeout=2&max_connections=9",
            300,
        ),
    ],
)
def test_options_of_redis_are_kept_and_ours_are_defaults(url, place, timeout):
    from django.core.cache.backends.redis import RedisCache

    found = service_urls.cache(url)
    params = {name: value for name, value in found.items() if name != "BACKEND"}
    cache = RedisCache(params.pop("LOCATION"), params)
    made = cache._cache._get_connection_pool(write=True).make_connection()

    assert found["LOCATION"] == [place]
    assert cache.default_timeout == timeout
    assert made.socket_timeout == (2 if "socket_timeout" in url else 0.5)
    assert made.db == {"2": 2, "3": 3, "1": 1}.get(url.partition("?")[0][-1], 0) or (
        made.db == 3
    )


def test_keys_in_a_cache_may_have_a_prefix():
    found = service_urls.cache("redis://cache/0?key_prefix=site&version=2")

    assert (found["KEY_PREFIX"], found["VERSION"]) == ("site", 2)
    assert service_urls.cache("locmemcache://x?max_entries=9")["OPTIONS"] == {
        "MAX_ENTRIES": 9
    }


def mailer(url):
    """Return what sends the site's mails with this EMAIL_URL."""
    with override_settings(**service_urls.email(url)):
        return mail.get_connection() if VERSION < (6, 1) else mail.mailers.default


def test_a_mail_server_is_read():
    found = mailer("smtp+tls://u%40x:p%23@mail.example.com:587")

    assert (found.host, found.port) == ("mail.example.com", 587)
    assert (found.username, found.password) == ("u@x", "p#")
    assert (found.use_tls, found.use_ssl, found.timeout) == (True, False, 20)


@pytest.mark.parametrize(
    ("url", "is_tls", "is_ssl", "port"),
    [
        ("smtp://m", False, False, 25),
        ("smtp://m?email_use_tls=on", True, False, 25),
        ("smtp+tls://m", True, False, 25),
        ("smtp+ssl://m", False, True, 465),
        ("smtp://m?email_use_ssl=on", False, True, 465),
    ],
)
def test_a_mail_server_without_a_port(url, is_tls, is_ssl, port):
    found = mailer(url)

    assert (found.use_tls, found.use_ssl, found.port) == (is_tls, is_ssl, port)


@pytest.mark.parametrize("scheme", ["consolemail", "memorymail", "dummymail"])
def test_mails_may_go_elsewhere_than_to_a_server(scheme):
    assert mailer(f"{scheme}://").send_messages([]) in {0, None}


def test_mails_may_go_to_files(tmp_path):
    assert mailer(f"filemail:///{tmp_path}/mails").file_path == f"{tmp_path}/mails"


@pytest.mark.parametrize(
    ("read_url", "urls"),
    [
        (
            service_urls.database,
            [
                CANARY,
                "postgres://",
                f"postgres://u:{CANARY}@db:port/site",
                f"postgres://u:{CANARY}@db/",
                f"postgres://u:{CANARY}@db/site?conn_max_age=long",
                f"postgres://u:{CANARY}@db/site?conn_health_checks=perhaps",
                f"postgres://u:{CANARY}@[::1/site",
                f"mysql://u:{CANARY}@db/site",
                f"sqlite://{CANARY}/db.sqlite3",
            ],
        ),
        (
            service_urls.cache,
            [
                CANARY,
                f"memcache://{CANARY}",
                f"filecache:///{CANARY}",
                f"redis://u:{CANARY}@cache:port/0",
                f"redis://cache/{CANARY}",
                f"redis://cache/0?{CANARY}",
                f"redis://cache/0?option={CANARY}",
                f"redis://cache/0?socket_timeout={CANARY}",
                f"redis://cache/0?timeout={CANARY}",
                f"rediss://cache/0?ssl_cert_reqs={CANARY}",
                "redis://",
            ],
        ),
        (
            service_urls.email,
            [
                CANARY,
                "smtp://",
                f"smtp://u:{CANARY}@",
                f"smtp://u:{CANARY}@mail:port",
                f"smtp://u:#{CANARY}@mail:25",
                f"imap://u:{CANARY}@mail",
                f"smtp://mail?{CANARY}=1",
                f"smtp://mail?email_use_tls={CANARY}",
                f"smtp+tls://{CANARY}?email_use_ssl=1",
            ],
        ),
    ],
)
def test_addresses_of_services_that_cannot_be_meant_are_refused(read_url, urls):
    for url in urls:
        text = refusal(read_url, url)
        assert "_URL must be like" in text, url
        assert CANARY not in text
