"""`make run` starts the stack, or says why not."""

import os
import subprocess
import sys

import pytest

from local.paths import ROOT


@pytest.mark.parametrize("name", ["postgresql", "mysql"])
def test_a_database_that_it_does_not_start_is_refused(name):
    ran = subprocess.run(
        [sys.executable, "-m", "local.run"],
        cwd=ROOT,
        env=os.environ | {"DIRECTUS_DATABASE": name},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 1
    assert ran.stderr.strip().startswith("`make run` keeps the data of Directus in")
