"""The audit trail on a real PostgreSQL: its addresses, JSON and search differ."""

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
FILES = [
    "tests/accounts/admin/test_events.py",
    "tests/accounts/admin/test_odd_parameters.py",
    "tests/accounts/core/test_account_events.py",
]


def test_the_trail_works_on_postgresql(postgres_url):
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", *FILES],
        cwd=ROOT,
        env={**os.environ, "TEST_DATABASE_URL": postgres_url},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout[-3000:]
    assert " passed" in ran.stdout
