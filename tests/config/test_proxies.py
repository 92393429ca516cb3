"""The site behind nginx and Caddy, set up as in deploy/."""

import contextlib
import http.client
import io
import json
import os
import re
import secrets
import signal
import threading
import time
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest
from django.conf import settings
from PIL import Image

from items.uploads import Files
from local import proxies
from local.ports import Ports
from tests.on_wire.directus import DirectusServer
from tests.on_wire.site import Site
from tests.on_wire.urls import STREAMED_LINES

from .proxied import NAME, VISITOR, behind, caddy, nginx

pytestmark = pytest.mark.alone

BOUNDARY = "a-boundary"
CHANGE = "/account/picture/change/"
MANY = 60


@pytest.fixture(scope="module")
def directus_server():
    with DirectusServer() as server:
        yield server


@pytest.fixture
def directus(directus_server):
    """The Directus of one test, instead of the one in memory."""
    return directus_server.start_again()


@pytest.fixture(scope="module", params=[nginx, caddy])
def running(request, directus_server, tmp_path_factory):
    proxies.fetch()
    if proxies.path_of(request.param.__name__) is None:
        pytest.skip(f"{request.param.__name__} is not installed")
    folder, ports = tmp_path_factory.mktemp("site"), Ports.free()
    directus_server.start_again()
    site = Site(folder, directus_server.url, "", "")
    site.env |= {
        "PUBLIC_URL": f"https://{NAME}:{ports.site}",
        "DJANGO_SETTINGS_MODULE": "tests.on_wire.collected",
        "STATIC_ROOT": str(folder / "static"),
    }
    site.env.pop("DJANGO_ALLOWED_HOSTS")
    site.make_tables()
    site.manage("collectstatic", "--no-input")
    site.start()
    with behind(request.param, site, folder, ports) as proxied:
        yield proxied
    site.stop()
    log = site.log.read_text()
    assert log.count("Traceback") == log.count("OSError: a stream that breaks off")


@pytest.fixture
def proxied(running, directus):
    """The site behind a proxy, for a browser that has no cookies yet."""
    running.cookies = SimpleCookie()
    return running


def picture():
    """Return a file of nearly two megabytes."""
    noise = Image.effect_noise((1390, 1390), 100)
    file = io.BytesIO()
    noise.save(file, "PNG", compress_level=0)
    assert 1_900_000 < len(file.getvalue()) < 2 * 1024 * 1024
    return file.getvalue()


def upload(token, content):
    """Return the body of a form with a file."""
    head = (
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
        f'name="csrfmiddlewaretoken"\r\n\r\n{token}\r\n--{BOUNDARY}\r\n'
        'Content-Disposition: form-data; name="picture"; filename="a.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def test_the_site_works_behind_it(proxied, ada):
    answer = proxied.sign_in(ada, **{"X-Forwarded-For": "192.0.2.1"})

    assert (answer.status, answer.headers["Location"]) == (302, "/")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert all(name.startswith("__Host-") for name in proxied.cookies)
    said = [
        json.loads(line)
        for line in proxied.site.log.read_text().splitlines()
        if '"sign_in.done"' in line
    ]
    assert {line["address"] for line in said} == {VISITOR}


def test_uploads_pass_up_to_the_limits_of_the_site(proxied, ada):
    proxied.sign_in(ada)
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    kind["Origin"] = f"https://{proxied.host}"

    def send(content):
        body = upload(proxied.token("/account/"), content)
        return proxied.ask("POST", CHANGE, body, **kind)

    # The site itself accepted the file; Directus' answer does not matter.
    saved = send(picture())
    assert saved.headers["X-Request-ID"]
    assert saved.status in {200, 302}
    # As much as any view takes by default: the answer is a page of the site.
    most = Files().most_together + settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    refused = send(b"x" * (most - 1000))
    assert (refused.status, bool(refused.headers["X-Request-ID"])) == (413, True)
    assert send(b"x" * 13_000_000).status == 413


@pytest.mark.parametrize("path", ["/readyz", "//readyz", "/%72eadyz", "/metrics"])
def test_figures_for_operators_are_closed_to_visitors(proxied, path):
    assert proxied.ask("GET", path).status == 404


def test_browsers_keep_static_files(proxied):
    [path] = re.findall(
        r'href="(/static/[^"]+\.css)"', proxied.ask("GET", "/login/").text
    )[:1]

    file = proxied.ask("GET", path, **{"Accept-Encoding": "identity"})

    assert file.status == 200
    assert file.headers["Cache-Control"] == "max-age=315360000, public, immutable"


def test_a_download_arrives_whole_also_at_a_slow_client(proxied):
    with proxied.connect() as connection:
        head = f"GET /stream/ HTTP/1.1\r\nHost: {proxied.host}\r\n"
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        content = answer.read(10_000)
        time.sleep(5)
        content += answer.read()

    assert len(content.split()) == STREAMED_LINES


def test_nginx_breaks_off_a_download_that_broke_off(proxied):
    if proxied.name == "caddy":
        # As docs/deploying.md says: Caddy 2.6 ends it as if it were whole.
        assert len(proxied.ask("GET", "/stream/?broken").text.split()) < STREAMED_LINES
        return
    with pytest.raises(http.client.IncompleteRead):
        proxied.ask("GET", "/stream/?broken")


def test_a_reload_and_a_recycled_worker_fail_no_request(proxied):
    is_done, answers = threading.Event(), []

    def visit():
        while not is_done.is_set():
            form = {"email": "nobody@example.com", "password": "x"}
            answers.append(proxied.ask("GET", "/login/").status)
            # Without its token a form is refused; a proxy repeats no POST.
            answers.append(proxied.ask("POST", "/login/", urlencode(form)).status)

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    os.kill(proxied.site.pid, signal.SIGHUP)
    time.sleep(4)
    os.kill(int(proxied.site.workers()[0]), signal.SIGTERM)
    time.sleep(4)
    is_done.set()
    for thread in threads:
        thread.join()

    assert set(answers) == {200, 403}


def test_the_proxy_names_the_request_and_no_visitor_does(proxied, directus):
    user = directus.add_user("named@example.com")
    trace = secrets.token_hex(16)
    of_visitor = {"X-Request-ID": "of-a-visitor"}

    answer = proxied.sign_in(
        user, **of_visitor, traceparent=f"00-{trace}-{trace[:16]}-01"
    )

    # Ids of the site have 16 letters.
    assert re.fullmatch("[0-9a-f-]{32,36}", answer.headers["X-Request-ID"])
    log = proxied.site.log.read_text()
    assert answer.headers["X-Request-ID"] in log
    assert trace not in log


def test_plain_http_is_sent_to_https(proxied):
    connection = http.client.HTTPConnection("127.0.0.1", proxied.ports.mail, timeout=9)
    with contextlib.closing(connection):
        connection.request("GET", "/login/?next=/", headers={"Host": NAME})
        answer = connection.getresponse()

    assert answer.status in {301, 308}
    assert answer.headers["Location"].startswith(f"https://{NAME}")
    assert answer.headers["Location"].endswith("/login/?next=/")


@pytest.mark.parametrize(
    "begin",
    [
        b"GET /login/ HTTP/1.1\r\nX-Slow: ",
        b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 9999\r\n\r\n",
    ],
    ids=["head", "body"],
)
def test_slow_clients_keep_no_other_client_waiting(proxied, begin):
    stopped = threading.Event()

    def send():
        with contextlib.suppress(OSError), proxied.connect() as connection:
            connection.sendall(begin)
            while not stopped.wait(0.5):
                connection.sendall(b"x")

    threads = [threading.Thread(target=send) for _ in range(MANY)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    took = []
    for _ in range(5):
        began = time.monotonic()
        assert proxied.ask("GET", "/login/").status == 200
        took.append(time.monotonic() - began)
    stopped.set()
    for thread in threads:
        thread.join()

    assert max(took) < 3, took
