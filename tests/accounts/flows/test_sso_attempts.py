"""The records of sign-ins that wait for a provider."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db.models import QuerySet
from django.utils import timezone

from accounts.flows import sso_attempts
from accounts.flows.sso_attempts import Waiting
from accounts.models import Session, SsoAttempt
from accounts.sessions import SessionStore

pytestmark = pytest.mark.django_db

STATE = "s" * 43
COOKIE = "openid.exampleid=a-cookie-of-directus"
WAITING = Waiting("exampleid", COOKIE, "/account/", otp="731946")


@pytest.fixture
def browser():
    """A request of a browser with a session."""
    session = SessionStore()
    session.create()
    return SimpleNamespace(session=session)


def test_what_was_kept_is_taken_once(browser):
    sso_attempts.keep(browser, STATE, WAITING)

    waiting, until = sso_attempts.take(browser, STATE)

    assert waiting == WAITING
    assert timedelta(0) < until - timezone.now() <= timedelta(seconds=300)
    assert sso_attempts.take(browser, STATE) is None


def test_of_two_requests_at_once_one_gets_it(browser, monkeypatch):
    sso_attempts.keep(browser, STATE, WAITING)
    first = QuerySet.first
    taken = []

    def meanwhile(queryset):
        row = first(queryset)
        monkeypatch.setattr(QuerySet, "first", first)
        # The other request, between the reading and the deleting of this one.
        taken.append(sso_attempts.take(browser, STATE))
        return row

    monkeypatch.setattr(QuerySet, "first", meanwhile)
    taken.append(sso_attempts.take(browser, STATE))

    assert [found is not None for found in taken] == [True, False]


def test_another_browser_gets_nothing_and_takes_nothing_away(browser):
    sso_attempts.keep(browser, STATE, WAITING)
    other = SimpleNamespace(session=SessionStore())

    assert sso_attempts.take(other, STATE) is None
    other.session.create()
    assert sso_attempts.take(other, STATE) is None
    assert sso_attempts.take(browser, STATE) is not None


def test_it_expires(browser):
    sso_attempts.keep(browser, STATE, WAITING)
    SsoAttempt.objects.update(expires_at=timezone.now())

    assert sso_attempts.take(browser, STATE) is None
    assert not SsoAttempt.objects.exists()


def test_a_browser_has_five_at_most_and_the_oldest_goes(browser):
    for number in range(7):
        sso_attempts.keep(browser, f"{STATE}{number}", WAITING)

    found = [sso_attempts.take(browser, f"{STATE}{n}") is not None for n in range(7)]
    assert found == [False] * 2 + [True] * 5


def test_five_of_one_browser_leave_those_of_others(browser):
    other = SimpleNamespace(session=SessionStore())
    other.session.create()
    sso_attempts.keep(other, STATE, WAITING)

    for number in range(6):
        sso_attempts.keep(browser, f"{STATE}{number}", WAITING)

    assert sso_attempts.take(other, STATE) is not None


def test_one_that_was_not_used_ends_as_before(browser):
    sso_attempts.keep(browser, STATE, WAITING)
    waiting, until = sso_attempts.take(browser, STATE)

    sso_attempts.keep(browser, STATE, waiting, until)

    assert sso_attempts.take(browser, STATE) == (waiting, until)


def test_a_copy_of_the_database_opens_nothing(browser):
    sso_attempts.keep(browser, STATE, WAITING)

    row = SsoAttempt.objects.get()
    text = f"{row.pk} {row.sealed_record}"
    for secret in (STATE, "a-cookie-of-directus", "731946", "exampleid"):
        assert secret not in text


def test_a_record_that_was_moved_to_another_state_does_not_open(browser):
    sso_attempts.keep(browser, STATE, WAITING)
    sealed = SsoAttempt.objects.get().sealed_record
    sso_attempts.keep(browser, STATE + "2", WAITING)
    SsoAttempt.objects.update(sealed_record=sealed)

    assert sso_attempts.take(browser, STATE + "2") is None


def test_an_older_secret_key_opens_it(browser, settings):
    sso_attempts.keep(browser, STATE, WAITING)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" + "y" * 60

    assert sso_attempts.take(browser, STATE) is not None


def test_the_end_of_a_session_is_the_end_of_what_waits(browser):
    sso_attempts.keep(browser, STATE, WAITING)
    browser.session.flush()

    assert sso_attempts.take(browser, STATE) is None


def test_a_session_that_ended_meanwhile_is_no_error(browser):
    Session.objects.all().delete()

    sso_attempts.keep(browser, STATE, WAITING)


def test_expired_ones_are_deleted_daily(browser):
    sso_attempts.keep(browser, STATE, WAITING)
    sso_attempts.keep(browser, STATE + "2", WAITING)
    old = SsoAttempt.objects.filter(pk=sso_attempts._digest(STATE))
    old.update(expires_at=timezone.now() - timedelta(seconds=1))

    call_command("clearsessions")

    assert SsoAttempt.objects.count() == 1


def test_a_secret_is_not_in_a_repr():
    assert "a-cookie" not in repr(WAITING)
    assert "731946" not in repr(WAITING)
