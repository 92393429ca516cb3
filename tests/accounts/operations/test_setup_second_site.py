"""directus_setup on a Directus with a role Customer of its own, for two sites."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.directus import ids
from accounts.operations.provisioning import SiteIds
from accounts.operations.provisioning.env_file import read_value
from local.admin import Admin
from local.directus import Directus, local_environment
from local.http import Refused
from local.ports import Ports
from local.state import State
from local.versions import chosen_version

pytestmark = pytest.mark.real

FIRST, SECOND = "http://localhost:8000", "http://localhost:9000"
KEY = "DIRECTUS_SERVICE_TOKEN"
SECRET = "a secret of these sites that is long enough"


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """An administrator of a Directus whose role Customer may use the app; its id."""
    state, ports = State(tmp_path_factory.mktemp("second")), Ports.free()
    env = local_environment(state, ports, FIRST)
    server = Directus(state, env, chosen_version())
    server.start()
    try:
        server.wait()
        token = state.secrets()["admin_token"]
        admin = Admin(server.url, token)
        role = _strong_role(admin, server.version.major)
        yield admin, token, role
    finally:
        server.stop()


def _strong_role(admin, major):
    role = {"name": "Customer"}
    right = {"collection": "directus_users", "action": "delete", "fields": ["*"]}
    if major == 10:
        role = admin.call("POST", "/roles", role | {"app_access": True})["id"]
        admin.call("POST", "/permissions", right | {"role": role, "permissions": {}})
        return role
    role = admin.call("POST", "/roles", role)["id"]
    policy = {"name": "Editors", "app_access": True}
    policy = admin.call("POST", "/policies", policy)["id"]
    admin.call("POST", "/access", {"role": role, "policy": policy})
    admin.call("POST", "/permissions", right | {"policy": policy, "permissions": {}})
    return role


@pytest.fixture
def setup(theirs, settings):
    """Run directus_setup there; gives its JSON document."""
    admin, token, _role = theirs
    settings.DIRECTUS_URL = admin.url
    settings.PUBLIC_URL = FIRST
    settings.DIRECTUS_WEBHOOK_SECRET = SECRET
    settings.ACCOUNT_MAILS_CHOSEN = "directus"

    def run(**options):
        output = StringIO()
        usual = {"admin_token": token, "format": "json", "yes": True}
        try:
            call_command("directus_setup", stdout=output, **usual | options)
        finally:
            run.document = json.loads(output.getvalue() or "{}")
        return run.document

    return run


def test_two_sites_side_by_side(setup, theirs, settings, tmp_path):
    """In one test, because each step needs the one before."""
    admin, _token, role = theirs
    first, second = tmp_path / "first.env", tmp_path / "second.env"

    _is_asked_about_the_role(setup, admin, role, first)
    setup(env_file=first, accept_role=role)
    token = read_value(first, KEY)

    settings.PUBLIC_URL = SECOND
    with pytest.raises(CommandError, match="--site NAME"):
        setup(env_file=second, accept_role=role)
    setup(env_file=second, accept_role=role, site="Shop")

    own = {"email": SiteIds("Shop").service_email, "role": SiteIds("Shop").service_role}
    for key, expected in (
        (token, {"email": SiteIds().service_email, "role": ids.SERVICE_ROLE}),
        (read_value(second, KEY), own),
    ):
        me = Admin(admin.url, key).call("GET", "/users/me?fields=email,role")
        assert me == expected
    _has_its_own_flow_and_folder(admin, read_value(second, KEY))
    # Neither run changes what the other one made.
    assert setup(env_file=second, accept_role=role)["changes"] == []
    settings.PUBLIC_URL = FIRST
    assert setup(env_file=first, accept_role=role)["changes"] == []
    assert read_value(first, KEY) == token
    _closes_registration(setup, admin, settings, first, role)


def _is_asked_about_the_role(setup, admin, role, path):
    with pytest.raises(CommandError, match=f"--accept-role {role}") as caught:
        setup(env_file=path)

    assert caught.value.returncode == 3
    assert not any(change["made"] for change in setup.document["changes"])
    assert not admin.get_settings()["public_registration"]
    found = setup.document["customer_role_may_also"]
    assert any(text.startswith("use Directus' own app") for text in found)
    assert any(text.startswith("delete directus_users") for text in found)


def _has_its_own_flow_and_folder(admin, token):
    flows = {row["id"] for row in admin.call("GET", "/flows?fields=id")}
    assert {ids.WEBHOOK_FLOW, SiteIds("Shop").webhook_flow} <= flows
    site = Admin(admin.url, token)
    assert site.call("GET", f"/folders/{SiteIds('Shop').picture_folder}")
    if not admin.call("GET", "/server/info")["version"].startswith("12."):
        with pytest.raises(Refused):
            site.call("GET", f"/folders/{ids.PICTURE_FOLDER}")


def _closes_registration(setup, admin, settings, path, role):
    settings.DIRECTUS_SIGNUP = "closed"
    kept = setup(env_file=path, accept_role=role, keep_registration=True)
    assert kept["changes"] == []
    assert admin.get_settings()["public_registration"]

    (change,) = setup(env_file=path, accept_role=role)["changes"]

    assert change["values"] == {"public_registration": False}
    assert not admin.get_settings()["public_registration"]
