"""migrate on two hosts at once, on PostgreSQL."""

import subprocess
import sys
from urllib.parse import urlsplit

import psycopg
import pytest

from .processes import ROOT, environment

pytestmark = pytest.mark.alone
HOSTS = 3


@pytest.fixture
def database(postgres_url):
    """The URL of an empty database."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE of_hosts")
        yield urlsplit(postgres_url)._replace(path="/of_hosts").geturl()
        connection.execute("DROP DATABASE of_hosts WITH (FORCE)")


def test_hosts_that_migrate_at_once_wait_for_each_other(database, tmp_path):
    env = environment(tmp_path, DATABASE_URL=database)
    running = [
        subprocess.Popen(
            [sys.executable, "manage.py", "migrate", "--no-input"],
            cwd=ROOT,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(HOSTS)
    ]
    outputs = [process.communicate(timeout=180)[0] for process in running]

    assert [process.returncode for process in running] == [0] * HOSTS, outputs
    text = "".join(outputs)
    assert text.count("Applying accounts.0001_initial... OK") == 1
    assert text.count("No migrations to apply.") == HOSTS - 1
