"""The server alone, without a proxy in front: clients that send slowly, or half."""

import contextlib
import http.client
import socket
import threading
import time
from pathlib import Path

import pytest

from tests.on_wire.site import Browser, Site

pytestmark = pytest.mark.alone

HEAD = b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
MANY = 60


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    site = Site(folder, "http://127.0.0.1:1", "", "")
    site.env["ACCESS_LOG"] = "on"
    with site.serving():
        yield site


@contextlib.contextmanager
def slow_clients(port, begin):
    """Let many clients send one byte after another, and begin again when cut off."""
    stopped = threading.Event()

    def send():
        while not stopped.is_set():
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", port)) as connection,
            ):
                connection.sendall(begin)
                while not stopped.wait(0.3):
                    connection.sendall(b"x" if begin else b"")

    threads = [threading.Thread(target=send) for _ in range(MANY)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    yield
    stopped.set()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(
    "begin",
    [b"", b"GET /login/ HTTP/1.1\r\nX-Slow: ", HEAD + b"Content-Length: 9999\r\n\r\n"],
    ids=["silent", "head", "body"],
)
def test_slow_clients_keep_others_waiting_for_seconds_at_most(site, begin):
    browser = Browser(site.port)
    took = []
    with slow_clients(site.port, begin):
        for _ in range(5):
            began = time.monotonic()
            assert browser.get("/login/").status == 200
            took.append(time.monotonic() - began)

    # Without a bound: until the slow clients give up.
    assert max(took) < 10, took


def test_half_a_form_is_not_taken_for_a_whole_one(site):
    with socket.create_connection(("127.0.0.1", site.port)) as connection:
        head = HEAD.replace(b"text/plain", b"application/x-www-form-urlencoded")
        connection.sendall(head + b"Content-Length: 99\r\n\r\nemail=ada")
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(100)

    assert b" 403 " in answer or b" 400 " in answer


def test_a_connection_is_kept_for_the_next_request(site):
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    with contextlib.closing(connection):
        for _ in range(3):
            connection.request("POST", "/login/", b"x" * 5000)
            first = connection.sock
            response = connection.getresponse()
            response.read()
            assert response.status == 403
        assert connection.sock is first


@pytest.mark.parametrize("size", [100_000, 1_000_000, 10_000_000])
def test_a_refused_upload_gets_its_answer_before_the_connection_closes(site, size):
    head = HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % size
    with socket.create_connection(("127.0.0.1", site.port), timeout=20) as connection:
        connection.sendall(head)
        # The answer is there, and lost if the connection is reset now.
        time.sleep(0.3)
        connection.sendall(b"x" * size)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"</html>" in answer


def test_a_slow_upload_that_has_a_thread_to_spare_arrives(site):
    with socket.create_connection(("127.0.0.1", site.port), timeout=20) as connection:
        connection.sendall(HEAD + b"Content-Length: 10\r\n\r\n")
        for _ in range(10):
            time.sleep(0.4)
            connection.sendall(b"x")
        answer = connection.recv(100)

    assert b" 403 " in answer


def test_the_master_knows_nothing_of_the_site():
    """Otherwise a reload would keep the old settings."""
    source = (
        Path("config/patience.py").read_text()
        + Path("config/environment.py").read_text()
    )

    assert "settings" not in source.replace("The settings", "")
