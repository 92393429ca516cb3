"""The thread that sends mails: woken by a new one, at rest while a server is away."""

import pytest
from django.db import DatabaseError, transaction

from accounts.core import delivery, mails, postman
from accounts.core.mail_troubles import Trouble
from accounts.core.postman import Postman
from local.processes import wait_until
from tests.smtp_server import SmtpServer, use

PATIENCE = 10


@pytest.fixture
def rounds(monkeypatch):
    """What the next rounds come to, and then nothing; those that took place."""
    results, done = [], []

    def deliver(may_go_on):
        done.append(None)
        result = results.pop(0) if results else None
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(delivery, "deliver", deliver)
    return results, done


@pytest.fixture
def at_work(monkeypatch):
    """A postman at work, with short pauses; its thread ends with the test."""
    monkeypatch.setattr(postman, "PAUSE_SECONDS", 0.3)
    made = Postman()
    made.start()
    yield made
    made.end()
    assert not made._thread.is_alive()


def has(done, number, seconds=PATIENCE):
    return wait_until(lambda: len(done) >= number, seconds=seconds)


def test_it_looks_at_its_start_and_then_again_and_again(rounds, at_work):
    assert has(rounds[1], 3)


def test_it_looks_when_it_is_woken(rounds, monkeypatch, at_work):
    assert has(rounds[1], 1)
    monkeypatch.setattr(postman, "PAUSE_SECONDS", 1000)
    assert has(rounds[1], 2)
    before = len(rounds[1])

    at_work.wake()

    assert has(rounds[1], before + 1)


@pytest.mark.parametrize(
    "trouble", [Trouble.TIMEOUT, DatabaseError("canary"), KeyError("canary")]
)
def test_trouble_is_told_once_and_does_not_end_it(rounds, monkeypatch, caplog, trouble):
    monkeypatch.setattr(postman, "PAUSE_SECONDS", 0.05)
    rounds[0][:] = [trouble] * 3
    made = Postman()
    made.start()

    assert has(rounds[1], 5)
    made.end()
    lines = [line for line in caplog.messages if line.startswith("Mails wait: ")]
    assert len(lines) == 1
    assert "canary" not in caplog.text


def test_new_mails_do_not_hurry_it_while_the_server_is_away(rounds, monkeypatch):
    rounds[0].append(Trouble.TIMEOUT)
    made = Postman()
    made.start()
    assert has(rounds[1], 1)

    made.wake()

    assert not has(rounds[1], 2, seconds=0.5)
    made.end()


@pytest.mark.django_db(transaction=True)
class TestWithRealMails:
    """A transaction ends in these."""

    @pytest.fixture(autouse=True)
    def _really_called(self, monkeypatch, at_work):
        monkeypatch.setattr(postman, "PAUSE_SECONDS", 1000)
        monkeypatch.setattr(postman, "call", call)
        monkeypatch.setattr(postman, "_postman", lambda: at_work)
        self.postman = at_work

    @pytest.fixture
    def server(self, settings):
        server = SmtpServer().start()
        use(settings, f"smtp://127.0.0.1:{server.port}")
        yield server
        server.stop()

    def test_a_mail_goes_after_its_event(self, server):
        with transaction.atomic():
            mails.send("deletion_cancelled", None, to="ada@example.com")
            assert not wait_until(server.received, seconds=0.5)

        assert wait_until(server.received, seconds=PATIENCE)

    def test_without_the_event_there_is_no_mail(self, server):
        with transaction.atomic():
            mails.send("deletion_cancelled", None, to="ada@example.com")
            transaction.set_rollback(True)

        self.postman.wake()
        assert not wait_until(server.received, seconds=0.5)

    def test_the_mail_in_hand_is_finished_at_the_end(self, server):
        server.seconds = 0.5
        mails.send("deletion_cancelled", None, to="ada@example.com")
        mails.send("deletion_cancelled", None, to="bob@example.com")
        assert wait_until(lambda: server.connections, seconds=PATIENCE)

        self.postman.end()

        assert server.received() == ["ada@example.com"]
        assert delivery.deliver() is None
        assert server.received() == ["ada@example.com", "bob@example.com"]


call = postman.call
