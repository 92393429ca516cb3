"""Mails survive a killed server, and a mail server that hangs holds up no page."""

import os
import signal
import sqlite3
import time
from urllib.parse import urlsplit

import pytest

from local.processes import wait_until
from tests.on_wire.directus import DirectusServer
from tests.on_wire.site import Browser, Site, put_into_past
from tests.smtp_server import SmtpServer, silent_server

PATIENCE = 60


@pytest.fixture
def directus_server():
    with DirectusServer() as server:
        yield server


@pytest.fixture
def directus(directus_server):
    """The Directus of one test, instead of the one in memory."""
    return directus_server.start_again()


@pytest.fixture
def server():
    """A mail server that does not run yet."""
    server = SmtpServer()
    yield server
    server.stop()


@pytest.fixture
def site(directus, directus_server, tmp_path, server):
    site = Site(tmp_path, directus_server.url, "", "")
    site.env["EMAIL_URL"] = f"smtp://127.0.0.1:{server.port}"
    with site.serving():
        yield site


def waiting(site, condition="given_up_at IS NULL"):
    """Return how many mails wait."""
    database = sqlite3.connect(urlsplit(site.database).path, timeout=5)
    query = f"SELECT count(*) FROM accounts_outgoingmail WHERE {condition}"
    (count,) = database.execute(query).fetchone()
    database.close()
    return count


def get_mails(site, ada, number):
    """Cause mails: of sign-ins from browsers that are new."""
    Browser(site.port).sign_in(ada)
    for _ in range(number):
        Browser(site.port).sign_in(ada)


def test_mails_survive_a_killed_server(site, server, ada):
    get_mails(site, ada, 3)
    assert waiting(site) == 3
    os.killpg(site.pid, signal.SIGKILL)
    assert wait_until(lambda: not site.is_running(), seconds=PATIENCE)

    server.start()
    site.start()
    site.wait()

    assert wait_until(lambda: len(server.mails) == 3, seconds=PATIENCE)
    assert wait_until(lambda: not waiting(site), seconds=PATIENCE)
    assert len({mail["Message-ID"] for mail in server.mails}) == 3


def test_a_mail_in_the_hands_of_a_killed_worker_is_sent_again(site, server, ada):
    server.seconds = 5
    server.start()
    get_mails(site, ada, 1)
    assert wait_until(lambda: waiting(site, "tries = 1"), seconds=PATIENCE)

    site.kill_workers()
    server.seconds = 0
    # As if the lease were over.
    put_into_past(site.database, "next_try_at", table="accounts_outgoingmail")

    assert wait_until(lambda: not waiting(site), seconds=PATIENCE)
    assert len({mail["Message-ID"] for mail in server.mails}) == 1


def test_a_mail_in_hand_is_finished_at_the_end(site, server, ada):
    server.seconds = 2
    server.start()
    get_mails(site, ada, 1)
    assert wait_until(lambda: waiting(site, "tries = 1"), seconds=PATIENCE)

    os.kill(site.pid, signal.SIGTERM)

    assert wait_until(lambda: not site.is_running(), seconds=PATIENCE)
    assert len(server.mails) == 1
    assert waiting(site) == 0


def test_a_mail_server_that_hangs_holds_up_no_page(
    directus, directus_server, tmp_path, ada
):
    site = Site(tmp_path, directus_server.url, "", "")
    with silent_server() as port:
        site.env["EMAIL_URL"] = f"smtp://127.0.0.1:{port}"
        with site.serving():
            get_mails(site, ada, 2)
            browsers = [Browser(site.port) for _ in range(8)]
            began = time.monotonic()
            for browser in browsers:
                browser.sign_in(ada)
            seconds = time.monotonic() - began
            assert waiting(site) == 10

            os.kill(site.pid, signal.SIGTERM)
            assert wait_until(lambda: not site.is_running(), seconds=18)

    # A time-out of the mail server alone is 20.
    assert seconds < 15
