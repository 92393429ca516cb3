"""An error in the set-up: a command says one sentence and shows no traceback."""

import ast
import io
import platform
import re
import subprocess
import sys

import django
import pytest
from django.core.management import call_command

from accounts.management.commands.version import NO_ANSWER, NOT_TOLD
from config import __version__
from config.environment import HOW_TO_SET
from tests.fake_directus.site import VERSION

from .processes import ROOT, environment, run

REQUIRED = ("DJANGO_SECRET_KEY", "TOKEN_ENCRYPTION_KEYS", "DIRECTUS_URL")
DATABASE_AWAY = "postgres://site:Canary-7f3a9@127.0.0.1:1/site"
OLD_PYTHON = (
    "import runpy, sys; sys.version_info = (3, 9, 2); sys.version = '3.9.2 (main)'; "
    "sys.argv = ['manage.py', 'check']; "
    "runpy.run_path('manage.py', run_name='__main__')"
)


def manage(tmp_path, *args, **variables):
    return run(tmp_path, "manage.py", *args, **variables)


def sentence(ran, code):
    """Return the only line that a process has written."""
    assert ran.returncode == code, ran.stderr
    assert not ran.stdout
    assert ran.stderr.count("\n") == 1, ran.stderr
    return ran.stderr.rstrip("\n")


# Settings


@pytest.mark.parametrize(
    "args",
    [[], ["help"], ["check"], ["migrate"], ["runserver", "0"], ["directus_setup"]],
)
def test_every_command_needs_the_settings(tmp_path, args):
    said = sentence(manage(tmp_path, *args, DJANGO_SECRET_KEY=None), code=2)

    assert said.startswith("DJANGO_SECRET_KEY is missing")


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, "", "__CHANGE_ME__", "change-me"])
def test_a_missing_value_and_that_of_the_example_are_named(tmp_path, name, value):
    said = sentence(manage(tmp_path, "check", **{name: value}), code=2)

    assert said.startswith(f"{name} {'still has' if value else 'is missing'}")
    assert said.endswith(f"; {HOW_TO_SET[name]}.")
    assert ("/nonexistent" in said) is not value


@pytest.mark.parametrize("name", [name for name in HOW_TO_SET if "URL" not in name])
def test_the_command_that_is_named_makes_a_value(tmp_path, name):
    said = sentence(manage(tmp_path, "check", **{name: "change_me"}), code=2)
    command = re.search("`python -c '(.*)'`", said)[1]
    made = subprocess.check_output([sys.executable, "-c", command], text=True)

    ran = manage(tmp_path, "check", **{name: made.strip()})

    assert command in (ROOT / ".env.example").read_text()
    assert ran.returncode == 0, ran.stderr


def test_all_that_is_missing_is_named_at_once(tmp_path):
    ran = manage(tmp_path, "check", **dict.fromkeys(REQUIRED))

    assert ran.returncode == 2
    assert [line.split()[0] for line in ran.stderr.splitlines()] == list(REQUIRED)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DJANGO_SECRET_KEY", "short"),
        ("TOKEN_ENCRYPTION_KEYS", "no-key"),
        ("DIRECTUS_WEBHOOK_SECRET", "short"),
        ("DIRECTUS_URL", "directus:8055"),
        ("DATABASE_URL", "mysql://db/site"),
        ("DIRECTUS_GRACE_SECONDS", "soon"),
    ],
)
def test_a_wrong_value_is_not_repeated(tmp_path, name, value):
    said = sentence(manage(tmp_path, "migrate", **{name: value}), code=2)

    assert said.startswith(f"{name} must be ")
    assert value not in said


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    said = sentence(manage(tmp_path, "check", DJANGO_ENV_FILE=str(tmp_path)), code=2)

    assert said == f"{tmp_path} cannot be read: Is a directory."


def test_the_development_server_ends_at_a_contradiction(tmp_path):
    ran = manage(tmp_path, "runserver", "0", DIRECTUS_SIGNUP="create")

    said = sentence(ran, code=2)
    assert (
        "DIRECTUS_SIGNUP=create needs DIRECTUS_CUSTOMER_ROLE. (accounts.E008)" in said
    )


def test_a_settings_module_that_does_not_exist_is_named(tmp_path):
    named = manage(tmp_path, "check", "--settings", "other.settings")
    left = manage(tmp_path, "migrate", DJANGO_SETTINGS_MODULE="config.other")

    assert sentence(named, code=2).endswith(" no module: other.settings.")
    assert sentence(left, code=2).endswith(" no module: config.other.")


# The version


def versions(text):
    return dict(line.split(maxsplit=1) for line in text.splitlines())


def printed():
    output = io.StringIO()
    call_command("version", stdout=output)
    return versions(output.getvalue())


@pytest.mark.parametrize(
    "args", [["version"], ["--version"], ["version", "--no-color"]]
)
def test_the_version_needs_neither_a_database_nor_directus(tmp_path, args):
    ran = manage(tmp_path, *args, DATABASE_URL=DATABASE_AWAY)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert versions(ran.stdout) == {
        "site": __version__,
        "Django": django.__version__,
        "Python": platform.python_version(),
        "Directus": NO_ANSWER,
    }


def test_the_version_of_the_directus_that_answers(directus, service_token):
    assert printed()["Directus"] == VERSION


@pytest.mark.parametrize("token", ["", "one-that-is-no-longer-valid"])
def test_a_directus_that_tells_its_version_to_users_alone(directus, settings, token):
    settings.DIRECTUS_SERVICE_TOKEN = token

    assert printed()["Directus"] == NOT_TOLD


# The database


@pytest.mark.parametrize(
    ("command", "url"),
    [
        ("migrate", DATABASE_AWAY),
        ("clearsessions", "sqlite:////nonexistent/db"),
        ("runserver", DATABASE_AWAY),
    ],
)
def test_a_database_that_cannot_be_reached(tmp_path, command, url):
    said = sentence(manage(tmp_path, command, DATABASE_URL=url), code=1)

    assert said == "The database cannot be reached: start it, or correct DATABASE_URL."


def test_a_database_without_tables(tmp_path):
    said = sentence(manage(tmp_path, "clearsessions"), code=1)

    assert said == "The database is empty: run `manage.py migrate`."


# Python and its packages


def test_an_old_python_is_refused(tmp_path):
    said = sentence(run(tmp_path, "-c", OLD_PYTHON), code=2)

    assert said == "Python 3.11 or newer is needed, and this is 3.9.2."


@pytest.mark.parametrize(
    "path", ["manage.py", "config/__init__.py", "config/startup.py"]
)
def test_an_old_python_can_read_what_refuses_it(path):
    assert ast.parse((ROOT / path).read_text(), feature_version=(3, 7))


@pytest.mark.parametrize(
    ("code", "command"),
    [
        (2, ["manage.py", "check"]),
        (2, ["-c", "import runpy; runpy.run_path('config/gunicorn.py')"]),
        (3, ["-c", "import config.wsgi"]),
    ],
)
def test_a_python_without_the_packages_says_how_to_get_them(tmp_path, code, command):
    # -S leaves out the folder where packages are installed.
    said = sentence(run(tmp_path, "-S", *command), code)

    assert said.startswith(f"{sys.executable} lacks packages (Django and ")
    assert said.endswith("`pip install -r requirements.txt`.")


# Servers


@pytest.mark.parametrize("name", REQUIRED)
def test_no_server_starts_with_the_values_of_the_example(tmp_path, name):
    ran = run(tmp_path, "-c", "import config.wsgi", **{name: "__CHANGE_ME__"})

    assert sentence(ran, code=3).startswith(f"{name} still has the value")


def test_an_error_of_the_code_keeps_its_traceback(tmp_path):
    (tmp_path / "broken.py").write_text("import nothing_of_that_name\n")
    path = f"{tmp_path}:{ROOT}"
    env = environment(tmp_path, DJANGO_SETTINGS_MODULE="broken", PYTHONPATH=path)

    ran = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=env, capture_output=True
    )

    assert ran.returncode == 1
    assert b"Traceback" in ran.stderr
    assert b"nothing_of_that_name" in ran.stderr
