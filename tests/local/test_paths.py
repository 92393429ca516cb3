"""Installs: complete or absent, and made once."""

import threading
import time

import pytest

from local.paths import cache_folder, installing, key


def test_an_interrupted_install_leaves_nothing_that_looks_complete(tmp_path):
    folder = tmp_path / "tree"

    with pytest.raises(KeyboardInterrupt), installing(folder):
        raise KeyboardInterrupt

    assert not folder.exists()


def test_the_rest_of_an_interrupted_install_is_not_reused(tmp_path):
    folder = tmp_path / "tree"
    (tmp_path / "tree.partial").mkdir()
    (tmp_path / "tree.partial" / "half").touch()

    with installing(folder) as partial:
        assert partial is not None
        (partial / "whole").touch()

    assert [file.name for file in folder.iterdir()] == ["whole"]


def test_of_two_parallel_installs_one_does_the_work(tmp_path):
    installs = []

    def install():
        with installing(tmp_path / "tree") as partial:
            if partial is not None:
                time.sleep(0.1)
                installs.append(partial)

    threads = [threading.Thread(target=install) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(installs) == 1


def test_a_changed_lock_file_is_another_install(tmp_path):
    lock = tmp_path / "package-lock.json"
    lock.write_text("1")
    before = key(lock, "22")
    lock.write_text("2")

    assert key(lock, "22") != before


def test_the_cache_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("DJANGO_DIRECTUS_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "django-directus"

    monkeypatch.setenv("DJANGO_DIRECTUS_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
