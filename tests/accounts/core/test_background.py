"""Work that a request does not wait for is done all the same."""

import subprocess
import sys
import threading

import pytest

from accounts.core import background
from accounts.core.background import run

PATIENCE = 10


def test_a_request_does_not_wait():
    may_end, ended = threading.Event(), threading.Event()

    def work():
        may_end.wait(PATIENCE)
        ended.set()

    run(work)

    assert not ended.is_set()
    may_end.set()
    assert ended.wait(PATIENCE)


def test_what_is_waiting_when_the_process_ends_is_done_first():
    program = (
        "import os, time; from accounts.core.background import run\n"
        "for _ in range(9): run(lambda: (time.sleep(.05), os.write(1, b'x')))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "x" * 9


def test_what_there_is_no_room_for_is_done_at_once(monkeypatch):
    monkeypatch.setattr(background, "_room", threading.BoundedSemaphore(1))
    may_end, first = threading.Event(), threading.Event()
    run(lambda: (may_end.wait(PATIENCE), first.set()))
    done = []

    run(lambda: done.append(1))

    assert done == [1]
    assert not first.is_set()
    may_end.set()
    assert first.wait(PATIENCE)


def test_few_requests_do_it_at_once_while_directus_hangs(monkeypatch, caplog):
    monkeypatch.setattr(background, "_room", threading.BoundedSemaphore(1))
    monkeypatch.setattr(background, "_at_once", threading.BoundedSemaphore(1))
    may_end, hanging = threading.Event(), threading.Event()

    def hang():
        hanging.set()
        may_end.wait(PATIENCE)

    run(lambda: may_end.wait(PATIENCE))
    slow = threading.Thread(target=run, args=(hang,))
    slow.start()
    assert hanging.wait(PATIENCE)

    run(lambda: pytest.fail("a request waited"))

    may_end.set()
    slow.join()
    assert "something was left undone" in caplog.text
    assert background._at_once.acquire(timeout=PATIENCE)


def test_room_comes_back(monkeypatch):
    room = threading.BoundedSemaphore(1)
    monkeypatch.setattr(background, "_room", room)

    run(lambda: None)

    assert room.acquire(timeout=PATIENCE)


def test_failed_work_gives_its_room_back(monkeypatch):
    room = threading.BoundedSemaphore(1)
    monkeypatch.setattr(background, "_room", room)

    run(lambda: 1 / 0)

    assert room.acquire(timeout=PATIENCE)
