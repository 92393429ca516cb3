"""Which Directus there is to choose from."""

import json

import pytest

from local.node import PROVIDER_SOURCES
from local.problem import Problem
from local.versions import all_versions, chosen_version


@pytest.mark.parametrize(
    ("wish", "number"),
    [
        ("", "11.17.4"),
        ("10", "10.13.4"),
        ("11", "11.17.4"),
        ("12", "12.4.0"),
        ("12.4.0", "12.4.0"),
    ],
)
def test_a_version_is_chosen_by_its_number_or_the_first_of_it(
    monkeypatch, wish, number
):
    monkeypatch.setenv("DIRECTUS_VERSION", wish)

    assert chosen_version().number == number


@pytest.mark.parametrize("wish", ["9", "12.4", "latest"])
def test_what_is_not_there_is_named_with_what_is(monkeypatch, wish):
    monkeypatch.setenv("DIRECTUS_VERSION", wish)

    with pytest.raises(Problem, match=rf"no Directus {wish} here, but 10\.13\.4, 11"):
        chosen_version()


def test_only_the_oldest_needs_another_node():
    nodes = {version.major: version.node for version in all_versions()}

    assert nodes == {10: "20.18.0", 11: "", 12: ""}


@pytest.mark.parametrize(
    ("name", "number", "folder"),
    [("directus", version.number, version.folder) for version in all_versions()]
    + [("oidc-provider", "9.13.3", PROVIDER_SOURCES)],
)
def test_the_lock_file_has_that_server_from_any_registry(name, number, folder):
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]

    assert packages[f"node_modules/{name}"]["version"] == number
    assert not any("resolved" in package for package in packages.values())
    assert all("integrity" in package for name, package in packages.items() if name)


def test_one_version_has_a_provider_and_the_others_say_why_not():
    reasons = {version.major: version.without_provider for version in all_versions()}

    assert reasons.pop(11) == ""
    assert reasons.keys() == {10, 12}
    assert all(reasons.values())
