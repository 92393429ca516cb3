"""Signals to a running server: it reads its settings again, or ends."""

import os
import signal
import threading
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from local.processes import wait_until
from tests.on_wire.directus import DirectusServer
from tests.on_wire.site import Browser, Site

PATIENCE = 60


class SiteWithFile(Site):
    """A site that reads its settings from a file that tests change."""

    def __init__(self, folder, directus):
        super().__init__(folder, directus, "", "")
        self.file = folder / "env"
        self.settings = {
            "SITE_NAME": "$first name",
            "TOKEN_ENCRYPTION_KEYS": self.env.pop("TOKEN_ENCRYPTION_KEYS"),
            "WEB_WORKERS": self.env.pop("WEB_WORKERS"),
        }
        self.env["DJANGO_ENV_FILE"] = str(self.file)
        self.write()

    def write(self, **settings):
        """Change settings in the file."""
        self.settings |= settings
        lines = [f"{name}={value}\n" for name, value in self.settings.items()]
        self.file.write_text("".join(lines))

    def workers(self):
        """Return the process ids of the workers."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return set(children.split())

    def reload(self):
        """Send HUP, and wait until no worker is an old one."""
        before = self.workers()
        os.kill(self.pid, signal.SIGHUP)
        assert wait_until(lambda: not before & self.workers(), seconds=PATIENCE)
        self.wait()


@pytest.fixture
def directus_server():
    with DirectusServer() as server:
        yield server


@pytest.fixture
def directus(directus_server):
    """The Directus of one test, instead of the one in memory."""
    return directus_server.start_again()


@pytest.fixture
def site(directus, directus_server, tmp_path):
    site = SiteWithFile(tmp_path, directus_server.url)
    with site.serving():
        yield site


def test_a_reload_reads_the_settings_again(site, ada):
    browser = Browser(site.port)
    browser.sign_in(ada)
    assert "$first name" in browser.get("/login/code/").text + browser.get("/").text
    old, new = site.settings["TOKEN_ENCRYPTION_KEYS"], Fernet.generate_key().decode()

    site.write(SITE_NAME="Second name", WEB_WORKERS="3")
    site.write(TOKEN_ENCRYPTION_KEYS=f"{new}, {old}")
    site.reload()

    assert "Second name" in browser.get("/").text
    assert wait_until(lambda: len(site.workers()) == 3, seconds=PATIENCE)
    # Which shows that the running site knows the new key.
    Browser(site.port).sign_in(ada)
    site.manage("rotate_token_keys")
    site.write(TOKEN_ENCRYPTION_KEYS=new)
    site.reload()
    site.make_stale("access_expires_at", "validated_at")
    assert browser.get("/profile/").status == 200


def test_a_request_that_is_under_way_is_answered_at_the_end(site, directus, ada):
    directus.takes(2, "/auth/login")
    browser = Browser(site.port)
    pages = []
    form = {"email": ada.email, "password": ada.password}
    asked = threading.Thread(
        target=lambda: pages.append(browser.post("/login/", **form))
    )
    asked.start()
    assert wait_until(lambda: directus.calls_to("/auth/login"), seconds=PATIENCE)

    os.kill(site.pid, signal.SIGTERM)
    asked.join()

    assert pages[0].status == 302
    assert wait_until(lambda: not site.is_running(), seconds=PATIENCE)


def test_workers_can_be_added_and_taken_away(site):
    os.kill(site.pid, signal.SIGTTIN)
    assert wait_until(lambda: len(site.workers()) == 3, seconds=PATIENCE)

    os.kill(site.pid, signal.SIGTTOU)
    assert wait_until(lambda: len(site.workers()) == 2, seconds=PATIENCE)
    assert site.answers()


def test_an_interrupt_ends_it_too(site):
    os.kill(site.pid, signal.SIGINT)

    assert wait_until(lambda: not site.is_running(), seconds=PATIENCE)
