"""TLS certificates are verified. The tests make new certificates in each run."""

import ssl

import pytest

from accounts.directus import DirectusClient, DirectusUnavailable, Transport
from accounts.operations.doctor import tls as doctor_tls
from accounts.operations.doctor.site import Site
from tests.certificates import DAY, NOW, Authority
from tests.fault_server import data, hangs, says, says_and_closes

from .calls import ADA, AUTH, CALLS, TOKENS, at_most


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A private authority."""
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls(authority):
    """Return a function that makes a server's TLS context."""
    return authority.server_context


@pytest.fixture
def client_for(authority):
    """Return a function that makes a client which trusts the authority."""
    transports = []

    def make(server, *, ca_bundle=authority.bundle, **options):
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
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(authority.bundle))
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
    settings.DIRECTUS_CA_BUNDLE = authority.bundle

    answer = doctor_tls.tls(Site())

    assert answer.verdict == verdict
    assert reason in answer.reason


def test_the_doctor_needs_a_connection(settings):
    settings.DIRECTUS_URL = "https://127.0.0.1:1"

    answer = doctor_tls.tls(Site())

    assert answer.verdict == "problem"
    assert "TLS connection" in answer.reason
