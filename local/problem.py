"""A thing that the person at the keyboard can put right, said in one sentence."""

import sys
from collections.abc import Callable


class Problem(Exception):
    """What is missing or in the way; shown without a traceback."""


def report(main: Callable[[], int]) -> int:
    """Run main and return its exit code; a Problem is one line on stderr and 1."""
    try:
        return main()
    except Problem as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
