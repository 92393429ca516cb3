"""TLS certificates are verified. The tests make new certificates in each run."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from accounts.directus import DirectusClient, DirectusUnavailable, Transport
from accounts.operations.doctor import tls as doctor_tls
from accounts.operations.doctor.site import Site
from tests.fault_server import data, hangs, says, says_and_closes

from .calls import ADA, AUTH, CALLS, TOKENS, at_most

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def certificate(key, *, issuer=None, issuer_key=None, host="127.0.0.1", ends=NOW + DAY):
    """Return a certificate; without an issuer it is its own authority."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"test {host}")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 10 * DAY)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(issuer is None, None), critical=True)
    )
    authority_key = issuer_key or key
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(
        authority_key.public_key()
    )
    builder = builder.add_extension(identifier, critical=False)
    builder = builder.add_extension(authority, critical=False)
    if issuer is None:
        usage = x509.KeyUsage(
            *(False, False, False, False, False, True, True, False, False)
        )
        builder = builder.add_extension(usage, critical=True)
    else:
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(authority_key, hashes.SHA256())


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Return a folder, and the certificate and key of an authority in it."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    root = certificate(key, host="root")
    (folder / "root.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    return folder, root, key


@pytest.fixture
def tls(authority):
    """Return a function that makes a server's TLS context."""
    folder, root, root_key = authority

    def make(*, signed=True, **options):
        key = ec.generate_private_key(ec.SECP256R1())
        if signed:
            made = certificate(key, issuer=root, issuer_key=root_key, **options)
        else:
            stranger_key = ec.generate_private_key(ec.SECP256R1())
            stranger = certificate(stranger_key, host="stranger")
            made = certificate(key, issuer=stranger, issuer_key=stranger_key)
        pem = folder / "server.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        pem.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        return context

    return make


@pytest.fixture
def client_for(authority):
    """Return a function that makes a client which trusts the authority."""
    folder, _, _ = authority
    transports = []

    def make(server, *, ca_bundle=str(folder / "root.pem"), **options):
        transport = Transport(server.url, ca_bundle=ca_bundle, **options)
        transports.append(transport)
        return DirectusClient(transport, auth=AUTH)

    yield make
    for transport in transports:
        transport.close()


def test_a_good_certificate_is_trusted(serve, tls, client_for):
    server = serve(says(data(ADA)), tls=tls())
    directus = client_for(server)

    for _ in range(3):
        assert CALLS["get"](directus).email == "ada@example.com"
    assert server.connections == 1


FAULTS = {
    "expired": {"ends": NOW - DAY},
    "for another host": {"host": "203.0.113.9"},
    "of a stranger": {"signed": False},
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", ["login", "me", "refresh", "reset"])
def test_a_bad_certificate_gets_no_secret(serve, tls, client_for, call, fault, caplog):
    server = serve(says(data(TOKENS)), tls=tls(**FAULTS[fault]))

    with pytest.raises(DirectusUnavailable) as caught:
        CALLS[call](client_for(server))

    assert server.requests == []
    # Once: a certificate does not get better by asking again.
    assert server.connections == 1
    events = [r.event for r in caplog.records if r.levelname == "WARNING"]
    assert events == ["upstream.tls"]
    assert "TLS" in str(caught.value)
    assert "Canary" not in str(caught.value) + caplog.text


def test_by_default_the_usual_authorities_are_trusted(serve, tls, client_for):
    server = serve(says(data(TOKENS)), tls=tls())

    with pytest.raises(DirectusUnavailable):
        CALLS["login"](client_for(server, ca_bundle=None))
    assert server.requests == []


def test_the_environment_cannot_add_an_authority(
    serve, tls, client_for, authority, monkeypatch
):
    folder, _, _ = authority
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(folder / "root.pem"))
    server = serve(says(data(TOKENS)), tls=tls())

    with pytest.raises(DirectusUnavailable):
        CALLS["login"](client_for(server, ca_bundle=None))
    assert server.requests == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_protocols_are_refused(serve, tls, client_for):
    old = tls()
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    server = serve(says(data(TOKENS)), tls=old)

    with pytest.raises(DirectusUnavailable):
        CALLS["login"](client_for(server))
    assert server.requests == []


def test_a_handshake_that_hangs_ends(serve):
    # It speaks no TLS: it waits for the end of a request that never comes.
    server = serve(says(data(TOKENS)))
    url = server.url.replace("http:", "https:")
    directus = DirectusClient(Transport(url, connect_timeout=0.2), auth=AUTH)

    with at_most(3.0), pytest.raises(DirectusUnavailable):
        CALLS["login"](directus)
    assert server.requests == []


def test_a_connection_closed_as_the_request_comes_is_replaced(serve, tls, client_for):
    server = serve(says(data(ADA)), says_and_closes(b""), says(data(ADA)), tls=tls())
    directus = client_for(server)

    CALLS["get"](directus)
    assert CALLS["get"](directus).email == "ada@example.com"
    assert server.connections == 2


def test_silence_ends_with_the_deadline(serve, tls, client_for):
    server = serve(hangs(), tls=tls())

    with at_most(3.0), pytest.raises(DirectusUnavailable) as caught:
        CALLS["me"](client_for(server, read_timeout=0.2, total_timeout=0.3))
    assert caught.value.timed_out


def test_a_missing_file_of_authorities_is_told_at_once(tmp_path):
    with pytest.raises(ValueError, match="certificates"):
        Transport("https://directus.test", ca_bundle=str(tmp_path / "none.pem"))


# directus_doctor looks at the certificate itself


@pytest.mark.parametrize(
    ("options", "verdict", "reason"),
    [
        ({"ends": NOW + 30 * DAY}, "ok", "29 days"),
        ({"ends": NOW + 13 * DAY}, "warning", "expires in 12 days"),
        *((fault, "problem", "is not valid") for fault in FAULTS.values()),
    ],
)
def test_the_doctor_looks(serve, tls, authority, settings, options, verdict, reason):
    server = serve(says(data({})), tls=tls(**options))
    settings.DIRECTUS_URL = server.url
    settings.DIRECTUS_CA_BUNDLE = str(authority[0] / "root.pem")

    answer = doctor_tls.tls(Site())

    assert answer.verdict == verdict
    assert reason in answer.reason


def test_the_doctor_needs_a_connection(settings):
    settings.DIRECTUS_URL = "https://127.0.0.1:1"

    answer = doctor_tls.tls(Site())

    assert answer.verdict == "problem"
    assert "TLS connection" in answer.reason
