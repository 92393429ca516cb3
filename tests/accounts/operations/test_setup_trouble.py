"""directus_setup in trouble: one sentence, an exit code, and nothing lost."""

import contextlib
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.directus import Forbidden, InvalidOTP
from accounts.management.commands import directus_setup
from accounts.operations.provisioning import Options, ProvisioningError, read_state
from accounts.operations.provisioning.env_file import read_value

from .setting_up import Changeable, Terminal, runner
from .test_setup_state import StubDirectus

SECRET = "the secret of the tests, which is long enough"


@pytest.fixture
def setup(monkeypatch):
    """Run directus_setup against a stub; returns what it prints."""
    return runner(monkeypatch)


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_token_is_handed_over_though_a_later_change_fails(
    setup, tmp_path, settings, output
):
    settings.DIRECTUS_WEBHOOK_SECRET = SECRET
    path = tmp_path / ".env"
    full = Changeable("/flows", Forbidden(403, "LIMIT_EXCEEDED"))

    with pytest.raises(CommandError, match=r"refuses the flow .* no more") as caught:
        setup(full, yes=True, env_file=path, format=output)

    assert caught.value.returncode == 1
    assert len(read_value(path, "DIRECTUS_SERVICE_TOKEN")) > 40
    assert read_value(path, "DIRECTUS_CUSTOMER_ROLE")
    if output == "json":
        document = json.loads(setup.printed)
        assert document["written"]["file"] == str(path)
        assert not all(change["made"] for change in document["changes"])


@pytest.mark.parametrize("error", [KeyboardInterrupt, EOFError])
def test_an_interruption_is_one_plain_sentence(setup, monkeypatch, error):
    def interrupt():
        raise error

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", interrupt)

    with pytest.raises(CommandError, match="Interrupted") as caught:
        setup(Changeable())

    assert caught.value.returncode == 1


@pytest.mark.parametrize("url", ["cms.example.com", "https://user:Canary@cms.example"])
def test_an_address_that_cannot_be_meant_is_wrong_usage(url):
    with pytest.raises(CommandError, match=r"http\(s\)://host") as caught:
        call_command("directus_setup", url=url, admin_token="token", check=True)

    assert caught.value.returncode == 2
    assert "Canary" not in str(caught.value)


def test_another_address_is_trusted_by_the_same_certificates(settings):
    settings.DIRECTUS_CA_BUNDLE = "/no/such/file"

    with pytest.raises(CommandError, match="certificates"):
        call_command(
            "directus_setup", url="https://b.example", admin_token="token", check=True
        )


@pytest.mark.parametrize("token", ["Canary Canary", "Canäry"])
def test_what_cannot_be_a_token_is_no_administrator(token):
    with pytest.raises(CommandError, match="invalid characters") as caught:
        call_command("directus_setup", admin_token=token, check=True)

    assert caught.value.returncode == 1
    assert token not in str(caught.value)


def test_what_cannot_be_the_sites_token_is_made_anew(setup, tmp_path):
    path = tmp_path / ".env"
    path.write_text("DIRECTUS_SERVICE_TOKEN=two words\n")

    setup(Changeable(), yes=True, env_file=path)

    assert len(read_value(path, "DIRECTUS_SERVICE_TOKEN")) > 40


def test_the_sites_token_is_tried_where_the_set_up_goes(setup, settings, monkeypatch):
    tried = []
    settings.DIRECTUS_SERVICE_TOKEN = "token"
    monkeypatch.setattr(
        directus_setup,
        "token_belongs_to",
        lambda client, user: tried.append(client._transport.base_url),
    )

    setup(Changeable(), url="http://other.example", dry_run=True)

    assert tried == ["http://other.example"]


def test_a_file_that_cannot_be_read_is_one_plain_sentence(setup, tmp_path, monkeypatch):
    def refuse(path, name):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(directus_setup, "read_value", refuse)

    with pytest.raises(CommandError, match="Permission denied") as caught:
        setup(Changeable(), yes=True, env_file=tmp_path / ".env")

    assert caught.value.returncode == 1


def test_on_10_a_user_who_may_not_read_the_own_role_is_no_administrator():
    stub = StubDirectus(version="10.13.4", **{"users/me": {"id": "1"}})

    with pytest.raises(ProvisioningError, match="no administrator rights"):
        read_state(stub, Options())


# The administrator


@pytest.fixture
def given(monkeypatch):
    """The credentials that a run signs in with; the environment has some, too."""
    found = []

    @contextlib.contextmanager
    def sign_in(transport, credentials):
        found.append((credentials.token, credentials.email, credentials.password))
        yield Changeable()

    monkeypatch.setattr(directus_setup, "admin_client", sign_in)
    for name in ("TOKEN", "EMAIL", "PASSWORD"):
        monkeypatch.setenv(f"DIRECTUS_ADMIN_{name}", f"env-{name.lower()}")
    return found


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], "env-token"),
        (["--admin-token=mine"], "mine"),
        (["--admin-email=me"], ("me", "env-password")),
        (["--admin-password=mine"], ("env-email", "mine")),
        (["--admin-email=me", "--admin-password=mine"], ("me", "mine")),
        (["--admin-email=me", "--admin-token=mine"], "mine"),
    ],
)
def test_the_command_line_wins_over_the_environment(given, options, expected):
    call_command("directus_setup", *options, dry_run=True, stdout=StringIO())

    ((token, *login),) = given
    assert (token or tuple(login)) == expected


# The one-time code


@pytest.fixture
def guarded(monkeypatch):
    """An administrator with a second factor: 123456."""
    codes = []

    @contextlib.contextmanager
    def sign_in(transport, credentials):
        codes.append(credentials.otp)
        if credentials.otp != "123456":
            raise InvalidOTP(401, "INVALID_OTP")
        yield Changeable()

    monkeypatch.setattr(directus_setup, "admin_client", sign_in)
    return codes


def run_guarded(**options):
    output = StringIO()
    password = {"admin_email": "a@example.com", "admin_password": "x"}
    call_command("directus_setup", stdout=output, **password, **options)
    return output.getvalue()


def test_a_one_time_code_is_asked_for(guarded, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", Terminal("123456\n"))

    printed = run_guarded(dry_run=True, format="json")

    assert guarded == ["", "123456"]
    assert json.loads(printed)["changes"]
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "One-time code: ")


def test_a_one_time_code_may_stand_in_the_environment(guarded, monkeypatch):
    monkeypatch.setenv("DIRECTUS_ADMIN_OTP", "123456")

    assert run_guarded(dry_run=True)
    assert guarded == ["123456"]


@pytest.mark.parametrize("otp", ["", "000000"])
def test_a_code_that_is_missing_or_wrong_is_said_to_be(guarded, monkeypatch, otp):
    monkeypatch.setattr("sys.stdin", StringIO())

    with pytest.raises(CommandError, match="missing or wrong") as caught:
        run_guarded(dry_run=True, admin_otp=otp)

    assert caught.value.returncode == 1
