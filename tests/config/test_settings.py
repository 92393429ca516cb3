"""Settings come from the environment, follow PUBLIC_URL, and refuse unsafe values."""

import ast
import json
import re

import pytest
from django.conf import settings

from local import settings_page

from .processes import KEY, ROOT, SECRET, run

# .env.example and docs/settings.md

EXAMPLE = (ROOT / ".env.example").read_text()
# The environment itself names the file.
ONLY_IN_THE_ENVIRONMENT = {"DJANGO_ENV_FILE"}
# All that the variables decide, in settings.py and gunicorn.py.
ALL_VALUES = """
import json, runpy
from django.utils.functional import Promise
from config import settings
values = {name: value for name, value in vars(settings).items() if name.isupper()}
served = runpy.run_path("config/gunicorn.py")
values["GUNICORN"] = [served[n] for n in ("bind", "workers", "threads", "accesslog")]
# Texts cannot be translated before the apps are loaded.
written = lambda value: "a text" if isinstance(value, Promise) else str(value)
print(json.dumps(values, default=written))
"""


def variables_read():
    """Return the names that the modules of config/ take from the environment."""
    names = set()
    for path in (ROOT / "config").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                source = ast.unparse(node.func)
                named = node.args if source == "env.require" else node.args[:1]
                if re.fullmatch(r"env\.\w+|os\.environ\.get", source):
                    names |= {arg.value for arg in named}
    return names


def test_every_variable_that_is_read_is_shown_and_the_other_way_round():
    shown = [setting.name for setting in settings_page.settings(EXAMPLE)]

    assert len(shown) == len(set(shown))
    assert set(shown) == variables_read() - ONLY_IN_THE_ENVIRONMENT


def test_every_variable_has_a_sentence_and_a_section():
    for setting in settings_page.settings(EXAMPLE):
        assert setting.section
        assert setting.text.endswith("."), setting.name
        is_time = setting.name.endswith(("_SECONDS", "_TIMEOUT"))
        assert is_time is setting.text.startswith("Seconds "), setting.name


def test_a_line_that_is_commented_out_has_its_default_above():
    """Its value is an example."""
    above = re.findall(r"^(.*)\n#([A-Z_]+)=", EXAMPLE, flags=re.MULTILINE)

    assert len(above) > 10
    for line, name in above:
        assert line.startswith(settings_page.DEFAULT), name


def test_the_page_has_the_tables_of_the_example():
    page = (ROOT / "docs/settings.md").read_text()

    assert page == settings_page.page(page, EXAMPLE), "run `make settings`"
    assert all(f"`{name}`" in page for name in ONLY_IN_THE_ENVIRONMENT)


def test_a_block_of_the_example_becomes_a_row():
    block = """
# --- Part ---

# Required. One | two
# three.
#   python -c 1
NAME=__CHANGE_ME__

# Other.
# Default: `a` b
#OTHER=c
"""

    name, other = settings_page.settings(block)

    assert name == settings_page.Setting(
        "Part", "NAME", "required", "One | two three. Make one: `python -c 1`."
    )
    assert other == settings_page.Setting("Part", "OTHER", "`a` b", "Other.")
    row = r"| `NAME` | required | One \| two three. Make one: `python -c 1`. |"
    assert row in settings_page.tables(block)


def test_the_defaults_that_are_shown_are_those_of_the_code(tmp_path):
    file = tmp_path / "env"
    kept = ("DJANGO_SECRET_KEY", "TOKEN_ENCRYPTION_KEYS")
    file.write_text(re.sub(f"^({'|'.join(kept)})=.*", "", EXAMPLE, flags=re.MULTILINE))
    left_out = variables_read() - ONLY_IN_THE_ENVIRONMENT - {*kept}
    nothing = dict.fromkeys(left_out)
    address = "http://localhost:8055"

    code = run(tmp_path, "-c", ALL_VALUES, **nothing | {"DIRECTUS_URL": address})
    example = run(
        tmp_path, "-c", ALL_VALUES, **nothing | {"DJANGO_ENV_FILE": str(file)}
    )

    assert json.loads(example.stdout) == json.loads(code.stdout)
    assert json.loads(code.stdout)["DIRECTUS_GRACE_SECONDS"] == 900


def test_every_check_is_documented():
    page = (ROOT / "docs/settings.md").read_text()
    checks = "".join(
        (ROOT / "accounts" / folder / "checks.py").read_text()
        for folder in ("core", "forms")
    )

    ids = re.compile(r"accounts\.[EW]\d+")
    assert set(ids.findall(page)) == set(ids.findall(checks)) != set()


def test_the_example_holds_no_secret_and_cannot_start_a_site(tmp_path):
    ran = run(
        tmp_path,
        "manage.py",
        "check",
        DJANGO_ENV_FILE=str(ROOT / ".env.example"),
        DJANGO_SECRET_KEY=None,
        TOKEN_ENCRYPTION_KEYS=None,
    )

    assert EXAMPLE.count("__CHANGE_ME__") == 2
    assert ran.returncode == 2
    assert "DJANGO_SECRET_KEY" in ran.stderr


def test_the_example_starts_a_site_once_its_keys_are_filled_in(tmp_path):
    text = EXAMPLE.replace("__CHANGE_ME__", SECRET, 1).replace("__CHANGE_ME__", KEY, 1)
    file = tmp_path / "env"
    file.write_text(text)
    unset = dict.fromkeys(
        ("DJANGO_SECRET_KEY", "TOKEN_ENCRYPTION_KEYS", "DIRECTUS_URL", "PUBLIC_URL")
    )

    ran = run(tmp_path, "manage.py", "check", DJANGO_ENV_FILE=str(file), **unset)

    assert ran.returncode == 0, ran.stderr


def test_the_environment_wins_over_the_file(tmp_path):
    file = tmp_path / "env"
    file.write_text("SITE_NAME=from the file\nLOG_LEVEL=ERROR\n")
    code = (
        "from config import settings; "
        "print(settings.SITE_NAME, settings.LOGGING['level'])"
    )

    ran = run(tmp_path, "-c", code, DJANGO_ENV_FILE=str(file), SITE_NAME="from outside")

    assert ran.stdout.strip() == "from outside ERROR"


def test_gunicorn_follows_the_file_too(tmp_path):
    file = tmp_path / "env"
    file.write_text("WEB_WORKERS=7\nWEB_THREADS=9\n")
    code = (
        "import runpy; c = runpy.run_path('config/gunicorn.py'); "
        "print(c['workers'], c['threads'])"
    )

    ran = run(tmp_path, "-c", code, DJANGO_ENV_FILE=str(file))

    assert ran.stdout.strip() == "7 9"


def test_a_site_on_https_passes_the_check_for_deployment(tmp_path):
    ran = run(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING")

    assert ran.returncode == 0, ran.stderr


def test_a_site_without_mails_is_warned_and_may_be_deployed(tmp_path):
    ran = run(tmp_path, "manage.py", "check", "--deploy", EMAIL_URL="")

    assert ran.returncode == 0, ran.stderr
    assert "accounts.W004" in ran.stderr


# https: cookies, headers and redirects


@pytest.fixture(scope="module")
def https_answers(tmp_path_factory):
    """What a site on https answers: to its proxy, to the proxy's http, to strangers."""
    asked = [
        ["10.0.0.1", "https", "/login/"],
        ["10.0.0.1", "https", "/reset-password/?token=x"],
        ["10.0.0.1", "http", "/login/?next=/"],
        ["203.0.113.1", "https", "/login/"],
        ["10.0.0.1", "http", "/healthz"],
    ]
    ran = run(
        tmp_path_factory.mktemp("https"),
        "-m",
        "tests.config.https_site",
        stdin=json.dumps(asked),
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_cookies_on_https_cannot_be_stolen_or_tossed(https_answers):
    cookies = https_answers[0]["cookies"] + https_answers[1]["cookies"]

    assert {cookie.partition("=")[0] for cookie in cookies} == {
        "__Host-csrf",
        "__Host-link-reset",
        "__Host-session",
    }
    for cookie in cookies:
        parts = {part.strip().lower() for part in cookie.split(";")}
        assert {"secure", "httponly", "path=/"} <= parts
        assert "domain" not in cookie.lower()
        strict = cookie.startswith("__Host-csrf")
        assert ("samesite=strict" if strict else "samesite=lax") in parts
        assert len(cookie) < 4096


def test_https_is_promised_for_a_year_and_for_this_host_alone(https_answers):
    promise = https_answers[0]["headers"]["Strict-Transport-Security"]

    assert promise == "max-age=31536000"


def test_the_promise_is_a_setting(tmp_path):
    code = (
        "from config import settings as s; print(s.SECURE_HSTS_SECONDS, "
        "s.SECURE_HSTS_INCLUDE_SUBDOMAINS, s.SECURE_HSTS_PRELOAD)"
    )
    longer = {"HSTS_SECONDS": "63072000", "HSTS_PRELOAD": "on"}

    ran = run(tmp_path, "-c", code, **longer, HSTS_INCLUDE_SUBDOMAINS="on")

    assert ran.stdout.split() == ["63072000", "True", "True"]


def test_http_is_sent_to_https(https_answers):
    assert https_answers[2]["status"] == 301
    location = https_answers[2]["headers"]["Location"]
    assert location == "https://www.example.com/login/?next=/"


def test_only_a_trusted_proxy_may_say_that_it_was_https(https_answers):
    assert https_answers[0]["is_secure"]
    assert not https_answers[3]["is_secure"]
    assert https_answers[3]["status"] == 301


def test_health_is_answered_without_https(https_answers):
    assert https_answers[4]["status"] == 200


@pytest.mark.django_db
def test_cookies_on_http_have_no_prefix_and_are_still_closed(client, ada, sign_in):
    sign_in(ada)

    assert set(client.cookies) == {"csrf", "session", "device", "keep"}
    for morsel in client.cookies.values():
        assert morsel["httponly"]
        assert not morsel["secure"]
        assert not morsel["domain"]
        assert morsel["path"] == "/"
        assert morsel["samesite"] == ("Strict" if morsel.key == "csrf" else "Lax")
        assert len(morsel.OutputString()) < 4096


# Stores


def test_nothing_that_is_stored_runs_code_when_it_is_read():
    assert settings.SESSION_SERIALIZER.endswith("JSONSerializer")
    assert "pickle" not in (ROOT / "config/settings.py").read_text().lower().replace(
        "never as pickles", ""
    )


def test_redis_values_are_json(tmp_path):
    code = (
        "from config import settings; c = settings.CACHES['default']; "
        "print(c['BACKEND'], c['OPTIONS']['serializer'], settings.SESSION_ROW_CACHE)"
    )

    ran = run(tmp_path, "-c", code, CACHE_URL="rediscache://127.0.0.1:6379/1")

    assert ran.stdout.split() == [
        "django.core.cache.backends.redis.RedisCache",
        "config.cache.JSONSerializer",
        "True",
    ]


def test_break_glass_is_off_unless_an_address_is_named(tmp_path):
    code = "from config import settings; print(settings.AUTHENTICATION_BACKENDS)"

    usual = run(tmp_path, "-c", code).stdout
    named = run(tmp_path, "-c", code, BREAK_GLASS_ADDRESSES="10.0.0.1").stdout

    assert "BreakGlass" not in usual
    assert named.index("BreakGlass") < named.index("DirectusBackend")
