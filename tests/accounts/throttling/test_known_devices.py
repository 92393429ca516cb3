"""Browsers in which the account has signed in before."""

import pytest

from ..guessing import fail
from ..steps import log_in

pytestmark = pytest.mark.django_db


def test_strangers_do_not_lock_the_owner_out(client, ada, sign_in):
    owner = sign_in(ada)
    owner.post("/logout/")
    fail(100, type(client)())

    assert log_in(owner, ada.email, ada.password).status_code == 302


def test_a_known_browser_has_five_attempts_of_its_own(client, ada, sign_in):
    owner = sign_in(ada)
    owner.post("/logout/")

    assert fail(6, owner) == [200] * 5 + [429]


def test_a_browser_is_known_to_its_own_accounts_only(client, ada, directus, sign_in):
    eve = directus.add_user("eve@example.com", "Eve's own password")
    attacker = sign_in(eve)
    attacker.post("/logout/")
    fail(5, type(client)())

    assert log_in(attacker, ada.email, ada.password).status_code == 429


@pytest.mark.parametrize("cookie", ["", "x", "e30:1:x", "\x00", "eyJ" * 1000])
def test_a_forged_device_cookie_is_no_device(client, ada, cookie):
    fail(5, client)
    client.cookies["device"] = cookie

    assert log_in(client, ada.email, ada.password).status_code == 429


def test_the_device_cookie_opens_nothing(client, ada, sign_in):
    device = sign_in(ada).cookies["device"].value
    other = type(client)()
    other.cookies["device"] = device

    assert other.get("/").status_code == 302
    assert len(device) < 1000
