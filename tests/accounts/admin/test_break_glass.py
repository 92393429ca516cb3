"""The local administrator, from listed addresses alone."""

import time

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import aauthenticate

from accounts.models import Session, User
from accounts.passwords import local as break_glass_module
from tests.accounts.steps import log_in

from .paths import LOCAL

pytestmark = pytest.mark.django_db


@pytest.fixture
def break_glass(settings, local):
    """Let the local administrator sign in from one network."""
    settings.BREAK_GLASS_ADDRESSES = ["10.0.0.0/24"]
    settings.AUTHENTICATION_BACKENDS = [
        "accounts.backends.BreakGlassBackend",
        *settings.AUTHENTICATION_BACKENDS,
    ]
    return {"REMOTE_ADDR": "10.0.0.7"}


def test_the_local_administrator_gets_in_from_a_listed_address(
    client, directus, break_glass, caplog
):
    directus.is_down()

    response = log_in(client, *LOCAL, **break_glass)

    assert response.status_code == 302
    assert client.get("/admin/", **break_glass).status_code == 200
    alarms = [r for r in caplog.records if r.levelname == "WARNING"]
    assert [record.event for record in alarms] == ["break_glass.used"]
    directus.was_not_asked()


@pytest.mark.parametrize("address", ["10.0.1.7", "203.0.113.1", "::1"])
def test_and_from_no_other(client, directus, break_glass, address):
    assert log_in(client, *LOCAL, REMOTE_ADDR=address).status_code == 200
    assert client.get("/").status_code == 302


def test_a_listed_address_cannot_be_forged(client, directus, break_glass):
    response = log_in(
        client,
        *LOCAL,
        REMOTE_ADDR="203.0.113.1",
        headers={"x-forwarded-for": "10.0.0.7"},
    )

    assert response.status_code == 200


def test_a_wrong_local_password_is_an_alarm_and_counted(
    client, directus, break_glass, caplog
):
    for _ in range(6):
        log_in(client, LOCAL[0], "wrong", **break_glass)
    directus.forget_calls()

    assert log_in(client, *LOCAL, **break_glass).status_code != 302
    alarms = [r for r in caplog.records if getattr(r, "event", "").startswith("break")]
    assert {record.event for record in alarms} == {"break_glass.refused"}
    assert {record.reason for record in alarms} == {"INVALID_CREDENTIALS", "Throttled"}


@pytest.mark.parametrize(
    "change",
    [{"is_superuser": False}, {"is_active": False}],
)
def test_only_an_active_superuser_breaks_the_glass(
    client, directus, break_glass, local, change
):
    User.objects.filter(pk=local.pk).update(**change)

    assert log_in(client, *LOCAL, **break_glass).status_code == 200


def test_customers_sign_in_from_a_listed_address_as_ever(
    client, ada, directus, break_glass
):
    assert log_in(client, ada.email, ada.password, **break_glass).status_code == 302


def test_the_local_administrator_is_out_when_it_is_switched_off(
    client, directus, break_glass, settings
):
    log_in(client, *LOCAL, **break_glass)
    settings.AUTHENTICATION_BACKENDS = ["accounts.backends.DirectusBackend"]

    assert client.get("/admin/", **break_glass).status_code == 302


def come_in(client, break_glass):
    assert log_in(client, *LOCAL, **break_glass).status_code == 302


@pytest.mark.parametrize("address", ["10.0.1.7", "203.0.113.1"])
@pytest.mark.parametrize("path", ["/admin/", "/", "/account/"])
def test_the_session_is_good_from_listed_addresses_alone(
    client, break_glass, address, path, caplog
):
    come_in(client, break_glass)
    caplog.set_level("INFO", "accounts.audit")

    response = client.get(path, REMOTE_ADDR=address)

    assert (response.status_code, response["Location"]) == (302, f"/login/?next={path}")
    assert "session.ended" in caplog.text
    # Ended, and not only refused.
    assert client.get("/admin/", **break_glass).status_code == 302
    assert not Session.objects.exclude(user=None).exists()


@pytest.mark.parametrize("is_on", [True, False])
@pytest.mark.parametrize("email", [LOCAL[0], LOCAL[0].upper()])
def test_a_local_password_is_never_sent_to_directus(
    client, directus, break_glass, settings, is_on, email
):
    if not is_on:
        settings.BREAK_GLASS_ADDRESSES = []
        settings.AUTHENTICATION_BACKENDS = settings.AUTHENTICATION_BACKENDS[1:]

    response = log_in(client, email, LOCAL[1], REMOTE_ADDR="203.0.113.1")

    assert response.status_code == 200
    assert "Incorrect email address or password." in response.text
    directus.was_not_asked()


def test_nor_after_too_many_wrong_ones(client, directus, break_glass):
    for _ in range(12):
        log_in(client, LOCAL[0], "wrong", **break_glass)
    directus.forget_calls()

    log_in(client, *LOCAL, **break_glass)

    directus.was_not_asked()


def test_typed_elsewhere_it_is_answered_as_a_wrong_one(
    client, directus, break_glass, settings
):
    settings.SIGN_IN_FLOOR_SECONDS = 0.3
    answers = []
    for password in ("wrong", LOCAL[1]):
        began = time.monotonic()
        response = log_in(client, LOCAL[0], password, REMOTE_ADDR="203.0.113.1")
        assert time.monotonic() - began >= 0.3
        answers.append((response.status_code, response.context["form"].errors))

    assert answers[0] == answers[1]


def test_typed_elsewhere_it_is_counted_as_a_wrong_one(client, break_glass):
    statuses = [
        log_in(client, *LOCAL, REMOTE_ADDR="203.0.113.1").status_code for _ in range(6)
    ]

    assert statuses == [200] * 5 + [429]


@pytest.fixture
def namesake(directus, break_glass):
    """A mirrored user with the local administrator's address."""
    user = directus.add_user(LOCAL[0], "another password 1815")
    User.objects.create(email=LOCAL[0], directus_id=user.id, password="!")
    directus.forget_calls()
    return user


def test_a_directus_user_may_have_the_same_address(client, namesake):
    elsewhere = {"REMOTE_ADDR": "203.0.113.1"}

    response = log_in(client, namesake.email, namesake.password, **elsewhere)

    assert response.status_code == 302
    assert client.get("/", **elsewhere).status_code == 200


def test_the_local_password_stays_here_all_the_same(
    client, namesake, directus, monkeypatch
):
    """The refusal takes as long as Directus takes for a wrong password."""
    naps = []
    monkeypatch.setattr(break_glass_module.time, "sleep", naps.append)

    response = log_in(client, *LOCAL, REMOTE_ADDR="203.0.113.1")

    assert "Incorrect email address or password." in response.text
    assert 0.5 in naps
    directus.was_not_asked()


@pytest.mark.parametrize("password", ["wrong", LOCAL[1], LOCAL[1] + "x"])
def test_nothing_that_is_typed_for_a_local_address_is_sent_or_compared(
    client, directus, break_glass, password, monkeypatch
):
    monkeypatch.setattr(break_glass_module, "check_password", lambda *_: 1 / 0)

    response = log_in(client, LOCAL[0], password, REMOTE_ADDR="203.0.113.1")

    assert response.status_code == 200
    directus.was_not_asked()


def test_asynchronously_the_same_counts(rf, break_glass, directus):
    def try_from(address):
        request = rf.get("/")
        request.client_address = address
        found = async_to_sync(aauthenticate)
        return found(request, username=LOCAL[0], password=LOCAL[1])

    assert try_from("203.0.113.1") is None
    assert try_from("10.0.0.7").is_superuser
    directus.was_not_asked()
