"""Mails reach a real mail server, whatever it does meanwhile."""

import logging
import threading
import time
from datetime import timedelta

import pytest
from aiosmtpd.smtp import AuthResult
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.core import delivery, mails, outbox, postman
from accounts.core.audit import email_digest
from accounts.core.mail_troubles import Trouble
from accounts.models import AccountEvent, OutgoingMail
from config import service_urls
from tests.smtp_server import SmtpServer, silent_server, use

pytestmark = pytest.mark.django_db
ADA, BOB, EVE = "ada@example.com", "bob@example.com", "eve@example.com"


@pytest.fixture
def server(settings):
    server = SmtpServer().start()
    use(settings, f"smtp://127.0.0.1:{server.port}")
    yield server
    server.stop()


@pytest.fixture
def write(monkeypatch):
    """Return a function that writes mails, which wait."""
    monkeypatch.setattr(postman, "call", lambda: None)

    def write(*addresses, **facts):
        for address in addresses:
            mails.send("deletion_cancelled", None, to=address, **facts)

    return write


def pauses_pass():
    """Let the time of each next attempt come, in the same order."""
    for row in OutgoingMail.objects.exclude(next_try_at=None):
        row.next_try_at -= timedelta(hours=1)
        row.save()


def errors():
    return list(OutgoingMail.objects.order_by("pk").values_list("error", flat=True))


def test_all_that_is_due_goes_over_one_connection(server, write):
    write(ADA, BOB, EVE)

    assert delivery.deliver() is None

    assert server.received() == [ADA, BOB, EVE]
    assert server.connections == 1
    assert not OutgoingMail.objects.exists()
    parts = [part.get_content_type() for part in server.mails[0].iter_parts()]
    assert parts == ["text/plain", "text/html"]


def test_a_server_that_is_away_is_asked_once_a_round(server, write):
    server.stop()
    write(ADA, BOB, EVE)

    assert delivery.deliver() is Trouble.NO_CONNECTION

    assert errors() == [Trouble.NO_CONNECTION, "", ""]


def test_everything_goes_out_when_the_server_is_back(server, write):
    server.stop()
    write(ADA, BOB, EVE)
    for _ in range(3):
        delivery.deliver()
    assert errors() == [Trouble.NO_CONNECTION] * 3
    write("late@example.com")

    server.start()
    assert delivery.deliver() is None

    assert sorted(server.received()) == [ADA, BOB, EVE, "late@example.com"]


def test_the_pauses_grow(server, write):
    server.stop()
    write(ADA)
    pauses = []
    for _ in range(9):
        delivery.deliver()
        row = OutgoingMail.objects.get()
        pauses.append(round((row.next_try_at - timezone.now()).total_seconds()))
        pauses_pass()

    assert pauses == [10, 20, 40, 80, 160, 320, 600, 600, 600]


def test_a_hanging_server_costs_one_time_out(settings, write, monkeypatch):
    monkeypatch.setattr(service_urls, "EMAIL_TIMEOUT", 0.5)
    with silent_server() as port:
        use(settings, f"smtp://127.0.0.1:{port}")
        write(ADA, BOB, EVE)
        began = time.monotonic()

        assert delivery.deliver() is Trouble.TIMEOUT

    assert 0.4 < time.monotonic() - began < 2


def test_a_refused_address_stops_no_other(server, write, caplog):
    server.refused[BOB] = "550 no such user: canary@example.com"
    write(ADA, BOB, EVE)

    delivery.deliver()

    assert server.received() == [ADA, EVE]
    row = OutgoingMail.objects.get()
    assert row.given_up_at
    assert (row.error, row.sealed_message) == (Trouble.RECIPIENT, "")
    (line,) = [line for line in caplog.records if line.levelno == logging.ERROR]
    assert line.getMessage() == "The mail deletion_cancelled was given up: recipient"
    assert line.email_digest == row.recipient
    assert "example.com" not in caplog.text


def test_an_address_may_be_refused_for_now(server, write):
    server.refused[BOB] = "450 greylisted"
    write(ADA, BOB, EVE)
    assert delivery.deliver() is None
    assert server.received() == [ADA, EVE]
    assert errors() == [Trouble.NOT_NOW]

    server.refused.clear()
    pauses_pass()
    delivery.deliver()

    assert server.received() == [ADA, EVE, BOB]


@pytest.mark.parametrize(
    ("answer", "error", "is_over"),
    [
        ("451 later", Trouble.NOT_NOW, False),
        ("554 spam", Trouble.CONTENT, True),
        ("421 closing", Trouble.UNAVAILABLE, False),
    ],
)
def test_a_mail_may_be_refused_after_its_content(server, write, answer, error, is_over):
    server.to_data = answer
    write(ADA)

    delivery.deliver()

    row = OutgoingMail.objects.get()
    assert row.error == error
    assert (row.given_up_at is not None) is is_over
    assert bool(row.sealed_message) is not is_over


@pytest.mark.parametrize("answer", ["421 busy", "550 not your address"])
def test_no_mail_is_lost_while_the_server_refuses_the_site(server, write, answer):
    server.to_sender = answer
    write(ADA, BOB)

    assert delivery.deliver() in {Trouble.UNAVAILABLE, Trouble.SENDER}

    server.to_sender = "250 OK"
    pauses_pass()
    assert delivery.deliver() is None
    assert sorted(server.received()) == [ADA, BOB]


def test_a_mail_without_an_answer_is_sent_again_as_the_same(server, write):
    server.drops_after_data = 1
    write(ADA, BOB)
    assert delivery.deliver() is Trouble.UNANSWERED
    assert errors() == [Trouble.UNANSWERED, ""]
    # The others do not wait for it.
    delivery.deliver()
    assert server.received() == [ADA, BOB]

    pauses_pass()
    delivery.deliver()

    assert server.received() == [ADA, BOB, ADA]
    first, _, again = (mail["Message-ID"] for mail in server.mails)
    assert first == again


def test_a_wrong_password_is_said_and_no_mail_is_lost(settings, write):
    server = SmtpServer(
        authenticator=lambda *args: AuthResult(success=False, handled=False),
        auth_require_tls=False,
    ).start()
    use(settings, f"smtp://site:canary@127.0.0.1:{server.port}")
    write(ADA)

    assert delivery.deliver() is Trouble.SIGN_IN

    assert errors() == [Trouble.SIGN_IN]
    server.stop()


def test_a_password_that_smtp_cannot_say_is_a_wrong_one(settings, write):
    server = SmtpServer(auth_require_tls=False).start()
    use(settings, f"smtp://site:p%C3%A4ss@127.0.0.1:{server.port}")
    write(ADA)

    assert delivery.deliver() is Trouble.SIGN_IN

    server.stop()


def test_a_server_that_asks_for_a_sign_in(server, write):
    server.to_sender = "530 5.7.0 Authentication required"
    write(ADA)

    assert delivery.deliver() is Trouble.SIGN_IN


def test_a_server_that_does_not_relay_for_the_site_loses_no_mail(server, write):
    server.refused[ADA] = "554 5.7.1 Relay access denied"
    write(ADA, BOB)

    assert delivery.deliver() is None

    assert server.received() == [BOB]
    assert errors() == [Trouble.NOT_ALLOWED]
    assert OutgoingMail.objects.get().given_up_at is None


@pytest.mark.parametrize("hours", [None, 1])
def test_a_mail_is_given_up_in_the_end(server, write, caplog, hours):
    server.stop()
    link = {"link": "https://example.com/", "hours": hours} if hours else {}
    write(ADA, **link)
    delivery.deliver()
    row = OutgoingMail.objects.get()
    row.expires_at -= timedelta(hours=hours or 24)
    row.next_try_at = timezone.now()
    row.save()
    server.start()

    delivery.deliver()

    row.refresh_from_db()
    assert row.given_up_at
    assert row.error == Trouble.NO_CONNECTION
    assert server.received() == []
    assert "was given up: no_connection" in caplog.text


def test_the_clock_of_a_host_sends_no_mail_twice(server, write, monkeypatch):
    """Another host has the mail in hand; this one is an hour ahead."""
    write(ADA)
    assert outbox.claim(outbox.next_due())
    ahead = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: ahead)

    delivery.deliver()

    assert server.received() == []


def test_a_mail_of_a_host_that_is_ahead_waits_for_nothing(server, write, monkeypatch):
    ahead = timezone.now() + timedelta(hours=1)
    with monkeypatch.context() as host:
        host.setattr(timezone, "now", lambda: ahead)
        write(ADA)

    delivery.deliver()

    assert server.received() == [ADA]


def test_a_mail_that_another_one_replaces_is_not_claimed(write, monkeypatch):
    write(ADA)
    mail = outbox.next_due()
    update = QuerySet.update

    def update_and_replace(rows, **columns):
        changed = update(rows, **columns)
        OutgoingMail.objects.all().delete()
        return changed

    monkeypatch.setattr(QuerySet, "update", update_and_replace)

    assert not outbox.claim(mail)


def test_what_a_killed_process_had_in_hand_is_sent_later(server, write):
    write(ADA)
    assert outbox.claim(outbox.next_due())
    delivery.deliver()
    assert server.received() == []

    pauses_pass()
    delivery.deliver()

    assert server.received() == [ADA]


def test_a_late_process_does_not_undo_what_another_did(write):
    write(ADA)
    late = outbox.next_due()
    assert outbox.claim(late)
    pauses_pass()
    assert outbox.claim(outbox.next_due())

    outbox.put_off(late, Trouble.UNANSWERED)
    outbox.give_up(late, Trouble.CONTENT)

    row = OutgoingMail.objects.get()
    assert (row.error, row.given_up_at) == ("", None)


def test_a_lease_is_not_cut_short(server, write):
    server.stop()
    write(ADA, BOB)
    delivery.deliver()
    pauses_pass()
    held = outbox.next_due()
    outbox.claim(held)

    server.start()
    delivery.deliver()

    assert server.received() == [ADA if held.recipient != row_of(ADA) else BOB]
    assert OutgoingMail.objects.get().pk == held.pk


def row_of(address):
    return email_digest(address)


def test_a_mail_that_no_key_opens_stops_no_other(server, write, settings):
    write(ADA)
    OutgoingMail.objects.update(sealed_message="gAAAA")
    write(BOB)

    delivery.deliver()

    assert server.received() == [BOB]
    assert errors() == [Trouble.SEALED]


@pytest.mark.django_db(transaction=True)
def test_processes_at_once_send_each_mail_once(server, write):
    addresses = [f"user{number}@example.com" for number in range(30)]
    write(*addresses)
    server.seconds = 0.01

    def work():
        delivery.deliver()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(server.received()) == sorted(addresses)
    assert server.connections > 1
    assert not OutgoingMail.objects.exists()


# The command


def test_a_command_sends_what_waits(server, write, capsys):
    write(ADA)

    call_command("send_mails")

    assert server.received() == [ADA]
    assert capsys.readouterr().out == "No mail waits.\n"


def test_the_command_says_why_mails_wait(server, write):
    server.stop()
    write(ADA, BOB)

    with pytest.raises(CommandError) as failed:
        call_command("send_mails")

    assert failed.value.returncode == 1
    text = "The mail server accepts no connection. 2 mails wait."
    assert str(failed.value) == text


def test_the_command_gives_up_what_waits_after_a_restore(server, write, capsys):
    write(ADA, BOB)

    call_command("send_mails", "--give-up")
    call_command("send_mails")

    assert server.received() == []
    assert capsys.readouterr().out == "Mails given up: 2.\nNo mail waits.\n"
    kept = OutgoingMail.objects.values_list("error", "sealed_message")
    assert set(kept) == {("withdrawn", "")}
    (event,) = AccountEvent.objects.filter(event="command.run")
    assert event.facts["given_up"] == 2
    assert event.facts["options"] == ["give_up"]


def test_lost_mails_are_kept_for_a_month(server, write):
    server.refused = {ADA: "550 no", BOB: "550 no"}
    write(ADA, BOB)
    delivery.deliver()
    long_ago = timezone.now() - timedelta(days=31)
    OutgoingMail.objects.filter(recipient=row_of(ADA)).update(given_up_at=long_ago)
    write(EVE)

    call_command("clearsessions")

    left = set(OutgoingMail.objects.values_list("recipient", flat=True))
    assert left == {row_of(BOB), row_of(EVE)}
