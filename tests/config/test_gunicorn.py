"""The site under gunicorn: its access log, and the memory for a large body."""

import http.client
import json
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.on_wire.site import Site

CANARY = "Canary-7f3a9"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site with its access log, and without a Directus."""
    folder = tmp_path_factory.mktemp("site")
    site = Site(folder, "http://127.0.0.1:1", "", "")
    site.env |= {"WEB_WORKERS": "1", "ACCESS_LOG": "1", "LOG_LEVEL": "DEBUG"}
    site.make_tables()
    site.start()
    site.wait()
    yield site
    site.stop()


def ask(site, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    headers = {"Host": f"localhost:{site.port}"} | headers
    with closing(connection):
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.text = response.read().decode()
    return response


def resident_kilobytes(site):
    """Return the memory of the worker."""
    children = Path(f"/proc/{site.pid}/task/{site.pid}/children").read_text()
    status = Path(f"/proc/{children.split()[0]}/status").read_text()
    line = next(row for row in status.splitlines() if row.startswith("VmRSS"))
    return int(line.split()[1])


def test_ten_megabytes_are_refused_without_being_kept(site):
    ask(site, "POST", "/login/", b"x" * 100)
    before = resident_kilobytes(site)
    began = time.monotonic()

    for _ in range(3):
        # The server does not read it: a client that goes on may lose the connection.
        with suppress(BrokenPipeError, ConnectionResetError):
            response = ask(site, "POST", "/login/", b"password=" + b"x" * 10_000_000)
            assert response.status == 413

    assert ask(site, "POST", "/login/", b"x" * 100_000).status == 413
    assert time.monotonic() - began < 10
    assert resident_kilobytes(site) - before < 20_000


def test_no_log_line_holds_a_query_cookie_or_agent(site):
    ask(site, "GET", f"/reset-password/?token={CANARY}", Cookie=f"session={CANARY}")
    ask(site, "GET", f"/no-such-page/?token={CANARY}", **{"User-Agent": CANARY})
    ask(site, "POST", f"/login/?next={CANARY}", f"password={CANARY}")

    log = site.log.read_text()
    assert '"GET /reset-password/" 302' in log
    assert CANARY not in log


def test_the_sites_own_lines_are_json(site):
    ask(site, "GET", "/no-such-page/")

    lines = [row for row in site.log.read_text().splitlines() if row.startswith("{")]
    assert lines
    for line in lines:
        assert {"levelname", "name", "message", "request_id"} <= json.loads(line).keys()


def test_the_server_names_no_version(site):
    response = ask(site, "GET", "/healthz")

    assert response.headers["Server"] == "gunicorn"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-For": "garbage"},
        {"X-Forwarded-For": "1" * 4000},
        {"X-Forwarded-Host": "evil.example"},
        {"Cookie": "session=\xff; csrf=\xfe"},
        {"Content-Length": "0", "Transfer-Encoding": "x"},
    ],
    ids=lambda headers: str(headers)[:40],
)
def test_odd_headers_are_no_error(site, headers):
    response = ask(site, "GET", "/login/", **headers)

    assert response.status in {200, 400, 501}


@pytest.mark.parametrize("path", ["/login/", "/account/", "/nowhere/", "/healthz", "/"])
def test_head_is_answered_as_get_without_a_body(site, path):
    head, get = ask(site, "HEAD", path), ask(site, "GET", path)

    assert (head.status, head.text) == (get.status, "")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert "no-body response" not in site.log.read_text()
