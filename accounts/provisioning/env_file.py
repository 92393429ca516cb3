"""An environment file: read a value, replace a value, leave every other line alone."""

import os
import re
import tempfile
from pathlib import Path

_LINE = re.compile(
    r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=(?P<value>.*)"
)


def read_value(path: Path, name: str) -> str:
    """Return the last value that the file gives to a name; empty when none."""
    value = ""
    for line in _lines(path):
        match = _LINE.match(line)
        if match and match["name"] == name:
            value = match["value"].strip().strip("\"'")
    return value


def write_values(path: Path, values: dict[str, str]) -> None:
    """Replace or append lines. A new file is readable by its owner alone.

    The file is replaced in one step, so that nobody reads half of it and an
    interruption leaves the old one.
    """
    path = path.resolve()
    left = dict(values)
    lines = []
    for line in _lines(path):
        match = _LINE.match(line)
        name = match["name"] if match else ""
        if name not in values:
            lines.append(line)
        elif name in left:
            lines.append(f"{name}={left.pop(name)}")
    lines += [f"{name}={value}" for name, value in left.items()]
    _replace(path, "\n".join(lines) + "\n")


def is_writable(path: Path) -> bool:
    """Return whether `write_values` would get through."""
    path = path.resolve()
    return os.access(path.parent, os.W_OK | os.X_OK) and not path.is_dir()


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        return []
    # Whatever the other lines hold, in whatever encoding, stays as it is.
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    return text.removesuffix("\n").split("\n") if text else []


def _replace(path: Path, text: str) -> None:
    # mkstemp makes the file with mode 0600.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        if path.is_file():
            os.chmod(name, path.stat().st_mode & 0o777)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
