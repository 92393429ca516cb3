"""rotate_token_keys: every row with the newest key, beside a site that is running."""

import time
from dataclasses import replace
from datetime import timedelta
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.core import mails, outbox, postman
from accounts.directus import RefreshingAuth, TokenPair
from accounts.models import OutgoingMail, Session
from accounts.sessions import SessionStore, key_rotation, tokens

from ..signed_in import rows_with

pytestmark = pytest.mark.django_db
PAIR = TokenPair("access-1", "refresh-1", time.time() + 900)
NEWER = replace(PAIR, access_token="access-2", refresh_token="refresh-2")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(key_rotation, "ROUND_SECONDS", 0)


@pytest.fixture(params=[1, 2, 500])
def page(request, monkeypatch):
    monkeypatch.setattr(key_rotation, "BATCH", request.param)


@pytest.fixture
def sessions(db):
    """Three sessions with tokens, and one without."""
    made = [SessionStore() for _ in range(4)]
    for number, session in enumerate(made):
        session.create()
        if number < 3:
            session.tokens.start(replace(PAIR, refresh_token=f"refresh-{number}"))
    return made


@pytest.fixture
def new_key(settings, sessions):
    """A newer key in front of the one that sealed the sessions."""
    key = Fernet.generate_key().decode()
    settings.TOKEN_ENCRYPTION_KEYS = [key, *settings.TOKEN_ENCRYPTION_KEYS]
    return key


def rotate(*, anyway=True):
    """Run the command; return the exit code and what it prints."""
    output = StringIO()
    try:
        call_command("rotate_token_keys", anyway=anyway, stdout=output, no_color=True)
    except SystemExit as error:
        return error.code, output.getvalue()
    return 0, output.getvalue()


def tokens_of(session):
    return SessionStore(session.session_key).tokens.load()


def hold_lease(session, **ago):
    session.update_row(refresh_lease_until=timezone.now() + timedelta(**ago))


def test_afterwards_the_old_key_can_go(sessions, new_key, settings, page):
    code, printed = rotate()

    assert (code, printed) == (
        0,
        "Sealed 3 rows anew; 0 had the newest key already.\n",
    )
    settings.TOKEN_ENCRYPTION_KEYS = [new_key]
    for number, session in enumerate(sessions[:3]):
        assert tokens_of(session).refresh_token == f"refresh-{number}"
        assert tokens_of(session).expires_at == pytest.approx(PAIR.expires_at, 0.001)
    assert tokens_of(sessions[3]) is None


def test_a_second_run_writes_nothing(sessions, new_key):
    rotate()
    before = list(Session.objects.order_by("pk").values())

    assert rotate() == (0, "Sealed 0 rows anew; 3 had the newest key already.\n")

    assert list(Session.objects.order_by("pk").values()) == before


def test_tokens_stay_bound_to_their_row(sessions, new_key):
    rotate()
    sealed = rows_with(sessions[0].session_key).get().sealed_tokens
    sessions[1].update_row(sealed_tokens=sealed)

    assert tokens_of(sessions[1]) is None


def test_rows_whose_key_is_gone_are_counted_and_left(sessions, settings):
    settings.TOKEN_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    sessions[0].tokens.start(PAIR)
    before = list(Session.objects.order_by("pk").values())

    code, printed = rotate()

    assert code == 3
    assert "2 rows cannot be decrypted with any key" in printed
    assert list(Session.objects.order_by("pk").values()) == before


def test_a_key_that_the_running_site_does_not_use_seals_nothing(sessions, new_key):
    before = list(Session.objects.order_by("pk").values())

    with pytest.raises(CommandError, match="Restart all its processes"):
        rotate(anyway=False)

    assert list(Session.objects.order_by("pk").values()) == before


def test_once_the_running_site_uses_it_the_others_follow(sessions, new_key):
    sessions[1].tokens.save(NEWER)

    assert rotate(anyway=False) == (
        0,
        "Sealed 2 rows anew; 1 had the newest key already.\n",
    )


def test_where_there_are_no_tokens_nothing_is_asked(db):
    assert rotate(anyway=False)[0] == 0


# Beside the running site


def test_a_pair_that_was_renewed_meanwhile_is_not_overwritten(sessions, new_key):
    row = tokens.sealed_rows(Session).get(pk=sessions[0].row_id)
    sessions[0].tokens.save(NEWER)

    assert tokens.seal_anew(row) is tokens.Sealed.BUSY

    assert tokens_of(sessions[0]).refresh_token == "refresh-2"


def test_a_session_that_was_signed_out_meanwhile_gets_no_tokens_back(sessions, new_key):
    row = tokens.sealed_rows(Session).get(pk=sessions[0].row_id)
    sessions[0].tokens.withdraw()

    assert tokens.seal_anew(row) is tokens.Sealed.BUSY

    assert tokens_of(sessions[0]) is None


def test_a_request_that_is_renewing_can_store_the_new_tokens(sessions, new_key):
    """The new pair replaces the old one by what was read before the call."""

    def renew(refresh_token):
        code, printed = rotate()
        assert (code, "1 rows were in use" in printed) == (3, True)
        return NEWER

    RefreshingAuth(sessions[0].tokens, renew).renew_rejected(PAIR.access_token)

    assert tokens_of(sessions[0]).refresh_token == "refresh-2"
    assert rotate()[0] == 0


def test_a_row_in_use_is_tried_again(sessions, new_key, monkeypatch, settings):
    hold_lease(sessions[0], seconds=60)
    monkeypatch.setattr(key_rotation.time, "sleep", lambda s: hold_lease(sessions[0]))

    code, printed = rotate()

    assert (code, printed.startswith("Sealed 3 rows")) == (0, True)


def test_a_row_that_ends_while_it_is_in_use_is_done(sessions, new_key, monkeypatch):
    hold_lease(sessions[0], seconds=60)
    monkeypatch.setattr(key_rotation.time, "sleep", lambda s: sessions[0].delete())

    assert rotate()[0] == 0


def test_ctrl_c_leaves_whole_rows(sessions, new_key, monkeypatch):
    seal_anew = key_rotation.seal_anew
    rows = []

    def interrupted(row):
        rows.append(row)
        if len(rows) == 2:
            raise KeyboardInterrupt
        return seal_anew(row)

    monkeypatch.setattr(key_rotation, "seal_anew", interrupted)

    code, printed = rotate()

    assert (code, "Interrupted" in printed) == (1, True)
    assert all(tokens_of(session) for session in sessions[:3])
    monkeypatch.undo()
    assert rotate() == (0, "Sealed 2 rows anew; 1 had the newest key already.\n")


def test_ctrl_c_at_the_mails_tells_what_was_sealed(sessions, new_key, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(outbox, "seal_anew", interrupted)

    code, printed = rotate()

    assert code == 1
    assert printed.startswith("Sealed 3 rows anew")
    assert "Interrupted: run it again" in printed


def test_a_cached_row_is_forgotten(sessions, new_key, settings):
    settings.SESSION_ROW_CACHE = True
    assert tokens_of(sessions[0]) is not None

    rotate()

    settings.TOKEN_ENCRYPTION_KEYS = [new_key]
    assert tokens_of(sessions[0]).refresh_token == "refresh-0"


def test_mails_that_wait_are_sealed_anew(sessions, new_key, settings, monkeypatch):
    monkeypatch.setattr(postman, "call", lambda: None)
    settings.TOKEN_ENCRYPTION_KEYS = settings.TOKEN_ENCRYPTION_KEYS[1:]
    mails.send("deletion_cancelled", None, to="ada@example.com")
    settings.TOKEN_ENCRYPTION_KEYS = [new_key, *settings.TOKEN_ENCRYPTION_KEYS]

    assert rotate()[0] == 0

    settings.TOKEN_ENCRYPTION_KEYS = [new_key]
    assert outbox.message_of(outbox.next_due()).to == "ada@example.com"


def test_a_mail_that_no_key_opens_is_told(sessions, new_key, settings, monkeypatch):
    monkeypatch.setattr(postman, "call", lambda: None)
    mails.send("deletion_cancelled", None, to="ada@example.com")
    OutgoingMail.objects.update(sealed_message="gAAAA")

    code, printed = rotate()

    assert (code, "1 rows cannot be decrypted" in printed) == (3, True)


def test_nothing_secret_is_printed(sessions, new_key, caplog, capsys):
    _code, printed = rotate()

    for secret in ("refresh-0", "access-1", new_key):
        assert secret not in printed + caplog.text + capsys.readouterr().err
