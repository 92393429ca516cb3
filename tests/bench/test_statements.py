"""The statements of a sign-in as `make bench` counts them, on both databases."""

import json
import sys

import pytest

from local.paths import ROOT
from local.processes import run
from tests.on_wire.directus import DirectusServer
from tests.on_wire.site import Site

pytestmark = pytest.mark.alone


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_sign_in_takes_ten_statements_in_three_transactions(
    request, tmp_path, database
):
    url = ""
    if database == "postgresql":
        url = request.getfixturevalue("postgres_url")
    with DirectusServer() as server:
        user = server.start_again().add_user("costs@example.com")
        site = Site(tmp_path, server.url, url, "")
        site.make_tables()
        args = ["bench.inside", "sign-in", "localhost", user.email, user.password]
        code, output = run([sys.executable, "-m", *args], env=site.env, cwd=ROOT)

    assert code == 0, output
    (found,) = [line for line in output.splitlines() if line.startswith('{"known"')]
    for costs in json.loads(found).values():
        assert costs["statements"] <= 10
        assert costs["transactions"] <= 3
        assert costs["reads"] == 1
