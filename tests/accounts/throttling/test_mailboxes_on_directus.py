"""Mail bombs with mails of Directus, on a real one."""

import secrets

import pytest

from tests.on_wire.site import Browser

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("directus_mails")]
PASSWORD = "Correct-horse-battery-1"


def bomb(site, path, **form):
    """Send a form from eight addresses; return the statuses."""
    return [Browser(site.ports.site).post(path, **form).status for _ in range(8)]


def test_strangers_fill_no_mailbox_and_the_owner_gets_a_mail(
    live_site, mailbox, make_customer
):
    ada = make_customer()
    owner = Browser(live_site.ports.site)
    owner.sign_in(ada)

    statuses = bomb(live_site, "/request-reset-password/", email=ada.email)
    before = live_site.mark()
    page = owner.post("/request-reset-password/", email=ada.email)

    assert statuses == [302] * 5 + [429] * 3
    assert page.status == 302
    assert len(live_site.calls(before, "/auth/password/request")) == 1
    for _ in range(6):
        mailbox.wait_for(ada.email, "Password Reset")
    assert mailbox.count(ada.email) == 0


def test_the_same_address_is_signed_up_five_times_an_hour(live_site, mailbox):
    name = secrets.token_hex(6)
    email = f"bombed-{name}@example.com"
    before = live_site.mark()

    statuses = bomb(
        live_site,
        "/register/",
        email=email,
        password=PASSWORD,
        first_name="A",
        last_name="B",
    )
    tagged = bomb(
        live_site, "/request-reset-password/", email=f"bombed-{name}+x@example.com"
    )

    assert statuses == [302] * 5 + [429] * 3
    assert tagged == [429] * 8
    assert len(live_site.calls(before, "/users/register")) == 5
    assert live_site.calls(before, "/auth/password/request") == []
    for _ in range(5):
        mailbox.wait_for(email, "Verify")
    assert mailbox.count(email) == 0
