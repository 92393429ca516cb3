"""The local administrator, from listed addresses alone."""

import pytest

from accounts.models import User
from tests.accounts.flows import log_in

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


def test_nobody_forges_a_listed_address(client, directus, break_glass):
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


def test_who_broke_the_glass_is_out_when_it_is_switched_off(
    client, directus, break_glass, settings
):
    log_in(client, *LOCAL, **break_glass)
    settings.AUTHENTICATION_BACKENDS = ["accounts.backends.DirectusBackend"]

    assert client.get("/admin/", **break_glass).status_code == 302
