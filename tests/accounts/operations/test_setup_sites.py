"""directus_setup: several sites of one Directus, their tokens and registration."""

import json
from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import CommandError

from accounts.core import clients
from accounts.directus import ids
from accounts.management.commands import directus_setup
from accounts.management.commands.directus_setup import Command
from accounts.operations.provisioning import (
    Options,
    SiteIds,
    State,
    make_plan,
    rights,
    wanted,
)
from accounts.operations.provisioning.env_file import read_value

from .setting_up import Changeable, Terminal, runner

ROLE = ids.customer_role_id("Customer")
TOKEN = "the-token-of-this-site"
FIRST, SECOND = "https://first.example.com", "https://second.example.com"
KEY = "DIRECTUS_SERVICE_TOKEN"


@pytest.fixture
def setup(monkeypatch):
    """Run directus_setup against a stub; returns what it prints."""
    return runner(monkeypatch)


def service_role(url, name="Django site"):
    row = {"id": SiteIds(name).service_role, "name": name, "parent": None}
    return row | {
        "description": f"The site at {url} and its own user." if url else None
    }


def service_user(name="Django site", email="django-site@example.com"):
    role = SiteIds(name).service_role
    return {"id": "1", "email": email, "role": role, "status": "active", "token": "*"}


@pytest.fixture
def works(monkeypatch):
    """Let some tokens be those of the service user."""
    good = set()

    def belongs(client, user):
        return client._auth._token in good

    monkeypatch.setattr(directus_setup, "token_belongs_to", belongs)
    return good


def set_up(url=FIRST, **tables):
    tables = {"roles": [service_role(url)], "users": [service_user()]} | tables
    return Changeable(**tables)


# Ids


def test_the_first_site_keeps_the_ids_that_it_always_had():
    own = SiteIds()

    assert own.service_role == "0eeeeff9-352c-55b1-a737-c118f41c737f"
    assert own.service_email == "django-site@example.com"
    assert clients.own_ids() == own


def test_a_second_site_has_nothing_of_the_first_one():
    state = State(ROLE, "Customer", [], [], [], [], {}, None, own=SiteIds("Shop"))

    text = json.dumps(
        [
            (change.path, change.values, change.name)
            for change in make_plan(
                state, Options(site=SiteIds("Shop")), token_works=False
            ).changes
        ]
    )

    first = SiteIds()
    for id in (*first.policies[1:], first.service_role, first.picture_folder):
        assert id not in text
    assert "Django site" not in text
    assert ids.CUSTOMER_POLICY in text


def test_its_rights_are_for_its_own_folder_and_flow():
    own = SiteIds("Shop")

    text = json.dumps(
        [each.values() for each in rights.service_permissions(ROLE, own=own)]
    )

    assert own.picture_folder in text
    assert own.webhook_flow in text
    assert ids.PICTURE_FOLDER not in text
    assert ids.WEBHOOK_FLOW not in text


@pytest.mark.parametrize(
    "name", ["", " x", "x ", "a\nb", 'a"b', "a=b", "a#b", "x" * 41]
)
def test_what_cannot_stand_in_a_file_is_no_name(name):
    parser = Command().create_parser("manage.py", "directus_setup")

    with pytest.raises(CommandError):
        parser.parse_args([f"--site={name}"])


# Which site it is


def test_the_things_of_another_site_are_left_alone(setup, settings, works, tmp_path):
    settings.PUBLIC_URL = SECOND

    for mode in ("yes", "check", "dry_run"):
        with pytest.raises(CommandError, match="--site NAME") as caught:
            setup(set_up(), env_file=tmp_path / ".env", **{mode: True})
        assert caught.value.returncode == 1
        assert FIRST in str(caught.value)
    assert not (tmp_path / ".env").exists()


def test_a_flow_tells_of_another_site_too(setup, settings, works):
    settings.PUBLIC_URL = SECOND
    flow = {
        "id": ids.WEBHOOK_SEND,
        "flow": ids.WEBHOOK_FLOW,
        "options": {"url": f"{FIRST}/webhooks/directus/"},
    }

    with pytest.raises(CommandError, match="--site NAME"):
        setup(set_up(None, operations=[flow]), yes=True)


@pytest.mark.parametrize("marked", [FIRST, None])
def test_the_same_site_goes_on(setup, settings, works, marked):
    settings.PUBLIC_URL = FIRST

    assert "✓" in setup(set_up(marked), yes=True)


def test_a_site_that_has_moved_is_known_by_its_token(setup, settings, works):
    settings.PUBLIC_URL, settings.DIRECTUS_SERVICE_TOKEN = SECOND, TOKEN
    works.add(TOKEN)

    (note,) = json.loads(setup(set_up(), dry_run=True, format="json"))["notes"]

    assert FIRST in note
    assert SECOND in note


def test_a_site_that_has_moved_may_be_named(setup, settings, works):
    settings.PUBLIC_URL = SECOND

    printed = setup(set_up(), yes=True, site="Django site")

    assert f"→ The site at {SECOND} and its own user." in printed


def test_the_name_is_remembered(setup, settings, works, tmp_path):
    path = tmp_path / ".env"

    setup(Changeable(), yes=True, env_file=path, site="Shop")

    assert read_value(path, "DIRECTUS_SITE") == "Shop"
    shop = SiteIds("Shop")
    again = Changeable(
        roles=[service_role("http://testserver", "Shop")],
        users=[service_user("Shop", "somebody@example.com")],
    )
    works.add(read_value(path, KEY))
    printed = json.loads(setup(again, dry_run=True, format="json", env_file=path))
    assert not any(
        change["kind"] == "role" and change["name"] == "Django site"
        for change in printed["changes"]
    )
    assert shop.service_email != ids.DEFAULT.service_email


def test_without_a_file_the_name_is_told(setup, works):
    printed = setup(Changeable(), dry_run=True, site="Shop")

    assert "Put DIRECTUS_SITE=Shop into this site's environment." in printed


def test_a_service_user_of_another_address_is_found_by_the_role(setup, works):
    client = set_up("", users=[service_user(email="site@example.org")])

    printed = json.loads(setup(client, dry_run=True, format="json"))

    kinds = [change["kind"] for change in printed["changes"]]
    assert "user" not in kinds


# The token


@pytest.fixture
def in_use(settings, works):
    """Let the environment have a token that works."""
    settings.DIRECTUS_SERVICE_TOKEN = TOKEN
    works.add(TOKEN)


def test_a_token_that_works_goes_to_the_new_file(setup, in_use, tmp_path):
    path = tmp_path / "new.env"

    printed = setup(set_up(""), yes=True, env_file=path)

    assert read_value(path, KEY) == TOKEN
    assert "becomes invalid" not in printed
    assert TOKEN not in printed


def test_a_token_in_the_file_that_is_no_good_gives_way_to_it(setup, in_use, tmp_path):
    path = tmp_path / ".env"
    path.write_text(f"{KEY}=old\n")

    setup(set_up(""), yes=True, env_file=path)

    assert read_value(path, KEY) == TOKEN


def test_the_file_is_said_to_lack_it(setup, in_use, tmp_path):
    path = tmp_path / "new.env"

    printed = setup(set_up(""), dry_run=True, env_file=path)

    assert f"lacks values or has wrong ones: DIRECTUS_CUSTOMER_ROLE, {KEY}." in printed
    assert not path.exists()


def test_the_file_is_not_written_without_a_question(
    setup, in_use, tmp_path, monkeypatch, capsys
):
    path = tmp_path / "new.env"
    missing_lines_alone(monkeypatch)
    monkeypatch.setattr("sys.stdin", StringIO())

    with pytest.raises(CommandError, match="pass --yes") as caught:
        setup(set_up(""), env_file=path)

    assert caught.value.returncode == 2
    assert not path.exists()

    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    with pytest.raises(CommandError, match="Nothing was changed"):
        setup(set_up(""), env_file=path)

    assert not path.exists()
    assert capsys.readouterr().err == f"Write to {path}? [y/N] "

    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    setup(set_up(""), env_file=path)

    assert read_value(path, KEY) == TOKEN


def missing_lines_alone(monkeypatch):
    """Let Directus have all that the site needs."""
    plan = directus_setup.make_plan

    def unchanged(*args, **options):
        return replace(plan(*args, **options), changes=[])

    monkeypatch.setattr(directus_setup, "make_plan", unchanged)


def test_a_token_is_replaced_where_that_is_asked_for(setup, in_use, tmp_path):
    path = tmp_path / ".env"
    path.write_text(f"{KEY}={TOKEN}\n")

    printed = setup(set_up(""), yes=True, env_file=path, new_token=True)

    assert len(read_value(path, KEY)) > 40
    assert "The present token becomes invalid." in printed


def test_a_printed_token_comes_with_the_role(setup, works):
    printed = setup(Changeable(), yes=True, print_token=True)

    assert f"{KEY}=" in printed
    assert f"DIRECTUS_CUSTOMER_ROLE={ROLE}" in printed


def test_a_new_token_needs_a_place(setup):
    with pytest.raises(CommandError, match="needs --env-file") as caught:
        setup(Changeable(), yes=True, new_token=True)

    assert caught.value.returncode == 2


def test_without_a_token_not_everything_is_there(setup, works, settings):
    settings.DIRECTUS_SIGNUP = "closed"
    client = set_up("")
    state_is_complete(client)

    printed = setup(client, yes=True)

    assert "needs no changes." not in printed
    assert "no service token" in printed


def state_is_complete(client):
    """Let a Directus have all that a closed site needs, but a token."""
    wishes = [*rights.customer_permissions(), *rights.service_permissions(ROLE)]
    own = service_role("http://testserver")
    client.tables |= {
        "roles": [{"id": ROLE, "name": "Customer", "parent": None}, own],
        "policies": wanted.policies(),
        "access": wanted.access(ROLE),
        "permissions": [{"id": n, **each.values()} for n, each in enumerate(wishes)],
        "folders": [{"id": ids.PICTURE_FOLDER, "name": "Pictures"}],
        "settings": {"public_registration": False},
        "users": [service_user()],
    }


# Registration at Directus itself


@pytest.mark.parametrize("mode", ["closed", "create"])
def test_registration_is_closed_where_the_site_does_without(
    setup,
    settings,
    works,
    mode,
):
    settings.DIRECTUS_SIGNUP = mode
    client = set_up("", settings={"public_registration": True})

    shown = setup(client, dry_run=True)
    kept = setup(client, dry_run=True, keep_registration=True)

    assert "public_registration: true → false" in shown
    assert "public_registration:" not in kept


def test_registration_is_open_where_the_site_needs_it(setup, works):
    client = set_up("", settings={"public_registration": False})

    assert "public_registration: false → true" in setup(
        client, dry_run=True, keep_registration=True
    )
