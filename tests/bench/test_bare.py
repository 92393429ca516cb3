"""The bare site, which the bench compares the site with."""

import os
import subprocess
import sys


def test_bare_site_can_be_imported():
    """In a process of its own: it has settings of its own."""
    env = {**os.environ, "PYTHONWARNINGS": "error"}
    script = "from bench.bare import application; print(callable(application))"
    done = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True
    )
    assert done.stdout == "True\n", done.stderr
