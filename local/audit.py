"""`make audit`: ask for known faults of everything that is installed.

Where nothing could be looked up, that is said, and is no success.
"""

import json
import os
import sys
from pathlib import Path

from .environment import LOCKS
from .node import node_for
from .paths import ROOT
from .problem import report
from .processes import run
from .versions import Version, all_versions


def main() -> int:
    """Audit Python's locks and Directus' own; 3 for faults, 1 for no answer."""
    outcomes = [_python(lock) for lock in LOCKS.values()]
    outcomes += [_directus(version) for version in all_versions()]
    return 1 if 1 in outcomes else max(outcomes)


def _python(lock: str) -> int:
    # Everything is in the lock: nothing is to be resolved.
    args = [sys.executable, "-m", "pip_audit", "--strict", "--disable-pip"]
    args += ["--require-hashes", "--progress-spinner", "off", "--format", "json"]
    code, output = run([*args, "-r", lock], env=os.environ, cwd=ROOT)
    try:
        # What it says to people stands before or behind.
        start = output.index('{"dependencies"')
        found, _ = json.JSONDecoder().raw_decode(output[start:])
    except ValueError:
        return _say(lock, None)
    faults = [
        f"{package['name']} {package['version']}: {fault['id']}"
        for package in found["dependencies"]
        for fault in package.get("vulns", [])
    ]
    return _say(lock, None if code and not faults else faults)


def _directus(version: Version) -> int:
    node = node_for(version)
    name = str((version.folder / "package-lock.json").relative_to(ROOT))
    args: list[str | Path] = [node.program, node.npm, "audit", "--package-lock-only"]
    _, output = run([*args, "--json"], env=os.environ, cwd=version.folder)
    try:
        found = json.loads(output[output.index("{") : output.rindex("}") + 1])
        faults = found["vulnerabilities"]
    except (ValueError, KeyError):
        return _say(name, None)
    return _say(name, [f"{each}: {faults[each]['severity']}" for each in faults])


def _say(name: str, faults: list[str] | None) -> int:
    if faults is None:
        print(f"{name}: could not be looked up")
        return 1
    print(f"{name}: {len(faults)} known faults")
    for fault in faults:
        print(f"  {fault}")
    return 3 if faults else 0


if __name__ == "__main__":
    sys.exit(report(main))
