"""Which Python runs the unit tests on the newest Django."""

import os

import pytest

from local import next_django
from local.problem import Problem


@pytest.fixture(autouse=True)
def _no_python(monkeypatch, tmp_path):
    """Begin with a machine without any Python."""
    monkeypatch.delenv("PYTHON_NEXT", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))


def make_python(path, *, exit_code=0):
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\nexit {exit_code}\n")
    path.chmod(0o755)
    return str(path)


def test_a_machine_without_such_a_python_is_told_so_in_one_sentence(capsys):
    assert next_django.main([]) == 0
    said = capsys.readouterr().out
    assert "no python3.13" in said
    assert said.count("\n") == 1


def test_the_python_on_the_path_comes_before_that_of_pyenv(tmp_path):
    make_python(tmp_path / "pyenv/versions/3.13.1/bin/python3.13")
    on_path = make_python(tmp_path / "bin/python3.13")

    assert next_django.newer_python() == on_path


def test_an_unselected_shim_of_pyenv_gives_way_to_pyenvs_python(tmp_path):
    make_python(tmp_path / "bin/python3.13", exit_code=127)
    make_python(tmp_path / "pyenv/versions/3.13.0t/bin/python3.13")
    own = make_python(tmp_path / "pyenv/versions/3.13.1/bin/python3.13")

    assert next_django.newer_python() == own


def test_a_named_python_comes_first(monkeypatch, tmp_path):
    make_python(tmp_path / "bin/python3.13")
    named = make_python(tmp_path / "other/python3.14")
    monkeypatch.setenv("PYTHON_NEXT", named)

    assert next_django.newer_python() == named


@pytest.mark.parametrize("exit_code", [1, None])
def test_a_named_python_that_cannot_be_used_is_a_problem(
    monkeypatch, tmp_path, exit_code
):
    make_python(tmp_path / "bin/python3.13")
    named = tmp_path / "other/python3.10"
    if exit_code:
        make_python(named, exit_code=exit_code)
    monkeypatch.setenv("PYTHON_NEXT", str(named))

    with pytest.raises(Problem, match="PYTHON_NEXT"):
        next_django.newer_python()


def test_the_tests_run_under_the_python_that_was_found(monkeypatch, tmp_path):
    python = make_python(tmp_path / "bin/python3.13")
    calls = []
    monkeypatch.setattr(os, "execv", lambda *call: calls.append(call))

    next_django.main([])

    [(program, args)] = calls
    assert program == args[0] == python
    assert args[1:4] == ["-m", "local.bootstrap", "--next"]
