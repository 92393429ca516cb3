"""The commonest passwords of twelve characters and more, without a word of them.

The file beside this one holds digests, sorted; `make common-passwords` writes it. They
are short: one text in 30,000 is taken for a common one.
"""

from bisect import bisect_left
from functools import cache
from hashlib import blake2b
from pathlib import Path

FILE = Path(__file__).with_suffix(".bin")
DIGEST_SIZE = 4


def digest_of(password: str) -> bytes:
    """Return what the file holds of a password."""
    return blake2b(password.lower().encode(), digest_size=DIGEST_SIZE).digest()


def contains(password: str) -> bool:
    """Tell whether a password is among the commonest, in large or small letters."""
    digests, wanted = _digests(), digest_of(password)

    def digest_at(number: int) -> bytes:
        return digests[number * DIGEST_SIZE : (number + 1) * DIGEST_SIZE]

    numbers = range(len(digests) // DIGEST_SIZE)
    return digest_at(bisect_left(numbers, wanted, key=digest_at)) == wanted


@cache
def _digests() -> bytes:
    return FILE.read_bytes()
