"""Limits hold over any number of processes. Control C-BF-8."""

import http.client
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from tests.on_wire.directus import DirectusServer
from tests.on_wire.site import Site


@pytest.fixture(scope="module")
def directus_server():
    server = DirectusServer()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def directus(directus_server):
    """The Directus of one test, instead of the one in memory."""
    return directus_server.start_again()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(request, directus_server, tmp_path_factory):
    """The site with four workers, behind a proxy that names the visitors' addresses."""
    database = ""
    if request.param == "postgresql":
        database = request.getfixturevalue("postgres_url")
    directus_server.start_again()
    site = Site(tmp_path_factory.mktemp("site"), directus_server.url, database, "")
    site.env |= {
        "WEB_WORKERS": "4",
        "WEB_THREADS": "16",
        "TRUSTED_PROXIES": "127.0.0.1",
        "DIRECTUS_TOTAL_TIMEOUT": "8",
    }
    site.manage("migrate", "--no-input")
    site.start()
    site.wait()
    yield site
    site.stop()
    assert "Traceback" not in site.log.read_text()


class Form:
    """The sign-in form, sent from as many addresses as one likes."""

    def __init__(self, site):
        self._site = site
        page, headers = self._ask("GET", "", {})
        self._cookie = headers["Set-Cookie"].partition(";")[0]
        self._token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)[1]

    def send(self, number, email, password):
        """Send the form from an address of its own; return the status."""
        form = {"email": email, "password": password}
        body = urlencode(form | {"csrfmiddlewaretoken": self._token})
        headers = {
            "Cookie": self._cookie,
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Forwarded-For": f"198.51.100.{number}",
        }
        return self._ask("POST", body, headers)[1].status

    def _ask(self, method, body, headers):
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._site.port, timeout=30
        )
        headers = {"Host": f"localhost:{self._site.port}"} | headers
        connection.request(method, "/login/", body, headers)
        response = connection.getresponse()
        page = response.read().decode()
        response.headers.status = response.status
        connection.close()
        return page, response.headers


def send_at_once(form, count, email, password):
    with ThreadPoolExecutor(count) as pool:
        jobs = [pool.submit(form.send, n, email, password) for n in range(count)]
        return [job.result() for job in jobs]


def test_of_fifty_wrong_passwords_at_once_five_reach_directus(site, directus):
    directus.add_user("victim@example.com")
    directus.takes(0.2, "/auth/login", times=50)

    statuses = send_at_once(Form(site), 50, "victim@example.com", "wrong")

    assert len(directus.calls_to("/auth/login")) == 5
    assert sorted(statuses) == [200] * 5 + [429] * 45


def test_of_twelve_right_passwords_at_once_none_is_refused(site, directus):
    """Only failures use a limit up; who is not known to fail yet is waited for."""
    user = directus.add_user("ada@example.com")

    statuses = send_at_once(Form(site), 12, user.email, user.password)

    assert statuses == [302] * 12
    assert user.status == "active"
