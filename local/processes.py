"""Start programs in groups of their own, and end them with all they started."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """The person at the keyboard, or the system, asked this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


class Process:
    """A program that runs until it is stopped, its output in a log file."""

    def __init__(
        self,
        name: str,
        args: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log: Path,
        **options: Any,
    ) -> None:
        self.name = name
        self.log = log
        self._is_stopped = False
        with open(log, "ab") as output:
            self._popen = subprocess.Popen(
                [str(arg) for arg in args],
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
                **options,
            )

    @property
    def pid(self) -> int:
        """Return the process id, which is also that of its group."""
        return self._popen.pid

    def is_running(self) -> bool:
        """Tell whether the program has not ended yet."""
        return self._popen.poll() is None

    def stop(
        self, *, signal_number: int = signal.SIGTERM, patience: float = 10
    ) -> None:
        """
        End the whole group, by force when it takes longer than the patience.

        Once only: later, another program may have the number of this group.
        """
        if not self._is_stopped:
            self._is_stopped = True
            _end_group(self._popen, signal_number, patience)

    def last_words(self, lines: int = 3) -> str:
        """Return the end of the log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.strip().splitlines()[-lines:])


def run(
    args: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path,
    on_line: Callable[[str], None] | None = None,
    **options: Any,
) -> tuple[int, str]:
    """Run a program to its end and return its exit code and output."""
    lines = []
    with subprocess.Popen(
        [str(arg) for arg in args],
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=_die_with_parent,
        **options,
    ) as popen:
        try:
            assert popen.stdout is not None
            for line in popen.stdout:
                lines.append(line)
                if on_line:
                    on_line(line.rstrip())
            return popen.wait(), "".join(lines)
        finally:
            _end_group(popen, signal.SIGTERM, 5)


def wait_until(
    ready: Callable[[], bool], *, seconds: float, running: Process | None = None
) -> bool:
    """Ask until the answer is yes; no when the time is up or the process has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if running is not None and not running.is_running():
            return False
        if ready():
            return True
        time.sleep(0.1)
    return False


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Turn the first signal that asks for an end into Stopped; ignore later ones."""

    def stop(number: int, _frame: object) -> None:
        for each in STOP_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    for each in STOP_SIGNALS:
        signal.signal(each, stop)
    yield


def _end_group(popen: "subprocess.Popen[Any]", number: int, patience: float) -> None:
    if popen.poll() is None:
        _signal_group(popen.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            popen.wait(patience)
    # Also after an orderly end: whatever it started and forgot is in the same group.
    _signal_group(popen.pid, signal.SIGKILL)
    popen.wait()


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _die_with_parent() -> None:
    """Ask Linux to end this child if its parent is killed without a chance to do so."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
