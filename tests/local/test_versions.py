"""Which Directus there is to choose from."""

import json

import pytest

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


@pytest.mark.parametrize("version", all_versions(), ids=lambda version: version.number)
def test_the_lock_file_has_that_directus_from_any_registry(version):
    packages = json.loads(version.lock_file.read_text())["packages"]

    assert packages["node_modules/directus"]["version"] == version.number
    assert not any("resolved" in package for package in packages.values())
    assert all("integrity" in package for name, package in packages.items() if name)
