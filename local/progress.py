"""Show that something is going on, on a terminal and in a log file."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator

ON_TERMINAL_SECONDS = 0.5
IN_LOG_SECONDS = 15


class Step:
    """One line about one thing: what it is, how long it has taken, what it is at."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.detail = ""
        self._start = time.monotonic()
        self._ended = threading.Event()
        self._terminal = sys.stdout.isatty()

    def show_until_ended(self) -> None:
        """Repeat the line while the step lasts."""
        pause = ON_TERMINAL_SECONDS if self._terminal else IN_LOG_SECONDS
        self._write("...")
        while not self._ended.wait(pause):
            self._write("...")

    def end(self, word: str) -> None:
        """Show the line a last time."""
        self._ended.set()
        self.detail = ""
        self._write(word, last=True)

    def _write(self, word: str, *, last: bool = False) -> None:
        seconds = int(time.monotonic() - self._start)
        line = f"  {self.title} {word} {seconds} s  {self.detail[:40]}".rstrip()
        if self._terminal:
            sys.stdout.write(f"\r\033[K{line}" + ("\n" if last else ""))
        else:
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


@contextlib.contextmanager
def step(title: str) -> Iterator[Step]:
    """Show a step for as long as the block runs."""
    shown = Step(title)
    thread = threading.Thread(target=shown.show_until_ended, daemon=True)
    thread.start()
    word = "stopped"
    try:
        yield shown
        word = "done"
    finally:
        shown.end(word)
        thread.join()
