"""Limits hold over any number of processes."""

import http.client
import re
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from tests.on_wire.directus import DirectusServer
from tests.on_wire.site import Site, put_into_past

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def directus_server():
    with DirectusServer() as server:
        yield server


@pytest.fixture
def directus(directus_server):
    """The Directus of one test, instead of the one in memory."""
    return directus_server.start_again()


@pytest.fixture
def hanging(directus, site):
    """A Directus that hangs: afterwards, no process of the site remembers it."""
    yield directus
    site.stop()
    site.start()
    site.wait()


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
    with site.serving():
        yield site


class Form:
    """A form, sent from as many addresses as one likes."""

    def __init__(self, site, path="/login/"):
        self._site = site
        self._path = path
        page, headers = self._ask("GET", "", {})
        self._cookie = headers["Set-Cookie"].partition(";")[0]
        self._token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)[1]

    def send(self, number, email, password=""):
        """Send the form from an address of its own; return the status."""
        return self.answer(number, email, password).status

    def answer(self, number, email, password=""):
        """Send the form; return the headers of the answer, with its status."""
        names = {"first_name": "A", "last_name": "B"}
        form = {"email": email, "password": password, **names}
        body = urlencode(form | {"csrfmiddlewaretoken": self._token})
        headers = {
            "Cookie": self._cookie,
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Forwarded-For": f"198.51.100.{number}",
        }
        return self._ask("POST", body, headers)[1]

    def read(self):
        """Read the page with the form."""
        assert self._ask("GET", "", {})[1].status == 200

    def _ask(self, method, body, headers):
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._site.port, timeout=30
        )
        headers = {"Host": f"localhost:{self._site.port}"} | headers
        connection.request(method, self._path, body, headers)
        response = connection.getresponse()
        page = response.read().decode()
        response.headers.status = response.status
        connection.close()
        return page, response.headers


def send_at_once(form, count, email, password=""):
    with ThreadPoolExecutor(count) as pool:
        jobs = [pool.submit(form.send, n, email, password) for n in range(count)]
        return [job.result() for job in jobs]


def test_of_fifty_wrong_passwords_at_once_five_reach_directus(site, directus):
    directus.add_user("victim@example.com")
    directus.takes(0.2, "/auth/login", times=50)

    statuses = send_at_once(Form(site), 50, "victim@example.com", "wrong")

    assert len(directus.calls_to("/auth/login")) == 5
    assert sorted(statuses) == [200] * 5 + [429] * 45


def test_of_nine_right_passwords_at_once_none_is_refused(site, directus):
    """Only failures use a limit up; an attempt waits for those without an outcome.

    Five are under way, and four may wait even if one process gets them all.
    """
    user = directus.add_user("ada@example.com")

    statuses = send_at_once(Form(site), 9, user.email, user.password)

    assert statuses == [302] * 9
    assert user.status == "active"


def test_of_thirty_resets_at_once_five_are_mailed(site, directus):
    directus.state.site_url = f"http://localhost:{site.port}"
    directus.add_user("bombed@example.com")
    directus.takes(0.2, "/auth/password/request", times=30)

    statuses = send_at_once(
        Form(site, "/request-reset-password/"), 30, "bombed@example.com"
    )

    assert len(directus.mails) == 5
    assert statuses.count(302) == 5
    # A process that has too many of them to answer in a fixed time says 503.
    assert set(statuses) <= {302, 429, 503}


def test_of_thirty_sign_ups_at_once_five_at_most_are_mailed(site, directus):
    directus.state.site_url = f"http://localhost:{site.port}"
    directus.state.registrations_a_minute = 100
    directus.takes(0.2, "/users/register", times=30)

    statuses = send_at_once(
        Form(site, "/register/"), 30, "signed-up@example.com", "correct horse battery"
    )

    # A process that has too many of them at once says 503, and counts them not.
    assert set(statuses) <= {302, 429, 503}
    assert 1 <= statuses.count(302) == len(directus.mails) <= 5


def test_sign_ins_that_wait_for_others_leave_threads_for_pages(site, hanging):
    """More of them than the site has threads; Directus hangs."""
    user = hanging.add_user("hanging@example.com")
    hanging.takes(7, "/auth/login", times=5)
    form = Form(site)

    with ThreadPoolExecutor(100) as pool:
        jobs = [pool.submit(form.answer, n, user.email, "wrong") for n in range(100)]
        wait_until(lambda: len(hanging.calls_to("/auth/login")) == 5)
        form.read()
        still_hang = sum(not job.done() for job in jobs)
        answers = [job.result() for job in jobs]

    assert still_hang >= 5
    # A process that has too many of them says 503.
    refused = [answer for answer in answers if answer.status in {429, 503}]
    assert len(refused) >= 95
    assert all(int(answer["Retry-After"]) > 0 for answer in refused)


def test_killed_workers_leave_nothing_to_wait_for(site, hanging):
    user = hanging.add_user("killed@example.com")
    hanging.takes(8, "/auth/login", times=5)
    form = Form(site)
    with ThreadPoolExecutor(5) as pool:
        jobs = [pool.submit(form.send, n, user.email, "wrong") for n in range(5)]
        wait_until(lambda: len(hanging.calls_to("/auth/login")) == 5)
        site.kill_workers()
        assert all(job.exception() for job in jobs)
    site.wait()
    put_into_past(site.database, "in_flight_until", table="accounts_attempts")

    answer = form.answer(6, user.email, user.password)

    # They may have failed, and count as if they had.
    assert answer.status == 429
    assert 60 < int(answer["Retry-After"]) <= 300


def wait_until(is_so):
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)
