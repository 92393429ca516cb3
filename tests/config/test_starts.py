"""Settings that stop the start, and the message."""

import json

import pytest

from local.ports import free_port

from .processes import KEY, ROOT, SECRET, run
from .refusals import CANARY

REFUSED = [
    ({"DJANGO_SECRET_KEY": "unset"}, "DJANGO_SECRET_KEY"),
    ({"DJANGO_SECRET_KEY": "short"}, "DJANGO_SECRET_KEY"),
    ({"DJANGO_SECRET_KEY": "__CHANGE_ME__"}, "DJANGO_SECRET_KEY"),
    ({"DJANGO_SECRET_KEY": "django-insecure-" + SECRET}, "DJANGO_SECRET_KEY"),
    ({"TOKEN_ENCRYPTION_KEYS": "unset"}, "TOKEN_ENCRYPTION_KEYS"),
    ({"TOKEN_ENCRYPTION_KEYS": "__CHANGE_ME__"}, "TOKEN_ENCRYPTION_KEYS"),
    ({"TOKEN_ENCRYPTION_KEYS": ""}, "TOKEN_ENCRYPTION_KEYS"),
    ({"DIRECTUS_URL": "unset"}, "DIRECTUS_URL"),
    ({"DIRECTUS_URL": "directus:8055"}, "DIRECTUS_URL"),
    ({"DIRECTUS_URL": "http://user:password@directus"}, "DIRECTUS_URL"),
    ({"DIRECTUS_SERVICE_TOKEN": f"{CANARY} x"}, "DIRECTUS_SERVICE_TOKEN"),
    ({"DIRECTUS_CA_BUNDLE": "/nonexistent"}, "accounts.E009"),
    ({"EMAIL_CA_BUNDLE": "/nonexistent"}, "accounts.E016"),
    ({"PUBLIC_URL": "www.example.com"}, "PUBLIC_URL"),
    ({"PUBLIC_URL": "https://www.example.com/site"}, "PUBLIC_URL"),
    ({"PUBLIC_URL": f"https://{CANARY}@a.example"}, "PUBLIC_URL"),
    ({"TRUSTED_PROXIES": f"::1, {CANARY}"}, "TRUSTED_PROXIES"),
    ({"BREAK_GLASS_ADDRESSES": CANARY}, "BREAK_GLASS_ADDRESSES"),
    ({"DIRECTUS_SIGNUP": CANARY}, "DIRECTUS_SIGNUP"),
    ({"ACCOUNT_DELETION": CANARY}, "ACCOUNT_DELETION"),
    ({"ACCOUNT_DELETION_DAYS": "-1"}, "ACCOUNT_DELETION_DAYS"),
    ({"DIRECTUS_PROFILE_FIELDS": f"company,{CANARY}"}, "DIRECTUS_PROFILE_FIELDS"),
    ({"DIRECTUS_WEBHOOK_SECRET": CANARY}, "DIRECTUS_WEBHOOK_SECRET"),
    ({"DATABASE_URL": f"postgres://u:{CANARY}@db:port/site"}, "DATABASE_URL"),
    ({"DATABASE_URL": f"postgres://u:{CANARY}@db/site?pool=true"}, "DATABASE_URL"),
    ({"DATABASE_URL": f"postgres://db/site?sslmode={CANARY}"}, "DATABASE_URL"),
    ({"CACHE_URL": f"redis://:{CANARY}@cache:port"}, "CACHE_URL"),
    ({"EMAIL_URL": f"smtp://u:{CANARY}@mail:port"}, "EMAIL_URL"),
    ({"WEB_THREADS": CANARY}, "WEB_THREADS"),
    ({"LOG_LEVEL": CANARY}, "LOG_LEVEL"),
    ({"DJANGO_DEBUG": CANARY}, "DJANGO_DEBUG"),
    ({"HSTS_PRELOAD": "on"}, "HSTS_PRELOAD"),
    ({"TOKEN_ENCRYPTION_KEYS": f"{KEY},{CANARY}"}, "TOKEN_ENCRYPTION_KEYS"),
    ({"DJANGO_ENV_FILE": str(ROOT)}, "cannot be read"),
    ({"DIRECTUS_SIGNUP": "create"}, "DIRECTUS_CUSTOMER_ROLE"),
    ({"DIRECTUS_ROLE_GROUPS": '["Editor"]'}, "DIRECTUS_ROLE_GROUPS"),
    ({"DIRECTUS_ROLE_GROUPS": '{"Editor": "editors"}'}, "DIRECTUS_ROLE_GROUPS"),
]


@pytest.fixture(scope="module")
def starts(tmp_path_factory):
    """What became of starting the site, as usual and with each line of REFUSED."""
    changes = [{}, *(variables for variables, _ in REFUSED)]
    path = tmp_path_factory.mktemp("starts")
    ran = run(path, "-m", "tests.config.starts", stdin=json.dumps(changes))
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_a_server_starts_with_settings_that_can_work(starts):
    assert starts[0] == {"started": True, "said": ""}


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_no_server_starts_with_settings_that_cannot_work(starts, number):
    said = starts[number + 1]["said"]

    assert not starts[number + 1]["started"]
    assert REFUSED[number][1] in said
    assert "Traceback" not in said
    assert SECRET not in said
    assert KEY not in said
    assert CANARY not in said


COMMAND = ["manage.py", "check"]
SERVER = ["-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]


@pytest.mark.parametrize(
    ("command", "name", "value"),
    [
        (COMMAND, "WEB_THREADS", "many"),
        (COMMAND, "LOG_LEVEL", "loud"),
        (SERVER, "WEB_THREADS", "many"),
        (SERVER, "LOG_LEVEL", "loud"),
        (SERVER, "PORT", "http"),
    ],
)
def test_a_command_and_the_server_say_it_in_one_sentence(
    tmp_path, command, name, value
):
    port = {"PORT": str(free_port())}

    ran = run(tmp_path, *command, **(port | {name: value}))

    # The server's own lines begin with the time.
    said = {line for line in ran.stderr.splitlines() if not line.startswith("[")}
    assert ran.returncode != 0
    assert len(said) == 1, ran.stderr
    assert said.pop().startswith(f"{name} must be")
    assert value not in ran.stderr


# Behind a proxy


@pytest.mark.parametrize(
    ("public", "hosts", "prefix"),
    [
        ("https://www.example.com", ["www.example.com"], "__Host-"),
        ("https://www.example.com:8443", ["www.example.com"], "__Host-8443-"),
        ("http://localhost:8000", ["localhost"], "8000-"),
        ("http://localhost", ["localhost"], ""),
        ("http://[::1]:8000", ["[::1]"], "8000-"),
        ("https://B\u00fccher.de", ["xn--bcher-kva.de"], "__Host-"),
    ],
)
def test_hosts_origins_and_cookies_follow_public_url(tmp_path, public, hosts, prefix):
    code = (
        "import json; from config import settings as s; "
        "print(json.dumps([s.ALLOWED_HOSTS, s.CSRF_TRUSTED_ORIGINS == [s.PUBLIC_URL], "
        "s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.COOKIE_PREFIX]))"
    )

    ran = run(tmp_path, "-c", code, PUBLIC_URL=public)

    names = [f"{prefix}session", f"{prefix}csrf", prefix]
    assert json.loads(ran.stdout) == [hosts, True, *names], ran.stderr


def test_commands_name_the_variable_that_is_missing(tmp_path):
    ran = run(tmp_path, "manage.py", "migrate", DJANGO_SECRET_KEY=None)

    assert ran.returncode != 0
    assert "DJANGO_SECRET_KEY" in ran.stderr.splitlines()[-1]
