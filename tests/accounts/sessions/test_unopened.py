"""Rows with tokens that are encrypted with a key unknown to this process."""

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command

from accounts.models import Session
from accounts.sessions import unopened

from ..signed_in import make_old, row_of

pytestmark = pytest.mark.django_db
TO_LOGIN = "/login/?next=/"


@pytest.fixture
def old_process(signed_in_client, settings, caplog):
    """A browser that comes to a process that does not know the key of its row."""
    old = settings.TOKEN_ENCRYPTION_KEYS
    new = Fernet.generate_key().decode()
    settings.TOKEN_ENCRYPTION_KEYS = [new, *old]
    call_command("rotate_token_keys", anyway=True, verbosity=0)
    settings.TOKEN_ENCRYPTION_KEYS = old
    caplog.clear()
    return signed_in_client


def test_an_old_process_ends_no_session(old_process, settings):
    make_old(old_process, hours=2)

    response = old_process.get("/")

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert Session.objects.exclude(user=None).count() == 1


def test_people_go_on_reading_meanwhile(old_process):
    make_old(old_process, minutes=2)

    assert old_process.get("/").status_code == 200


def test_a_process_that_knows_the_key_goes_on_where_it_was(
    signed_in_client, settings, caplog
):
    keys = settings.TOKEN_ENCRYPTION_KEYS
    make_old(signed_in_client, hours=2)
    settings.TOKEN_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert signed_in_client.get("/").status_code == 503

    settings.TOKEN_ENCRYPTION_KEYS = keys

    assert signed_in_client.get("/").status_code == 200


def test_a_key_that_stays_away_is_a_sign_out(old_process, monkeypatch):
    make_old(old_process, minutes=2)
    old_process.get("/")
    monkeypatch.setattr(unopened, "PATIENCE_SECONDS", 0)

    make_old(old_process, hours=2)
    response = old_process.get("/")

    assert (response.status_code, response["Location"]) == (302, TO_LOGIN)
    assert not Session.objects.exclude(user=None).exists()


def test_it_is_said_once_and_names_the_setting(old_process, caplog):
    for _ in range(3):
        make_old(old_process, hours=2)
        old_process.get("/")

    said = [r for r in caplog.records if r.name == "accounts.sessions.unopened"]
    (audited,) = [
        r
        for r in caplog.records
        if getattr(r, "event", "") == "session.tokens_do_not_open"
    ]
    assert len(said) == 1
    assert "TOKEN_ENCRYPTION_KEYS" in said[0].getMessage()
    row = row_of(old_process)
    assert (audited.session, audited.user_id) == (row.pk, row.user_id)
    assert row.sealed_tokens not in caplog.text


def test_signing_out_works(old_process):
    assert old_process.post("/logout/").status_code == 302
    assert not Session.objects.exclude(user=None).exists()


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(unopened._since, "_most", 5)

    for pk in range(20):
        unopened.note(Session(pk=pk, sealed_tokens="x"))

    assert len(unopened._since) <= 5
