"""TLS to a mail server: with a private authority, and never without a check."""

import pytest
from django.core.mail import EmailMessage

from accounts.core.mail_server import Failed, MailServer
from accounts.core.mail_troubles import Trouble
from tests.certificates import Authority
from tests.smtp_server import SmtpServer, silent_server, use

SCHEMES = ("smtp+tls", "smtp+ssl")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def serve(settings):
    """Return a function that starts a server with TLS, and mails through it."""
    servers = []

    def serve(scheme, context, **options):
        kind = "ssl_context" if scheme == "smtp+ssl" else "tls_context"
        server = SmtpServer(**{kind: context}).start()
        servers.append(server)
        use(settings, f"{scheme}://127.0.0.1:{server.port}", **options)
        return server

    yield serve
    for server in servers:
        server.stop()


def trouble():
    """Return why there is no connection."""
    with pytest.raises(Failed) as failed, MailServer(patience=1) as server:
        server.open()
    return failed.value.trouble


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_private_authority_is_trusted_when_it_is_named(serve, authority, scheme):
    context = authority.server_context()
    serve(scheme, context, EMAIL_CA_BUNDLE=authority.bundle)

    with MailServer() as server:
        server.open()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_it_is_not_trusted_otherwise(serve, authority, scheme):
    serve(scheme, authority.server_context(), EMAIL_CA_BUNDLE="")

    assert trouble() is Trouble.CERTIFICATE


@pytest.mark.parametrize("scheme", SCHEMES)
def test_another_authority_is_not_trusted(serve, authority, scheme):
    context = authority.server_context(signed=False)
    serve(scheme, context, EMAIL_CA_BUNDLE=authority.bundle)

    assert trouble() is Trouble.CERTIFICATE


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_certificate_of_another_host_is_refused(serve, authority, scheme):
    context = authority.server_context(host="203.0.113.9")
    serve(scheme, context, EMAIL_CA_BUNDLE=authority.bundle)

    assert trouble() is Trouble.OTHER_NAME


def test_a_server_without_accounts_is_told(settings):
    server = SmtpServer().start()
    use(settings, f"smtp://site:canary@127.0.0.1:{server.port}")

    assert trouble() is Trouble.SIGN_IN

    server.stop()


def test_a_password_does_not_go_to_a_server_without_tls(settings):
    server = SmtpServer().start()
    use(settings, f"smtp+tls://site:canary@127.0.0.1:{server.port}")

    assert trouble() is Trouble.TLS

    server.stop()


@pytest.mark.parametrize("scheme", ["smtp", *SCHEMES])
def test_a_silent_server_is_one(settings, scheme):
    with silent_server() as port:
        use(settings, f"{scheme}://127.0.0.1:{port}")

        assert trouble() is Trouble.TIMEOUT


@pytest.mark.parametrize("host", ["no-such-host.invalid", f"{'a' * 64}.example"])
def test_a_name_that_no_host_has(settings, host):
    use(settings, f"smtp://{host}")

    assert trouble() is Trouble.UNKNOWN_HOST


def test_errors_carry_no_text_of_the_server(settings):
    server = SmtpServer().start()
    server.to_sender = "550 canary"
    use(settings, f"smtp://127.0.0.1:{server.port}")

    mail = EmailMessage("s", "b", to=["canary@example.com"])
    opened = MailServer()
    opened.open()

    with pytest.raises(Failed) as failed:
        opened.send(mail)

    error = failed.value
    assert (error.__cause__, error.__suppress_context__) == (None, True)
    assert "canary" not in str(error)
    server.stop()
