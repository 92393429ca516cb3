"""The site over several hosts, and shared servers lost, cut off and restarted."""

import json
import os
import sys
import tempfile
from pathlib import Path

from local.paths import ROOT
from local.processes import run

from ..table import Line


def over_hosts(*names: str) -> list[Line]:
    """Run the checks with these names, by default all; return their lines.

    In a process of its own, which becomes a network. Everything that it makes is in one
    folder, which goes whatever its end was.

    Raises:
        RuntimeError: the hosts did not start.
    """
    with tempfile.TemporaryDirectory(prefix=f"scale-{os.getpid()}-") as folder:
        # PostgreSQL runs as another user.
        Path(folder).chmod(0o711)
        env = os.environ | {"TMPDIR": folder, "PYTHONUNBUFFERED": "1"}
        args = [sys.executable, "-m", "bench.scale", *names]
        code, output = run(args, env=env, cwd=ROOT)
    if code:
        raise RuntimeError(f"bench.scale: {output.strip()[-500:]}")
    texts = [text for text in output.splitlines() if text.startswith("{")]
    return [Line(**json.loads(text)) for text in texts]
