"""Programs that are started end with everything they started themselves."""

import os
import sys
import time
from pathlib import Path

from local.processes import Process, run, wait_until

FORKS = """
import os, sys, time
child = os.fork()
if child:
    print(child, flush=True)
time.sleep(60)
"""


def exists(pid):
    """Tell whether the process lives; a zombie is dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_a_stopped_program_leaves_no_child_behind(tmp_path):
    log = tmp_path / "log"
    args = [sys.executable, "-c", FORKS]
    process = Process("Forks", args, env=os.environ, cwd=tmp_path, log=log)
    assert wait_until(lambda: log.read_text().endswith("\n"), seconds=10)
    child = int(log.read_text())

    process.stop()

    assert not process.is_running()
    assert wait_until(lambda: not exists(child), seconds=5)


def test_a_program_that_ignores_the_signal_is_killed(tmp_path):
    code = "import signal as s, time; s.signal(15, s.SIG_IGN); print(); time.sleep(60)"
    log = tmp_path / "log"
    args = [sys.executable, "-uc", code]
    process = Process("Stubborn", args, env=os.environ, cwd=tmp_path, log=log)
    assert wait_until(lambda: log.stat().st_size > 0, seconds=10)
    start = time.monotonic()

    process.stop(patience=0.2)

    assert not process.is_running()
    assert time.monotonic() - start < 5


def test_run_returns_exit_code_and_output(tmp_path):
    lines = []
    args = [sys.executable, "-c", "print('one'); print('two'); raise SystemExit(3)"]

    code, output = run(args, env=os.environ, cwd=tmp_path, on_line=lines.append)

    assert (code, output, lines) == (3, "one\ntwo\n", ["one", "two"])


def test_waiting_ends_when_the_program_does(tmp_path):
    args = [sys.executable, "-c", "pass"]
    process = Process("Short", args, env=os.environ, cwd=tmp_path, log=tmp_path / "log")

    assert not wait_until(lambda: False, seconds=30, running=process)
    process.stop()
