"""Directus takes every request and answers none; the site goes on answering.

A real server with one process of sixteen threads. While sixty visitors wait for
Directus, a static file and a page of a signed-in user come at once.
"""

import hmac
import http.client
import json
import re
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import pytest

from tests.fake_directus import FakeDirectus
from tests.on_wire.directus import DirectusServer
from tests.on_wire.site import Browser, Site

pytestmark = pytest.mark.alone

MANY = 60
SECRET = "s" * 40
PASSWORD = "correct horse battery"
# Directus is waited for five to ten seconds. Less than that is the time that sixty
# pages take on a busy machine.
AT_ONCE = 4.5
READS = 10
# All but the first one, which signs in before them.
OTHERS = (
    "user_id IS NOT NULL AND id > "
    "(SELECT MIN(id) FROM accounts_session WHERE user_id IS NOT NULL)"
)


@pytest.fixture(scope="module")
def directus_server():
    with DirectusServer() as server:
        yield server


@pytest.fixture(scope="module")
def fake(directus_server) -> FakeDirectus:
    return directus_server.start_again()


@pytest.fixture(scope="module")
def site(directus_server, fake, tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"), directus_server.url, "", "")
    site.env |= {
        "WEB_WORKERS": "1",
        "DIRECTUS_TOTAL_TIMEOUT": "8",
        "DIRECTUS_REQUEST_TIMEOUT": "10",
        "DIRECTUS_SERVICE_TOKEN": fake.add_service_user(),
        "DIRECTUS_WEBHOOK_SECRET": SECRET,
    }
    site.make_tables()
    yield site
    site.stop()
    assert "Traceback" not in site.log.read_text()


@pytest.fixture
def hanging(site, fake, directus_server):
    """Two signed-in users, and a Directus that hangs from then on."""
    # Anew: the breaker remembers the last storm.
    site.start()
    site.wait()
    change(site, "DELETE FROM accounts_session")
    people = [signed_in(site, fake) for _ in range(2)]
    directus_server.released.clear()
    directus_server.hold("*")
    yield people
    directus_server.release(drop=True)
    site.stop()
    directus_server.drops = False


def signed_in(site, fake):
    browser = Browser(site.port)
    browser.sign_in(fake.add_user(f"{uuid4()}@example.com"))
    return browser


def change(site, statement):
    path = urlsplit(site.database).path
    with closing(sqlite3.connect(path, timeout=20)) as database, database:
        database.execute(statement)


def age(site, *columns):
    """Put columns of the sessions of all others seventy seconds back."""
    moved = ", ".join(f"{name} = datetime('now', '-70 seconds')" for name in columns)
    change(site, f"UPDATE accounts_session SET {moved} WHERE {OTHERS}")


# The steps of a visitor of a storm


def form(path, **fields):
    """Return a function that sends a form; each time from another address."""

    def send(site, browser, number):
        own = Browser(site.port, dict(browser.cookies))
        data = {name: value.format(number) for name, value in fields.items()}
        body = urlencode(data | {"csrfmiddlewaretoken": browser.token})
        return own._ask("POST", path, body).status

    return send


def page(path):
    def fetch(site, browser, number):
        return Browser(site.port, dict(browser.cookies)).get(path).status

    return fetch


def webhook(site, browser, number):
    body = json.dumps({"event": "users.update", "keys": [browser.user_id]})
    now = str(int(time.time()) - number)
    signature = hmac.new(SECRET.encode(), f"{now}.{body}".encode(), "sha256")
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    with closing(connection):
        headers = {
            "Host": f"localhost:{site.port}",
            "Content-Type": "application/json",
            "X-Webhook-Timestamp": now,
            "X-Webhook-Signature": signature.hexdigest(),
        }
        connection.request("POST", "/webhooks/directus/", body, headers)
        return connection.getresponse().status


SIGN_IN = form("/login/", email="a{}@example.com", password=PASSWORD)
STORMS = {
    "sign-ins": SIGN_IN,
    "sign-ups": form(
        "/register/",
        email="b{}@example.com",
        password="Tr0ub4dor and 3 horses",
        first_name="A",
        last_name="B",
    ),
    "resets": form("/request-reset-password/", email="c{}@example.com"),
    "confirmations": form("/verify-email/"),
    "pages that are due": page("/"),
    "renewals": page("/profile/"),
    "profiles": form("/account/", first_name="New {}", last_name="Name"),
    "pictures": page("/account/picture/"),
    "readiness": page("/readyz"),
    "webhook": webhook,
}
VISITORS = {"sign-ins", "sign-ups", "resets", "confirmations"}


@pytest.mark.parametrize("kind", STORMS)
def test_a_storm_leaves_threads_for_other_visitors(
    hanging, site, directus_server, kind
):
    reader, other = hanging
    browser = Browser(site.port) if kind in VISITORS else other
    prepare(site, browser, kind)

    with ThreadPoolExecutor(MANY) as visitors:
        storm = [
            visitors.submit(STORMS[kind], site, browser, number)
            for number in range(MANY)
        ]
        times = read_meanwhile(site, reader)
        directus_server.release(drop=True)

    assert 500 not in {visit.result() for visit in storm}
    assert max(times) < AT_ONCE


def test_all_storms_at_once_leave_threads_for_other_visitors(
    hanging, site, directus_server
):
    reader, other = hanging
    visitor = Browser(site.port)
    for kind in STORMS:
        prepare(site, visitor if kind in VISITORS else other, kind)

    with ThreadPoolExecutor(MANY) as visitors:
        storm = [
            visitors.submit(visit, site, visitor if kind in VISITORS else other, number)
            for number in range(MANY // len(STORMS))
            for kind, visit in STORMS.items()
        ]
        times = read_meanwhile(site, reader)
        directus_server.release(drop=True)

    assert 500 not in {visit.result() for visit in storm}
    assert max(times) < AT_ONCE


def prepare(site, browser, kind):
    """Give a browser the form's token, and age its session as the test needs."""
    link = "/verify-email/?token=aaa.bbb.ccc"
    first = browser.get(link if kind == "confirmations" else "/register/")
    path = first.location or "/"
    shown = first.text or browser.get(path).text
    browser.token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', shown)[1]
    browser.user_id = str(uuid4())
    if kind in {"pages that are due", "profiles"}:
        age(site, "validated_at")
    if kind == "renewals":
        age(site, "access_expires_at")
    if kind == "pictures":
        change(site, f"UPDATE accounts_user SET picture_id = '{uuid4().hex}'")


def read_meanwhile(site, reader):
    """Fetch a file and a page some times; return how long each took."""
    times = []
    for _ in range(READS):
        for path in ("/static/site.css", "/"):
            began = time.monotonic()
            status = Browser(site.port, dict(reader.cookies)).get(path).status
            times.append(time.monotonic() - began)
            assert status == 200, path
        time.sleep(0.05)
    return times
