"""The state folder: secrets are made once and readable to their owner alone."""

import json

import pytest

from local.problem import Problem
from local.state import State


def mode(path):
    return path.stat().st_mode & 0o777


def test_secrets_are_made_once(tmp_path):
    first = State(tmp_path / "state").secrets()

    assert State(tmp_path / "state").secrets() == first


def test_a_secret_that_an_older_folder_lacks_is_made_once(tmp_path):
    state = State(tmp_path / "state")
    first = state.secrets()
    older = {name: first[name] for name in first if name != "webhook_secret"}
    (state.folder / "secrets.json").write_text(json.dumps(older))

    later = state.secrets()

    assert older.items() <= later.items()
    assert later["webhook_secret"]
    assert state.secrets() == later


def test_only_the_owner_can_read_it(tmp_path):
    state = State(tmp_path / "state")
    state.secrets()
    state.save_credentials({"admin_token": "x"})
    state.save_site_env({"DJANGO_SECRET_KEY": "x"})

    assert mode(state.folder) == 0o700
    for name in ("secrets.json", "credentials.json", "site.env"):
        assert mode(state.folder / name) == 0o600


def test_lines_of_others_in_site_env_are_kept(tmp_path):
    state = State(tmp_path / "state")
    state.save_site_env({"PUBLIC_URL": "http://localhost:1"})
    with open(state.site_env, "a") as file:
        file.write("DIRECTUS_SERVICE_TOKEN=kept\n")

    state.save_site_env({"PUBLIC_URL": "http://localhost:2"})

    assert state.site_env.read_text().splitlines() == [
        "PUBLIC_URL=http://localhost:2",
        "DIRECTUS_SERVICE_TOKEN=kept",
    ]


def test_a_folder_that_cannot_be_written_to_is_one_sentence(tmp_path):
    (tmp_path / "checkout").touch()

    with pytest.raises(Problem, match=r"/\.local cannot be written to: Not a direct"):
        State(tmp_path / "checkout" / ".local")


def test_a_second_stack_does_not_start_on_the_same_folder(tmp_path):
    state = State(tmp_path / "state")

    with state.held(), pytest.raises(Problem, match="running already"), state.held():
        pass
