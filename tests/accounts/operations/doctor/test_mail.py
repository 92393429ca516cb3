"""What the doctor says about the mail server, and its test mail."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.core import delivery, mails, postman
from accounts.models import OutgoingMail
from accounts.operations.doctor import Verdict, mail
from local.ports import free_port
from tests.certificates import Authority
from tests.smtp_server import SmtpServer, silent_server, use

ADA = "ada@example.com"


@pytest.fixture
def server(settings):
    server = SmtpServer().start()
    use(settings, f"smtp://127.0.0.1:{server.port}")
    yield server
    server.stop()


# The server


def test_a_server_that_takes_mails(server):
    assert mail.server(None).verdict is Verdict.OK
    assert server.received() == []


def test_a_server_that_is_away(settings):
    use(settings, f"smtp://127.0.0.1:{free_port()}")

    found = mail.server(None)

    assert found.verdict is Verdict.PROBLEM
    assert found.reason == "The mail server accepts no connection."
    assert found.line == "EMAIL_URL=…"


def test_a_server_that_hangs(settings, monkeypatch):
    monkeypatch.setattr(mail, "SECONDS", 0.3)
    with silent_server() as port:
        use(settings, f"smtp://127.0.0.1:{port}")

        assert mail.server(None).reason == "The mail server did not answer in time."


def test_a_private_authority(settings, tmp_path):
    context = Authority(tmp_path).server_context()
    server = SmtpServer(tls_context=context).start()
    use(settings, f"smtp+tls://127.0.0.1:{server.port}")

    found = mail.server(None)

    assert "is not trusted" in found.reason
    assert found.line == "EMAIL_CA_BUNDLE=…"
    server.stop()


def test_without_a_server(settings):
    assert mail.server(None).verdict is Verdict.OK
    settings.EMAIL_URL = ""
    assert mail.server(None).verdict is Verdict.UNKNOWN


# The mails that wait


@pytest.fixture
def waits(db, monkeypatch):
    """A mail that waits."""
    monkeypatch.setattr(postman, "call", lambda: None)
    mails.send("deletion_cancelled", None, to=ADA)
    return OutgoingMail.objects.get()


def test_mails_may_wait_for_a_short_time(waits):
    found = mail.waiting(None)

    assert found.verdict is Verdict.OK
    assert found.reason == "Mails that wait: 1; the oldest since 0 min."


def test_mails_that_wait_for_long_are_told(waits):
    OutgoingMail.objects.update(created_at=timezone.now() - timedelta(minutes=130))

    found = mail.waiting(None)

    assert found.verdict is Verdict.WARNING
    assert found.reason.endswith("since 2 h 10 min.")


def test_lost_mails_are_told_for_a_day(waits, server):
    server.to_data = "554 canary"
    OutgoingMail.objects.update(expires_at=timezone.now())
    delivery.deliver()

    found = mail.waiting(None)
    OutgoingMail.objects.update(given_up_at=timezone.now() - timedelta(days=2))

    assert found.verdict is Verdict.PROBLEM
    assert found.reason.startswith("Mails were given up since yesterday: 1.")
    assert mail.waiting(None).verdict is Verdict.OK


def test_a_recipient_who_is_refused_is_no_fault_of_the_site(waits, server):
    server.refused[ADA] = "550 no"
    delivery.deliver()

    assert mail.waiting(None).verdict is Verdict.OK


def test_mails_that_an_operator_withdrew_are_no_fault_of_the_site(waits):
    """As after a restored backup, whose next step is the doctor."""
    call_command("send_mails", "--give-up")

    assert mail.waiting(None).verdict is Verdict.OK


# A test mail


def test_a_test_mail(server, capsys):
    call_command("directus_doctor", send_test_mail=ADA)

    assert server.received() == [ADA]
    assert capsys.readouterr().out == "The mail server took the mail.\n"


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        ({"refused": {ADA: "550 canary"}}, "The recipient's address was refused."),
        ({"to_sender": "550 canary"}, "The mail server refused the sender's address."),
        ({"to_data": "554 canary"}, "The mail server refused the mail."),
        ({"to_data": "451 canary"}, "The mail server asked to try again later."),
    ],
)
def test_a_test_mail_that_is_refused(server, refusal, sentence):
    vars(server).update(refusal)

    with pytest.raises(CommandError) as failed:
        call_command("directus_doctor", send_test_mail=ADA)

    assert (str(failed.value), failed.value.returncode) == (sentence, 1)


@pytest.mark.parametrize("address", ["", "ada", "a@b\nc.de"])
def test_a_test_mail_needs_an_address(server, address):
    with pytest.raises(CommandError) as failed:
        call_command("directus_doctor", send_test_mail=address)

    assert failed.value.returncode == 2


def test_a_test_mail_needs_a_server(settings):
    settings.EMAIL_URL = ""

    with pytest.raises(CommandError) as failed:
        call_command("directus_doctor", send_test_mail=ADA)

    assert failed.value.returncode == 1
