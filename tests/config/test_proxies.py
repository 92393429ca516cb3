"""The site behind nginx and Caddy, set up as in deploy/."""

import contextlib
import http.client
import io
import json
import os
import re
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image

from local.ports import Ports
from local.processes import Process, wait_until
from local.proxies import path_of
from tests.on_wire.directus import DirectusServer
from tests.on_wire.site import Site

pytestmark = pytest.mark.alone

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
NAME = "www.example.com"
VISITOR = "127.0.0.2"
BOUNDARY = "a-boundary"
CHANGE = "/account/picture/change/"
MANY = 60


def write_certificate(folder):
    """Write a certificate of its own authority; return its path and that of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "site.pem", folder / "site.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, private


def nginx(folder, site_port, ports, certificate):
    pem, key = certificate
    text = (DEPLOY / "nginx.conf").read_text()
    for old, new in {
        "listen 80": f"listen 127.0.0.1:{ports.mail}",
        "listen 443": f"listen 127.0.0.1:{ports.site}",
        "127.0.0.1:8000": f"127.0.0.1:{site_port}",
        f"https://{NAME}$": f"https://{NAME}:{ports.site}$",
        f"/etc/ssl/{NAME}.pem": str(pem),
        f"/etc/ssl/{NAME}.key": str(key),
    }.items():
        assert old in text
        text = text.replace(old, new)
    config = folder / "nginx.conf"
    # Its workers write to this folder, too.
    user = "user root; " if os.geteuid() == 0 else ""
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config.write_text(
        f"{user}daemon off; pid {folder}/pid; error_log stderr;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{paths}{text}}}\n"
    )
    return [path_of("nginx"), "-p", folder, "-e", "stderr", "-c", config]


def caddy(folder, site_port, ports, certificate):
    pem, key = certificate
    text = (DEPLOY / "Caddyfile").read_text()
    options = f"{{\n\tadmin off\n\thttp_port {ports.mail}\n\thttps_port {ports.site}\n"
    for old, new in {
        "{\n\tservers": f"{options}\tservers",
        "127.0.0.1:8000": f"127.0.0.1:{site_port}",
        f"\n{NAME} {{": f"\n{NAME} {{\n\tbind 127.0.0.1\n\ttls {pem} {key}",
    }.items():
        assert old in text
        text = text.replace(old, new, 1)
    config = folder / "Caddyfile"
    config.write_text(text)
    return [path_of("caddy"), "run", "--config", config, "--adapter", "caddyfile"]


class Proxied:
    """The site behind a proxy, and one visitor's browser."""

    def __init__(self, site, ports, certificate):
        self.site, self.ports = site, ports
        self.tls = ssl.create_default_context(cafile=certificate[0])
        self.cookies = SimpleCookie()
        self.host = f"{NAME}:{ports.site}"

    def connect(self):
        """Open a connection, as if the name were in the DNS."""
        plain = socket.create_connection(
            ("127.0.0.1", self.ports.site), 30, source_address=(VISITOR, 0)
        )
        return self.tls.wrap_socket(plain, server_hostname=NAME)

    def ask(self, method, path, body=None, **headers):
        """Return the answer to a request, with its text."""
        connection = http.client.HTTPConnection(NAME)
        connection.sock = self.connect()
        with contextlib.closing(connection):
            cookies = "; ".join(f"{c.key}={c.value}" for c in self.cookies.values())
            usual = {"Host": self.host, "Cookie": cookies}
            connection.request(method, path, body, usual | headers)
            answer = connection.getresponse()
            answer.text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            self.cookies.load(cookie)
        return answer

    def token(self, path):
        """Return the token of the forms of a page."""
        page = self.ask("GET", path).text
        return re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)[1]

    def sign_in(self, user, **headers):
        form = {"email": user.email, "password": user.password}
        form["csrfmiddlewaretoken"] = self.token("/login/")
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        origin = {"Origin": f"https://{self.host}"}
        return self.ask("POST", "/login/", urlencode(form), **kind, **origin, **headers)


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
    command = request.param
    if path_of(command.__name__) is None:
        pytest.skip(f"{command.__name__} is not installed")
    tmp_path, ports = tmp_path_factory.mktemp("site"), Ports.free()
    directus_server.start_again()
    certificate = write_certificate(tmp_path)
    site = Site(tmp_path, directus_server.url, "", "")
    site.env["PUBLIC_URL"] = f"https://{NAME}:{ports.site}"
    site.env.pop("DJANGO_ALLOWED_HOSTS")
    site.manage("migrate", "--no-input")
    site.start()
    proxy = Process(
        command.__name__,
        command(tmp_path, site.port, ports, certificate),
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(tmp_path)},
        cwd=tmp_path,
        log=tmp_path / "proxy.log",
    )
    proxied = Proxied(site, ports, certificate)

    def answers():
        with contextlib.suppress(OSError, http.client.HTTPException):
            return proxied.ask("GET", "/healthz").status == 200
        return False

    assert wait_until(answers, seconds=60, running=proxy), proxy.last_words(20)
    yield proxied
    proxy.stop()
    site.stop()
    assert "Traceback" not in site.log.read_text()


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
    assert [line["address"] for line in said] == [VISITOR]
    assert proxied.ask("GET", "/readyz").status == 404
    assert proxied.ask("GET", "/metrics").status == 404
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    body = upload(proxied.token("/account/"), picture())
    kind["Origin"] = f"https://{proxied.host}"
    saved = proxied.ask("POST", CHANGE, body, **kind)
    # The site itself accepted the file; Directus' answer does not matter.
    assert saved.headers["X-Request-ID"]
    assert saved.status in {200, 302}
    too_large = upload(proxied.token("/account/"), b"x" * 4_000_000)
    assert proxied.ask("POST", CHANGE, too_large, **kind).status == 413


def test_the_proxy_names_the_request_and_no_visitor_does(proxied):
    answer = proxied.ask("GET", "/login/", **{"X-Request-ID": "of-a-visitor"})

    # Ids of the site have 16 letters.
    assert re.fullmatch("[0-9a-f-]{32,36}", answer.headers["X-Request-ID"])


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
