"""Reports of errors, from the real site to a server in the place of Sentry."""

import gzip
import http.client
import json
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode

import pytest

from config import __version__, error_reports
from local.processes import wait_until
from tests.config.processes import run
from tests.on_wire.site import Site

CANARIES = {
    "password": "Canary-password-1f",
    "email": "canary-address@example.com",
    "note": "canary typed in a note",
    "token": "canary-of-a-link-2e",
    "cookie": "canary-session-cookie-3d",
    "authorization": "canary-authorization-4c",
    "service": "canary-service-token-5b",
    "agent": "canary-agent-6a",
    "header": "canary-header-7f",
}


class Ingest(ThreadingHTTPServer):
    """Takes envelopes, as Sentry does, and keeps their text."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.envelopes = []
        self.dsn = f"http://public-key@127.0.0.1:{self.server_port}/1"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def server_close(self):
        self.shutdown()
        super().server_close()

    def events(self):
        """Return the reports in the envelopes."""
        lines = [line for text in self.envelopes for line in text.splitlines()]
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [each for each in found if "level" in each]


class Handler(BaseHTTPRequestHandler):
    """One envelope."""

    def do_POST(self):
        """Keep what arrives."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        head = f"{self.path}\n{self.headers}"
        self.server.envelopes.append(head + body.decode())
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format, *args):
        """Say nothing."""


@pytest.fixture(scope="module")
def ingest():
    with Ingest() as server:
        yield server


@pytest.fixture(scope="module")
def site(ingest, tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"), "http://127.0.0.1:1", "", "")
    site.env |= {
        "DJANGO_SETTINGS_MODULE": "tests.monitoring.settings",
        "SENTRY_DSN": ingest.dsn,
        "DIRECTUS_SERVICE_TOKEN": CANARIES["service"],
        "WEB_WORKERS": "1",
    }
    site.make_tables()
    site.start()
    site.wait()
    yield site
    site.stop()


@pytest.fixture(autouse=True)
def _no_reports_of_other_tests(ingest):
    ingest.envelopes.clear()


def ask(site, path, form=None):
    body = urlencode(form) if form else None
    headers = {
        "Host": f"localhost:{site.port}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": f"session={CANARIES['cookie']}",
        "Authorization": f"Bearer {CANARIES['authorization']}",
        "User-Agent": CANARIES["agent"],
        "X-Canary": CANARIES["header"],
    }
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    with closing(connection):
        connection.request("POST" if body else "GET", path, body, headers)
        answer = connection.getresponse()
        answer.text = answer.read().decode()
    return answer


def test_a_report_names_the_fault_and_no_secret(site, ingest):
    form = {name: CANARIES[name] for name in ("password", "email", "note")}

    answer = ask(site, f"/faulty/?token={CANARIES['token']}", form)

    assert answer.status == 500
    assert wait_until(lambda: len(ingest.events()) >= 2, seconds=20)
    text = "\n".join(ingest.envelopes)
    for name, canary in CANARIES.items():
        assert canary not in text, name
        assert canary.partition("@")[0] not in text, name
    [fault] = [each for each in ingest.events() if "exception" in each]
    types = [each["type"] for each in fault["exception"]["values"]]
    assert types == ["LookupError", "ZeroDivisionError"]
    assert fault["exception"]["values"][1]["value"].startswith("outer [hidden]")
    assert fault["transaction"] == "tests.monitoring.urls.faulty"
    assert fault["tags"]["request_id"] == answer.headers["X-Request-ID"]
    assert len(fault["tags"]["trace_id"]) == 32
    assert fault["release"] == __version__
    frames = fault["exception"]["values"][1]["stacktrace"]["frames"]
    assert any("raise ZeroDivisionError(" in str(each) for each in frames)
    assert not any("vars" in each for each in frames)
    assert not {"request", "user", "breadcrumbs", "extra", "server_name"} & {*fault}


def test_a_line_of_the_log_is_reported_without_its_facts(site, ingest):
    form = {name: CANARIES[name] for name in ("password", "email", "note")}
    before = len(ingest.events())

    ask(site, f"/faulty/?token={CANARIES['token']}", form)

    assert wait_until(lambda: len(ingest.events()) >= before + 2, seconds=20)
    lines = [each for each in ingest.events() if "logentry" in each]
    assert lines[-1]["logger"] == "tests.monitoring"
    assert lines[-1]["logentry"] == {
        "message": "A line with [hidden], [hidden] and [hidden]"
    }


def test_refusals_and_outages_are_no_reports(site, ingest):
    before = len(ingest.events())

    assert ask(site, "/no-such-page/").status == 404
    assert ask(site, "/login/", {"email": "a@b.example"}).status == 403

    assert not wait_until(lambda: len(ingest.events()) > before, seconds=3)


def test_without_a_dsn_the_library_is_not_loaded(tmp_path):
    code = "import config.wsgi, sys; print([n for n in sys.modules if 'sentry' in n])"

    ran = run(tmp_path, "-c", code)

    assert ran.stdout.strip() == "[]", ran.stderr


@pytest.mark.parametrize("dsn", ["x", "https://sentry.example.com/1", "ftp://k@h/1"])
def test_a_wrong_dsn_stops_the_start_with_a_sentence(tmp_path, dsn):
    ran = run(tmp_path, "manage.py", "check", SENTRY_DSN=dsn)

    assert ran.returncode == 2
    assert ran.stderr.startswith("SENTRY_DSN must be")
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("several", [False, True])
def test_the_passwords_of_servers_are_hidden(settings, several):
    address = "redis://:cache-canary@cache:6379/0"
    settings.EMAIL_URL = "smtp://site:mail%2Bcanary@mail:25"
    settings.CACHES = {"default": {"LOCATION": [address] if several else address}}

    hidden = set(error_reports._own_secrets())

    assert {"mail+canary", "cache-canary"} <= hidden
