"""Installs that repeat after a failure of npm."""

from types import SimpleNamespace

import pytest

from local import node
from local.problem import Problem
from local.versions import chosen_version

GAVE_UP = (1, "npm error Exit handler never called!")


@pytest.fixture
def npm(monkeypatch):
    """npm with prepared answers; its arguments are kept."""
    npm = SimpleNamespace(answers=[], calls=[])

    def run(args, **options):
        npm.calls.append(args)
        return npm.answers.pop(0)

    monkeypatch.setattr(node, "run", run)
    return npm


def install(folder):
    """Install Directus into a folder, with the npm that is made up."""
    this_node = node.Node("22.20.0", folder)
    sources = chosen_version().folder
    packages = node.Packages("Directus", sources, this_node, node.NATIVE_MODULES)
    node._install(folder, packages, SimpleNamespace(detail=""))


def test_npm_is_asked_again_when_it_gave_up_by_itself(npm, tmp_path):
    npm.answers = [GAVE_UP, GAVE_UP, (0, "added 1445 packages"), (0, "")]

    install(tmp_path)

    assert [args[2] == "ci" for args in npm.calls] == [True, True, True, False]


def test_other_failures_are_told_at_once(npm, tmp_path, monkeypatch):
    monkeypatch.setenv("DJANGO_DIRECTUS_CACHE", str(tmp_path))
    npm.answers = [(1, "npm error code 1")]

    with pytest.raises(Problem, match="could not be installed"):
        install(tmp_path)

    assert len(npm.calls) == 1


def test_npm_is_not_asked_for_ever(npm, tmp_path, monkeypatch):
    monkeypatch.setenv("DJANGO_DIRECTUS_CACHE", str(tmp_path))
    npm.answers = [GAVE_UP] * node.NPM_TRIES

    with pytest.raises(Problem, match="could not be installed"):
        install(tmp_path)
