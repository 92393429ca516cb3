"""The file with everything that is held about a user: all of it, and no secret."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.core import audit
from accounts.models import (
    AccountEvent,
    MailedLink,
    RecoveryCode,
    RoleMembership,
    Session,
    SignUp,
    User,
)
from accounts.signals import user_exported

from ..signed_in import key_of, row_of, store_of
from ..steps import log_in

pytestmark = pytest.mark.django_db
PATH = "/account/export/"
TO_CONFIRM = "/account/confirm/?next=/account/export/"
CANARY = "Canary-7f3a9"


@pytest.fixture
def export(signed_in_client):
    """Return what the file holds."""

    def export():
        response = signed_in_client.post(PATH)
        assert response.status_code == 200
        return json.loads(response.content)

    return export


def test_the_file_is_for_saving_and_for_no_cache(signed_in_client):
    response = signed_in_client.post(PATH)

    today = timezone.now().strftime("%Y-%m-%d")
    name = f'attachment; filename="account-{today}.json"'
    assert response["Content-Disposition"] == name
    assert response["Content-Type"] == "application/json; charset=utf-8"
    assert "no-store" in response["Cache-Control"]


def test_a_page_stands_before_it(signed_in_client):
    page = signed_in_client.get(PATH)

    assert page.status_code == 200
    assert "Download your data" in page.text


def test_after_a_while_it_takes_the_password_again(signed_in_client):
    ago = timezone.now() - timedelta(minutes=6)
    Session.objects.update(confirmed_at=ago)

    for response in (signed_in_client.get(PATH), signed_in_client.post(PATH)):
        assert response["Location"] == TO_CONFIRM


def test_what_directus_holds_is_in_it(export, ada):
    ada.language = "en-GB"

    held = export()["directus"]

    assert held["id"] == ada.id
    assert (held["email"], held["first_name"]) == (ada.email, "Ada")
    assert held["language"] == "en-GB"


def test_what_only_the_site_may_read_is_in_it(export, ada, directus, service_token):
    directus.hides_profiles()

    assert export()["directus"]["first_name"] == "Ada"


def test_directus_log_of_the_user_is_in_it(export, ada, directus, service_token):
    directus.change(ada, first_name="Augusta")

    log = export()["directus_activity"]

    assert [entry["action"] for entry in log] == ["update", "login", "update"]
    assert [entry["by_yourself"] for entry in log] == [False, True, False]
    assert log[1]["ip"] == "127.0.0.1"
    assert "administrator" not in json.dumps(log)
    assert "192.0.2." not in json.dumps(log)


def test_no_other_users_log_is_in_it(export, directus, service_token):
    before = export()["directus_activity"]
    grace = directus.add_user("grace@example.com", "Grace's secret 1906")
    Client().post("/login/", {"email": grace.email, "password": grace.password})

    assert export()["directus_activity"] == before


def test_a_long_log_is_read_page_by_page(export, ada, directus, service_token):
    for _ in range(1200):
        directus.state.log("login", ada, by=ada.id)

    log = export()["directus_activity"]

    assert len(log) == len(directus.state.activity) - 1, "all but the service user's"
    moments = [entry["timestamp"] for entry in log]
    assert moments == sorted(moments)
    assert len(directus.calls_to("/activity")) == 3


def test_a_limit_of_directus_makes_its_pages_shorter(
    export, ada, directus, service_token
):
    directus.state.query_limit_max = 2
    for _ in range(5):
        directus.state.log("login", ada, by=ada.id)

    log = export()["directus_activity"]

    assert len(log) == len(directus.state.activity) - 1


def test_of_a_log_without_end_the_last_entries_are_read(
    export, ada, directus, service_token, monkeypatch
):
    monkeypatch.setattr("accounts.directus.records.MOST_ACTIVITY", 1000)
    for number in range(1600):
        directus.state.log(f"a{number}", ada, by=ada.id)

    log = export()["directus_activity"]

    assert [log[0]["action"], log[-1]["action"]] == ["a600", "a1599"]


@pytest.mark.parametrize("has_token", [True, False])
def test_a_log_that_may_not_be_read_is_not_held_to_be_empty(
    export, directus, request, has_token
):
    if has_token:
        request.getfixturevalue("service_token")
    directus.state.activity_readable = False

    assert export()["directus_activity"] is None


def test_without_any_right_there_is_the_id(export, ada, directus):
    directus.hides_profiles()

    assert export()["directus"] == {"id": ada.id}


def test_what_this_site_holds_is_in_it(export, signed_in_client, ada):
    user = User.objects.get()
    user.groups.add(Group.objects.create(name="readers"))
    RoleMembership.objects.create(user=user, group=Group.objects.get())
    now = timezone.now()
    RecoveryCode.objects.create(user=user, digest=CANARY, sealed_secret=CANARY)
    MailedLink.objects.create(
        purpose=MailedLink.Purpose.EMAIL_CHANGE,
        directus_id=user.directus_id,
        old_email=user.email,
        email="new@example.com",
        token_digest=CANARY,
        expires_at=now,
    )
    log_in(Client(), ada.email, "wrong")

    held = export()["site"]

    assert held["user"]["email"] == ada.email
    assert held["user"]["directus_id"] == ada.id
    assert (held["groups"], held["groups_by_role"]) == (["readers"], ["readers"])
    assert held["sessions"][0]["client_address"] == "127.0.0.1"
    assert held["recovery_codes"][0]["used_at"] is None
    assert held["new_addresses"][0]["email"] == "new@example.com"
    assert {row["limit"] for row in held["attempts"]} >= {"account"}


def test_the_audit_trail_is_in_it_without_the_browsers_of_others(export):
    user = User.objects.get()
    browser = {"client_address": "203.0.113.7", "user_agent": "Canary of staff"}
    for event in ("session.ended_by_staff", "password.changed"):
        AccountEvent.objects.create(user=user, event=event, **browser)
    AccountEvent.objects.create(event="sign_in.refused", **browser)

    _sign_in, *events = export()["site"]["events"]

    by_staff, own = events[:2]
    assert by_staff.keys() == {"event", "at"}
    assert own | browser == own
    assert "sign_in.refused" not in {each["event"] for each in events}


def test_sign_ups_of_the_address_are_in_it(export, ada):
    SignUp.objects.create(email_digest=audit.email_digest(ada.email), count=2)

    assert export()["site"]["sign_ups"][0]["count"] == 2


def test_no_secret_is_in_it(signed_in_client, ada, directus, service_token):
    user = User.objects.get()
    tokens = store_of(signed_in_client).tokens.load()
    sealed = row_of(signed_in_client).sealed_tokens
    ada.otp_secret = "BJ4A22TICIBESDBT"
    RecoveryCode.objects.create(user=user, digest=CANARY, sealed_secret=CANARY)
    record = {
        "id": ada.id,
        "email": ada.email,
        "status": "active",
        "password": CANARY,
        "token": CANARY,
        "tfa_secret": CANARY,
        "auth_data": {"secret": CANARY},
        "pin": "**********",
        "nickname": "Countess",
    }
    directus.answers(200, {"data": record}, path=f"/users/{ada.id}")
    directus.answers(200, {"data": record}, path="/users/me")

    text = signed_in_client.post(PATH).text

    assert json.loads(text)["directus"]["nickname"] == "Countess"
    secrets = [CANARY, "***", tokens.access_token, tokens.refresh_token, sealed]
    for secret in [*secrets, key_of(signed_in_client), user.password, ada.password]:
        assert secret not in text


def test_nothing_of_others_is_in_it(signed_in_client, directus, sign_in, service_token):
    sign_in(directus.add_user("grace@example.com"), Client(), REMOTE_ADDR="192.0.2.99")

    text = signed_in_client.post(PATH).text

    assert "grace" not in text
    assert "192.0.2.99" not in text


def test_directus_away_is_503_and_no_half_file(signed_in_client, directus):
    directus.is_down()

    response = signed_in_client.post(PATH)

    assert response.status_code == 503
    assert "Content-Disposition" not in response
    assert "Ada" not in response.text


@pytest.mark.parametrize("path", ["/users/me", "service"])
def test_a_limit_of_directus_is_429(
    path, signed_in_client, directus, ada, service_token
):
    path = f"/users/{ada.id}" if path == "service" else path
    directus.answers(429, {"errors": []}, path=path, headers={"Retry-After": "7"})

    assert signed_in_client.post(PATH).status_code == 429


def test_it_is_throttled(signed_in_client):
    codes = [signed_in_client.post(PATH).status_code for _ in range(6)]

    assert codes == [200] * 5 + [429]


def test_other_apps_add_what_they_hold(export):
    def orders(sender, user, **kwargs):
        return {"shop": {"orders": [user.email]}}

    user_exported.connect(orders)
    try:
        assert export()["apps"] == {"shop": {"orders": ["ada@example.com"]}}
    finally:
        user_exported.disconnect(orders)


def test_an_app_that_fails_makes_no_half_file(signed_in_client):
    def broken(sender, user, **kwargs):
        raise ValueError(CANARY)

    user_exported.connect(broken)
    try:
        response = signed_in_client.post(PATH)
    finally:
        user_exported.disconnect(broken)
    assert response.status_code == 503
    assert CANARY not in response.text


def test_it_is_logged_and_not_mailed(export, caplog):
    caplog.set_level("INFO", "accounts.audit")
    export()

    assert "export.done" in caplog.text
    assert mail.outbox == []
