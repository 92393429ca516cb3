"""The units of deploy/systemd, run by a systemd of the tests' own."""

import http.client
import sys
import threading
import time
from contextlib import closing

import pytest

from local.processes import wait_until
from tests.on_wire.directus import DirectusServer
from tests.on_wire.site import Browser, Site

from .systemd import FOLDER, UNITS, Systemd, why_not

pytestmark = pytest.mark.alone
PICTURE = """
import io, os, sys
sys.path.insert(0, os.getcwd())
import django
django.setup()
from PIL import Image
from accounts.profile.images import clean_picture
file = io.BytesIO()
Image.new("RGB", (900, 700)).save(file, "PNG")
file.seek(0)
print("stored as", clean_picture(file, 512)[:4].decode())
"""


class Served(Site):
    """The site as systemd runs it."""

    def __init__(self, folder, directus):
        super().__init__(folder, directus, "sqlite:////var/lib/site/db.sqlite3", "")
        self.file = folder / "env"
        self.write()
        self.systemd = Systemd(folder, self.port)

    def write(self, **settings):
        """Write the file of settings."""
        self.env |= settings
        lines = [f"{k}={v}\n" for k, v in self.env.items() if not k.startswith("PA")]
        self.file.write_text("".join(lines))

    def main_process(self):
        """Return the process id of the server in its namespace."""
        return self.systemd.do("show", "-P", "MainPID", "site-web").strip()

    def ask(self):
        """Return the status of a page over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=90)
        with closing(connection):
            connection.request("GET", "/login/")
            answer = connection.getresponse()
            answer.read()
            return answer.status


@pytest.fixture(scope="module")
def directus_server():
    with DirectusServer() as server:
        yield server


@pytest.fixture(scope="module")
def served(directus_server, tmp_path_factory):
    if reason := why_not():
        pytest.skip(reason)
    directus_server.start_again()
    served = Served(tmp_path_factory.mktemp("systemd"), directus_server.url)
    served.systemd.wait()
    try:
        served.systemd.do("start", "site-manage@migrate")
        served.systemd.do("start", "site-web.socket", "site-web.service")
        yield served
    finally:
        served.systemd.stop()


@pytest.fixture
def directus(served, directus_server):
    """The Directus of one test, instead of the one in memory."""
    return directus_server.start_again()


def answers_during(served, *command):
    """Return the answers to requests that come all the time around a command."""
    is_done, answers = threading.Event(), []

    def ask():
        while not is_done.is_set():
            try:
                answers.append(served.ask())
            except (OSError, http.client.HTTPException) as error:
                answers.append(type(error).__name__)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    served.systemd.do(*command)
    time.sleep(1)
    is_done.set()
    for thread in threads:
        thread.join()
    return answers


def test_users_sign_in(served, ada):
    Browser(served.port).sign_in(ada)


def test_a_restart_refuses_no_request(served):
    before = served.main_process()

    answers = answers_during(served, "restart", "site-web")

    assert set(answers) == {200}
    assert served.main_process() != before


def test_a_reload_reads_the_settings_and_refuses_no_request(served):
    before = served.main_process()
    served.write(SITE_NAME="Second name")

    answers = answers_during(served, "reload", "site-web")

    assert set(answers) == {200}
    assert served.main_process() == before
    page = lambda: Browser(served.port).get("/login/").text  # noqa: E731
    assert wait_until(lambda: "Second name" in page(), seconds=60)


def test_settings_that_are_not_valid_fail_the_start(served):
    served.write(PUBLIC_URL="no address")
    try:
        assert served.systemd.ask("restart", "site-web").returncode == 1
        assert "PUBLIC_URL" in served.systemd.last_words()
    finally:
        served.write(PUBLIC_URL=f"http://localhost:{served.port}")
        served.systemd.do("restart", "site-web")


def test_a_picture_is_decoded_in_the_sandbox(served):
    """The process for it bounds itself, which takes calls that are often forbidden."""
    program = served.file.with_name("picture.py")
    program.write_text(PICTURE)
    unit = served.systemd.units / "site-picture.service"
    there = f"ExecStart={sys.executable} {FOLDER}/picture.py"
    unit.write_text(f"[Service]\nType=oneshot\n{there}\n")
    served.systemd.do("daemon-reload")

    served.systemd.do("start", "site-picture")

    assert "stored as RIFF" in served.systemd.last_words()


def test_timers_start_the_commands(served):
    timers = sorted(path.name for path in UNITS.glob("*.timer"))
    served.systemd.do("start", *timers)

    listed = served.systemd.do("list-timers", "--all")

    assert all(name in listed for name in timers)
    # One runs each five minutes, which may be now; what it starts is not failed yet.
    served.systemd.do("stop", *timers)
    served.systemd.do("start", "site-manage@clearsessions")
    # This site has no service token.
    assert served.systemd.ask("start", "site-sync-changed").returncode == 1
    assert "DIRECTUS_SERVICE_TOKEN" in served.systemd.last_words()
    assert "site-sync-changed.service" in served.systemd.do("list-units", "--failed")
