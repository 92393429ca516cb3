"""The most common passwords of at least twelve characters, as digests.

The file beside this module holds sorted digests; `make common-passwords` writes it.
The digests are short: one text in 30,000 is wrongly taken for a common password.
"""

from bisect import bisect_left
from functools import cache
from hashlib import blake2b
from pathlib import Path

FILE = Path(__file__).with_suffix(".bin")
DIGEST_SIZE = 4


def digest_of(password: str) -> bytes:
    """Return the digest of a password, as in the file."""
    return blake2b(password.lower().encode(), digest_size=DIGEST_SIZE).digest()


def contains(password: str) -> bool:
    """Return whether a password is common, ignoring case."""
    digests, wanted = _digests(), digest_of(password)

    def digest_at(number: int) -> bytes:
        return digests[number * DIGEST_SIZE : (number + 1) * DIGEST_SIZE]

    numbers = range(len(digests) // DIGEST_SIZE)
    return digest_at(bisect_left(numbers, wanted, key=digest_at)) == wanted


@cache
def _digests() -> bytes:
    return FILE.read_bytes()
