"""directus_setup and a customers' role that may do more than the site needs."""

import json
from dataclasses import asdict
from io import StringIO

import pytest
from django.core.management import CommandError

from accounts.directus import ids
from accounts.operations.provisioning import (
    Options,
    Server,
    make_plan,
    read_state,
    rights,
)

from .setting_up import Changeable, Terminal, runner
from .test_setup_state import OTHER, StubDirectus

ROLE = {"id": OTHER, "name": "Customer", "parent": None}
POLICY = {"id": "p", "name": "Editors", "admin_access": False, "app_access": False}
OURS = {"id": ids.CUSTOMER_POLICY, "name": "Customer", "app_access": False}
OWN = rights.OWN


@pytest.fixture
def setup(monkeypatch):
    """Run directus_setup against a stub; returns what it prints."""
    return runner(monkeypatch)


def right(collection, action, fields=("*",), rule=None, policy="p"):
    return {
        "id": 7,
        "policy": policy,
        "collection": collection,
        "action": action,
        "fields": list(fields),
        "permissions": rule,
    }


def tables(*permissions, app_access=False, role=ROLE):
    """Return the content of a Directus that has a role Customer of its own."""
    return {
        "roles": [role],
        "access": [{"id": 1, "role": role["id"], "policy": "p"}],
        "policies": [POLICY | {"app_access": app_access}],
        "permissions": list(permissions),
    }


def plan_for(options=Options(), **rows):  # noqa: B008 - it is frozen
    state = read_state(StubDirectus(**rows), options)
    return make_plan(state, options, token_works=True)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (tables(app_access=True), "use Directus' own app (policy Editors, p)"),
        (
            tables(right("directus_users", "update", rule={})),
            "update directus_users: *; all rows (policy Editors, p)",
        ),
        (
            tables(right("directus_users", "update", ["email"], OWN)),
            "update directus_users: email; rows {",
        ),
        (tables(right("directus_users", "create")), "create directus_users: * (policy"),
        (tables(right("directus_files", "delete")), "delete directus_files: *; all"),
        (
            tables(right("orders", "update", ["state"])),
            "update orders: state; all rows",
        ),
        (
            tables(right("directus_files", "read", policy=ids.CUSTOMER_POLICY)),
            "read directus_files: *; all rows",
        ),
    ],
)
def test_what_a_role_brings_along_is_shown_and_asked_about(rows, text):
    if rows["permissions"] and rows["permissions"][0]["policy"] != "p":
        rows["policies"], rows["access"] = [OURS], []

    plan = plan_for(**rows)

    assert plan.must_be_accepted
    (found,) = plan.beyond
    assert found.text.startswith(text)


@pytest.mark.parametrize("field", ["first_name", "company"])
def test_the_own_profile_is_no_surprise(field):
    plan = plan_for(**tables(right("directus_users", "update", [field], OWN)))

    assert plan.beyond == []
    assert not plan.must_be_accepted


def test_a_role_without_rights_is_taken_without_a_question():
    assert not plan_for(roles=[ROLE]).must_be_accepted


@pytest.mark.parametrize("known", [True, False])
def test_content_is_asked_about_once(known):
    """Later, an operator gives customers rights on their orders."""
    options = Options(known_customer_role=OTHER if known else "")

    plan = plan_for(options, **tables(right("orders", "read")))

    assert plan.beyond
    assert plan.must_be_accepted is not known


@pytest.mark.parametrize(
    "rows", [tables(app_access=True), tables(right("directus_users", "delete"))]
)
def test_what_is_grave_is_asked_about_each_time(rows):
    plan = plan_for(Options(known_customer_role=OTHER), **rows)

    assert plan.must_be_accepted


def test_on_directus_10_the_role_itself_is_looked_at():
    strong = ROLE | {"admin_access": False, "app_access": True}
    rows = {
        "version": "10.13.4",
        "users/me": {"role": {"admin_access": True}},
        "roles": [strong],
        "permissions": [
            {**right("directus_users", "delete"), "role": OTHER},
            # The plan narrows it.
            {**right("directus_users", "update", rule={}), "role": OTHER},
        ],
    }

    plan = plan_for(**rows)

    assert plan.must_be_accepted
    assert [each.text for each in plan.beyond] == [
        "use Directus' own app",
        "delete directus_users: *; all rows",
    ]


def test_on_directus_10_a_role_of_ours_loses_the_app():
    ours = ids.customer_role_id("Customer")
    rows = {
        "version": "10.13.4",
        "users/me": {"role": {"admin_access": True}},
        "roles": [ROLE | {"id": ours, "admin_access": False, "app_access": True}],
    }

    assert plan_for(**rows).beyond == []


def test_what_directus_11_made_of_our_roles_is_no_right_beyond():
    ours = ids.customer_role_id("Customer")
    wishes = Server("10.13.4").attainable(rights.customer_permissions())
    rows = tables(role=ROLE | {"id": ours})
    rows["access"][0]["policy"] = rows["policies"][0]["id"] = ours
    rows["permissions"] = [
        {"id": n, **each.values(), "policy": ours} for n, each in enumerate(wishes)
    ]

    plan = plan_for(**rows)

    assert plan.beyond == []
    assert [asdict(each) for each in plan.leftovers] == [
        {"id": ours, "name": "Editors"}
    ]


# The command


def strong(**values):
    return Changeable(**tables(app_access=True, **values))


@pytest.mark.parametrize("mode", ["yes", "check"])
def test_yes_alone_accepts_nothing(setup, mode, tmp_path):
    client = strong()
    client.post = client.patch = lambda *args: pytest.fail("it was changed")

    with pytest.raises(CommandError, match=f"--accept-role {OTHER}") as caught:
        setup(client, env_file=tmp_path / ".env", **{mode: True})

    assert caught.value.returncode == 3
    assert "! use Directus' own app" in setup.printed
    assert not (tmp_path / ".env").exists()


def test_the_id_accepts_it(setup, tmp_path):
    path = tmp_path / ".env"

    setup(strong(), yes=True, accept_role=OTHER, env_file=path)

    assert f"DIRECTUS_CUSTOMER_ROLE={OTHER}" in path.read_text()


def test_another_id_accepts_nothing(setup):
    with pytest.raises(CommandError, match="must name the customers' role") as caught:
        setup(strong(), yes=True, accept_role="Customer")

    assert caught.value.returncode == 2


@pytest.mark.parametrize(
    ("answer", "is_made"), [("y", True), ("n", False), ("", False)]
)
def test_it_is_a_question_of_its_own(
    setup,
    monkeypatch,
    capsys,
    answer,
    is_made,
):
    answers = [answer, "y"]
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", lambda: answers.pop(0))

    if is_made:
        assert "✓" in setup(strong())
    else:
        with pytest.raises(CommandError, match="Nothing was changed"):
            setup(strong())
    assert "for all new users" in capsys.readouterr().err


def test_without_a_terminal_nothing_is_accepted(setup, monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO())

    with pytest.raises(CommandError, match="--accept-role") as caught:
        setup(strong())

    assert caught.value.returncode == 3


def test_a_dry_run_shows_it(setup):
    document = json.loads(setup(strong(), dry_run=True, format="json"))

    assert document["customer_role_may_also"] == [
        "use Directus' own app (policy Editors, p)"
    ]


@pytest.mark.parametrize("accept", [OTHER, ""])
def test_an_administrators_role_is_refused_whatever_is_accepted(
    setup,
    accept,
):
    rows = tables()
    rows["access"] = [{"id": 1, "role": OTHER, "policy": {"admin_access": True}}]

    with pytest.raises(CommandError, match="administrator rights"):
        setup(Changeable(**rows), yes=True, accept_role=accept)
