"""directus_setup on a Directus that is in use already."""

import json
import os
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.directus import DirectusClient, DirectusUnavailable, ids
from accounts.operations.provisioning import directus_environment
from accounts.operations.provisioning.env_file import read_value
from local.admin import Admin
from local.directus import Directus, local_environment
from local.ports import Ports
from local.state import State
from local.versions import chosen_version

pytestmark = [pytest.mark.real, pytest.mark.versions]

KINDS = ("roles", "policies", "access", "permissions", "users", "flows", "operations")
OTHERS = ("folders", "presets", "collections", "fields", "relations", "translations")
# The options of the run change these settings, and its output lists them.
OPENED = {
    "public_registration",
    "public_registration_role",
    "public_registration_verify_email",
}
# The other side of a relation.
BACKWARDS = {"users", "policies", "children", "roles", "permissions"}
SITE = "http://localhost:8000"


@pytest.fixture(scope="module")
def in_use(tmp_path_factory):
    """An administrator of a Directus that has nothing but what people put there."""
    state, ports = State(tmp_path_factory.mktemp("elsewhere")), Ports.free()
    env = local_environment(state, ports, SITE)
    for name in directus_environment(
        reset_url="", verify_url="", invite_url="", webhook_url=SITE
    ):
        env.pop(name, None)
    server = Directus(state, env, chosen_version())
    server.start()
    try:
        server.wait()
        admin = Admin(server.url, state.secrets()["admin_token"])
        _fill(admin, server.version.major)
        yield admin, state.secrets()["admin_token"]
    finally:
        server.stop()


def _fill(admin, major):
    """Create roles, rights, a Flow and settings that are not this site's."""
    editors = admin.call("POST", "/roles", {"name": "Editors"})["id"]
    owner = {"role": editors}
    if major > 10:
        policy = {"name": "Editors", "app_access": True}
        owner = {"policy": admin.call("POST", "/policies", policy)["id"]}
        admin.call("POST", "/access", owner | {"role": editors})
        # The public's own policy, which the site's people do not pass.
        public = {"policy": "abf8a154-5b1c-4a46-ac9c-7300570f4f17"}
    else:
        public = {"role": None}
    for holder, collection in ((owner, "directus_users"), (public, "directus_files")):
        right = {"collection": collection, "action": "read", "fields": ["*"]}
        admin.call("POST", "/permissions", holder | right | {"permissions": {}})
    admin.create_user("editor@example.com", "Correct-horse-9", role=editors)
    admin.call("POST", "/folders", {"name": "Profile pictures"})
    flow = {"name": "Theirs", "status": "active", "trigger": "manual", "options": {}}
    flow_id = admin.call("POST", "/flows", flow)["id"]
    operation = {"key": "log", "type": "log", "position_x": 1, "position_y": 1}
    options = {"options": {"message": "hello"}, "flow": flow_id}
    admin.call("POST", "/operations", operation | options)
    admin.patch_settings(project_name="Theirs", auth_login_attempts=7)


def look(admin):
    """Return all that Directus has, as a set of rows by kind, and its settings."""
    there = {kind: _rows(admin, kind) for kind in (*KINDS, *OTHERS)}
    settings = admin.get_settings()
    left = {key: settings[key] for key in settings.keys() - OPENED}
    return there, left


def _rows(admin, kind):
    if admin.call("GET", "/server/info")["version"].startswith("10.") and kind in {
        "policies",
        "access",
    }:
        return set()
    rows = admin.call("GET", f"/{kind}?limit=-1&fields=*")
    return {
        json.dumps({k: row[k] for k in row if k not in BACKWARDS}, sort_keys=True)
        for row in rows
    }


@pytest.fixture
def setup(in_use, settings, tmp_path_factory):
    """Run directus_setup there, with a Flow; gives its JSON document."""
    admin, token = in_use
    settings.DIRECTUS_URL = admin.url
    settings.PUBLIC_URL = SITE
    settings.DIRECTUS_WEBHOOK_SECRET = "Canary-7f3a9 " * 3
    settings.DIRECTUS_CUSTOMER_ROLE = ""
    env_file = tmp_path_factory.getbasetemp() / f"elsewhere-{os.getpid()}.env"

    def run(*arguments, **options):
        output = StringIO()
        usual = {"admin_token": token, "env_file": env_file, "format": "json"}
        try:
            call_command("directus_setup", *arguments, stdout=output, **usual | options)
        finally:
            run.document = json.loads(output.getvalue() or "{}")
        return run.document

    run.env_file = env_file
    return run


@pytest.fixture
def cut(monkeypatch):
    """Return a function that loses the answer to the n-th change, and all after."""
    real = DirectusClient._ask_signed

    def cut_at(number):
        count = 0

        def ask(self, call):
            nonlocal count
            if call.method == "GET":
                return real(self, call)
            count += 1
            if count > number:
                raise DirectusUnavailable("cut")
            answer = real(self, call)
            if count == number:
                raise DirectusUnavailable("cut")
            return answer

        monkeypatch.setattr(DirectusClient, "_ask_signed", ask)

    return cut_at


def test_a_directus_in_use_gets_what_the_site_needs(in_use, setup, cut, monkeypatch):
    """A dry run, three runs that are cut off, one that ends, one that does nothing."""
    admin, _token = in_use
    before, settings_before = look(admin)

    planned = setup(dry_run=True)
    assert planned["changes"]
    assert not any(change["made"] for change in planned["changes"])
    assert look(admin) == (before, settings_before)

    for number in (2, 9, None):
        # The last but three of those that are left.
        number = number or len(setup(dry_run=True)["changes"]) - 3
        with monkeypatch.context():
            cut(number)
            with pytest.raises(CommandError) as caught:
                setup(yes=True)
        monkeypatch.undo()
        assert caught.value.returncode == 1
        made = [change["made"] for change in setup.document["changes"]]
        assert made == [True] * (number - 1) + [False] * (len(made) - number + 1)
    done = setup(yes=True)
    assert all(change["made"] for change in done["changes"])

    assert setup(check=True)["changes"] == []
    after, settings_after = look(admin)
    assert settings_after == settings_before
    for kind, rows in before.items():
        assert rows <= after[kind], f"{kind} of the other site were touched"
    ours = [json.loads(row)["name"] for row in after["roles"] - before["roles"]]
    assert sorted(ours) == ["Customer", "Django site"]
    token = read_value(setup.env_file, "DIRECTUS_SERVICE_TOKEN")
    me = Admin(admin.url, token).call("GET", "/users/me?fields=role")
    assert me["role"] == ids.SERVICE_ROLE
    assert "Canary" not in json.dumps(done)
    assert token not in json.dumps(done)
    # In one test, because only the first one finds a Directus without anything.
    _is_asked_once(admin, setup)
    _dates_changes(admin, setup, token)


def _is_asked_once(admin, setup):
    """A later run does not plan back what an earlier one was asked for."""
    url = "http://site.example.com:8000/webhooks/directus/"
    setup("--password-policy=weak", yes=True, webhook_url=url, modification_field=True)

    again = setup(check=True)

    assert again["changes"] == []
    assert admin.get_settings()["auth_password_policy"] == "/^.{8,}$/"


def _dates_changes(admin, setup, token):
    """The field is one that Directus sets, and the site reads."""
    user = admin.find_user("editor@example.com")
    site = Admin(admin.url, token)
    path = f"/users/{user['id']}?fields=date_updated"

    admin.patch_user(user["id"], first_name="Changed")

    assert site.call("GET", path)["date_updated"]
    assert setup(check=True, modification_field=True)["changes"] == []
