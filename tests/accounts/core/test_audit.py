"""Each thing that happens to an account leaves exactly one event."""

import logging

import pytest
import requests

from accounts.core import clients
from accounts.core.audit import email_digest
from accounts.models import Session, User
from tests.fake_directus import ADMINISTRATOR, one_time_code

from ..steps import (
    OTP_SECRET,
    PASSWORD,
    ask_reset,
    choose_password,
    confirm,
    forget_spent_links,
    log_in,
    open_link,
    send_code,
    sign_up,
)

pytestmark = pytest.mark.django_db


class Events(logging.Handler):
    """Collects the events of the trail."""

    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)

    @property
    def names(self):
        return [record.event for record in self.records]

    def only(self):
        """Return the one event since the last time."""
        assert len(self.records) == 1, self.names
        return self.records.pop()

    def forget(self):
        self.records.clear()


@pytest.fixture
def events():
    handler = Events()
    logger = logging.getLogger("accounts.audit")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def test_signing_in_and_out(client, ada, events):
    log_in(client, ada.email, ada.password, REMOTE_ADDR="203.0.113.7")
    signed_in = events.only()
    client.post("/logout/")
    signed_out = events.only()

    user = User.objects.get()
    assert (signed_in.event, signed_out.event) == ("sign_in.done", "sign_out")
    assert signed_in.user_id == signed_out.user_id == user.pk
    assert signed_in.address == "203.0.113.7"


def test_a_refused_sign_in(client, ada, events):
    log_in(client, ada.email, "wrong")

    event = events.only()
    assert event.event == "sign_in.refused"
    assert event.reason == "INVALID_CREDENTIALS"
    assert event.email_digest == email_digest(ada.email)


def test_a_throttled_sign_in(client, events):
    for _ in range(5):
        log_in(client)
    events.forget()

    log_in(client)

    event = events.only()
    assert (event.event, event.reason) == ("sign_in.refused", "Throttled")


def test_an_account_that_directus_locked(client, ada, directus, events):
    ada.attempts = directus.state.login_attempts

    log_in(client, ada.email, ada.password)

    event = events.only()
    assert (event.event, event.reason) == ("sign_in.refused", "USER_SUSPENDED")


def test_a_second_factor(client, directus, events):
    user = directus.add_user(otp_secret=OTP_SECRET)
    log_in(client, user.email, user.password)
    asked = events.only()
    send_code(client)
    wrong = events.only()
    send_code(client, one_time_code(OTP_SECRET))
    done = events.only()

    assert asked.event == "sign_in.code_asked"
    assert (wrong.event, wrong.reason) == ("sign_in.refused", "INVALID_OTP")
    assert done.event == "sign_in.done"


def test_too_many_codes(client, directus, events):
    user = directus.add_user(otp_secret=OTP_SECRET)
    log_in(client, user.email, user.password)
    for _ in range(5):
        send_code(client)
    events.forget()

    send_code(client)

    event = events.only()
    assert (event.event, event.reason) == ("sign_in.refused", "Throttled")


def test_signing_up_and_confirming(client, directus, events, service_token):
    sign_up(client)
    signed_up = events.only()
    open_link(client, directus.last_link("new@example.com"))
    confirm(client)
    confirmed = events.only()

    assert signed_up.event == "sign_up"
    assert confirmed.event == "sign_up.confirmed"
    assert not confirmed.password_void
    assert signed_up.email_digest == confirmed.email_digest


def test_a_link_to_confirm_that_is_used_or_broken(
    client, directus, events, service_token
):
    sign_up(client)
    link = directus.last_link("new@example.com")
    open_link(client, link)
    confirm(client)
    events.forget()

    for again in (link, "/verify-email/?token=a.b.c"):
        forget_spent_links()
        open_link(client, again)
        confirm(client)
        assert events.only().event == "sign_up.link_refused"


def test_sign_ups_that_are_refused(client, ada, directus, settings, events):
    directus.state.registration = False
    sign_up(client)
    assert events.only().reason == "FORBIDDEN"
    settings.DIRECTUS_SIGNUP = "create"
    settings.DIRECTUS_CUSTOMER_ROLE = directus.state.role_id("Customer")
    directus.state.public_creates = True
    sign_up(client, ada.email)
    event = events.only()

    assert (event.event, event.reason) == ("sign_up.refused", "taken")


def test_throttled_sign_ups_and_resets(client, directus, events):
    directus.state.registrations_a_minute = 100
    for n in range(20):
        sign_up(client, f"a{n}@example.com")
    events.forget()
    sign_up(client)
    signed_up = events.only()
    for _ in range(5):
        ask_reset(client)
    events.forget()
    ask_reset(client)
    reset = events.only()

    assert (signed_up.event, signed_up.reason) == ("sign_up.refused", "Throttled")
    assert (reset.event, reset.reason) == ("password_reset.refused", "Throttled")


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_asking_for_a_link_tells_not_even_the_trail_whether_the_account_exists(
    client, ada, events, email
):
    ask_reset(client, email)

    event = events.only()
    assert event.event == "password_reset.asked"
    assert event.email_digest == email_digest(email)


def test_a_reset(signed_in_client, ada, directus, events):
    events.forget()
    ask_reset(signed_in_client)
    assert events.only().event == "password_reset.asked"
    open_link(signed_in_client, directus.last_link(ada.email))
    choose_password(signed_in_client)

    event = events.only()
    assert event.event == "password_reset.done"
    assert event.email_digest == email_digest(ada.email)


def test_resets_that_fail(client, ada, directus, events):
    ask_reset(client)
    link = directus.last_link(ada.email)
    events.forget()
    open_link(client, link)
    directus.fails(requests.ReadTimeout("late"), "/auth/password/reset")
    choose_password(client)
    assert events.only().event == "password_reset.unsure"
    choose_password(client)
    forget_spent_links()
    events.forget()

    open_link(client, link)
    choose_password(client)

    assert events.only().event == "password_reset.refused"


def test_a_session_that_directus_ended(
    signed_in_client, ada, directus, settings, events
):
    events.forget()
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    directus.suspend(ada)

    signed_in_client.get("/")

    event = events.only()
    assert (event.event, event.reason) == ("session.ended", "SessionExpired")
    assert event.user_id == User.objects.get().pk


def test_a_session_that_staff_ended(
    signed_in_client, directus, settings, sign_in, events
):
    settings.DIRECTUS_STAFF_ROLES = settings.DIRECTUS_SUPERUSER_ROLES = [ADMINISTRATOR]
    root = directus.add_user("root@example.com", role=ADMINISTRATOR)
    staff = sign_in(root, type(signed_in_client)())
    session = Session.objects.get(user__email="ada@example.com")
    events.forget()

    staff.post(f"/admin/accounts/session/{session.pk}/delete/", {"post": "yes"})

    event = events.only()
    assert event.event == "session.ended_by_staff"
    assert event.user_id == session.user_id


def test_an_outage_is_no_event_of_an_account(client, directus, events):
    directus.is_down()
    for send in (log_in, sign_up, ask_reset):
        clients._transport.cache_clear()
        send(client)

    assert set(events.names) <= {"sign_in.refused"}
    assert {record.reason for record in events.records} == {"DirectusUnavailable"}


def test_looking_at_pages_is_no_event(client, directus, events):
    for path in ("/", "/login/", "/register/", "/request-reset-password/", "/admin/"):
        client.get(path)

    assert events.names == []


def test_the_trail_holds_no_address_of_a_person(client, ada, directus, events):
    log_in(client, ada.email, ada.password)
    client.post("/logout/")
    log_in(client, ada.email, PASSWORD)
    ask_reset(client, ada.email)

    written = str([vars(record) for record in events.records])
    assert len(events.records) == 4
    assert ada.email not in written
    assert PASSWORD not in written
