"""The audit trail names operators, their commands and the results."""

import os
import pwd
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.core import audit, operator
from accounts.management import audited
from accounts.models import AccountEvent, User

pytestmark = pytest.mark.django_db
only_sqlite = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="only SQLite makes files"
)
CANARY = "Canary-7f3a9"
PASSWORD = "A right long password 9"


@pytest.fixture(autouse=True)
def _no_sudo(monkeypatch):
    monkeypatch.delenv("SUDO_USER", raising=False)


def run(*command, **options):
    """Run a command; return its exit code and the facts of its event, if any."""
    AccountEvent.objects.all().delete()
    code = 0
    try:
        call_command(*command, stdout=StringIO(), stderr=StringIO(), **options)
    except SystemExit as error:
        code = error.code
    except CommandError as error:
        code = error.returncode
    rows = AccountEvent.objects.filter(event="command.run")
    return code, rows.get().facts if rows else None


def me():
    return pwd.getpwuid(os.getuid()).pw_name


# The operator


def test_the_operator_is_the_user_of_the_shell(monkeypatch):
    monkeypatch.setenv("USER", "somebody-else")
    monkeypatch.setenv("LOGNAME", "somebody-else")
    with operator.running("directus_sync"):
        audit.record("x", reason="y")
    audit.record("z")

    one, two = AccountEvent.objects.order_by("pk")
    acting = {"operator": me(), "command": "directus_sync"}
    assert one.facts == {"reason": "y"} | acting
    assert two.facts == {}


@pytest.mark.parametrize(
    ("name", "shown"),
    [("grace", "grace"), ("", ""), ("a\nb", ""), ("x" * 99, "x" * 64)],
)
def test_with_sudo_it_is_the_one_that_called_it(monkeypatch, name, shown):
    monkeypatch.setenv("SUDO_USER", name)
    with operator.running("x"):
        assert operator.acting()["operator"] == (shown or me())


def test_a_number_without_a_name_is_shown_as_such(monkeypatch):
    monkeypatch.setattr("os.getuid", lambda: 987654)
    with operator.running("x"):
        assert operator.acting()["operator"] == "uid 987654"


def test_the_log_line_of_an_event_has_them(monkeypatch, caplog):
    caplog.set_level("INFO", "accounts.audit")
    monkeypatch.setenv("SUDO_USER", "grace")
    with operator.running("directus_sync"):
        audit.record("x")

    (record,) = [r for r in caplog.records if r.name == "accounts.audit"]
    assert (record.operator, record.command) == ("grace", "directus_sync")


# Commands


def test_a_revocation(signed_in_client, ada, service_token):
    code, facts = run("directus_revoke", ada.email)

    assert code == 0
    assert facts == {
        "operator": me(),
        "command": "directus_revoke",
        "exit_code": 0,
        "options": [],
        "users": 1,
        "sessions": 1,
    }
    row = AccountEvent.objects.get(event="session.revoked")
    assert row.user == User.objects.get()
    assert row.facts["command"] == "directus_revoke"
    assert ada.email not in str(AccountEvent.objects.values())


@pytest.mark.parametrize(
    "command",
    [
        ("directus_revoke", "--all", "--dry-run"),
        ("directus_sync", "--dry-run"),
        ("delete_accounts", "--dry-run"),
        ("version",),
    ],
)
def test_looking_is_no_event(signed_in_client, service_token, command):
    _code, facts = run(*command)

    assert facts is None


def test_wrong_usage_is_no_event():
    assert run("directus_revoke") == (2, None)


def test_a_sync_is_an_event_if_it_changed_something(ada, service_token):
    assert run("directus_sync", max_deactivate=100.0)[1]["users_created"] >= 1
    assert run("directus_sync", max_deactivate=100.0) == (0, None)


def test_a_command_that_failed(directus, service_token):
    directus.is_down()

    code, facts = run("directus_sync")

    assert (code, facts["exit_code"]) == (1, 1)


def test_a_command_that_finds_something(signed_in_client, ada):
    code, facts = run("directus_revoke", "--all")

    # Without a service token sessions may remain at Directus.
    assert code == facts["exit_code"] == 3
    assert facts["options"] == ["all"]


def test_nothing_to_delete_is_no_event(service_token):
    assert run("delete_accounts") == (0, None)
    assert run("clearsessions") == (0, None)


def test_keys_that_are_rotated(signed_in_client, settings):
    assert run("rotate_token_keys", "--anyway") == (0, None)
    keys = [Fernet.generate_key().decode(), *settings.TOKEN_ENCRYPTION_KEYS]
    settings.TOKEN_ENCRYPTION_KEYS = keys
    _code, facts = run("rotate_token_keys", "--anyway")

    assert facts["sealed_anew"] == 1
    assert keys[0] not in str(facts)


def test_local_administrators(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    create = {"email": "root@example.com", "interactive": False}
    made = run("createsuperuser", **create)[1]
    again = run("createsuperuser", **create)

    assert made["command"] == "createsuperuser"
    assert again[1]["exit_code"] == 1
    assert PASSWORD not in str(made)
    assert "root@example.com" not in str(made)


def test_a_new_local_password(monkeypatch):
    user = User.objects.create_superuser("root@example.com", "old")
    monkeypatch.setattr("getpass.getpass", lambda prompt: PASSWORD)

    run("changepassword", "root@example.com")

    row = AccountEvent.objects.get()
    assert (row.event, row.user) == ("command.run", user)
    assert row.facts["command"] == "changepassword"
    assert PASSWORD not in str(row.facts)


def test_before_the_tables_exist_the_log_alone_has_the_event(directus, caplog):
    caplog.set_level("INFO", "accounts")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_accountevent RENAME TO moved")

    with pytest.raises(CommandError):
        call_command("directus_setup", "--admin-token=x", "--yes", stdout=StringIO())

    (record,) = [r for r in caplog.records if r.name.startswith("accounts")]
    assert (record.name, record.event) == ("accounts.audit", "command.run")


@only_sqlite
def test_no_command_makes_the_file_of_a_database(monkeypatch, tmp_path):
    file = tmp_path / "db.sqlite3"
    monkeypatch.setitem(connection.settings_dict, "NAME", str(file))

    assert not audited._has_table()
    assert not file.exists()


def test_setting_directus_up(directus, monkeypatch, tmp_path):
    monkeypatch.setenv("DIRECTUS_ADMIN_PASSWORD", CANARY)
    code, facts = run("directus_setup", "--admin-email=root@example.com", "--yes")

    assert code != 0
    assert facts["command"] == "directus_setup"
    assert CANARY not in str(facts)
    assert "root@" not in str(facts)
