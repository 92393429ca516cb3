"""The example files of nginx and Caddy, with free ports and a certificate."""

import contextlib
import http.client
import re
import socket
import ssl
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from local import proxies
from local.paths import ROOT
from local.processes import Process, wait_until

DEPLOY = ROOT / "deploy"
NAME = "www.example.com"
VISITOR = "127.0.0.2"


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
    """Return the command of nginx with the example file and free ports."""
    pem, key = certificate
    text = _changed(
        (DEPLOY / "nginx.conf").read_text(),
        {
            "listen 80": f"listen 127.0.0.1:{ports.mail}",
            "listen 443": f"listen 127.0.0.1:{ports.site}",
            "127.0.0.1:8000": f"127.0.0.1:{site_port}",
            f"https://{NAME}$": f"https://{NAME}:{ports.site}$",
            f"/etc/ssl/{NAME}.pem": str(pem),
            f"/etc/ssl/{NAME}.key": str(key),
        },
    )
    return proxies.nginx(folder, text)


def caddy(folder, site_port, ports, certificate):
    """Return the command of Caddy with the example file and free ports."""
    pem, key = certificate
    options = f"{{\n\tadmin off\n\thttp_port {ports.mail}\n\thttps_port {ports.site}\n"
    text = _changed(
        (DEPLOY / "Caddyfile").read_text(),
        {
            "{\n\tservers": f"{options}\tservers",
            "127.0.0.1:8000": f"127.0.0.1:{site_port}",
            f"\n{NAME} {{": f"\n{NAME} {{\n\tbind 127.0.0.1\n\ttls {pem} {key}",
        },
    )
    return proxies.caddy(folder, text)


def _changed(text, changes):
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


class Proxied:
    """The site behind a proxy, and one visitor's browser."""

    def __init__(self, name, site, ports, certificate):
        self.name, self.site, self.ports = name, site, ports
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


@contextlib.contextmanager
def behind(command, site, folder, ports):
    """Start a proxy before a running site; yield one visitor's browser."""
    certificate = write_certificate(folder)
    proxy = Process(
        command.__name__,
        command(folder, site.port, ports, certificate),
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder)},
        cwd=folder,
        log=folder / "proxy.log",
    )
    proxied = Proxied(command.__name__, site, ports, certificate)

    def answers():
        with contextlib.suppress(OSError, http.client.HTTPException):
            return proxied.ask("GET", "/healthz").status == 200
        return False

    try:
        assert wait_until(answers, seconds=60, running=proxy), proxy.last_words(20)
        yield proxied
    finally:
        proxy.stop()
