"""An address says little about an account: what concerns one leaves others alone."""

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client

from accounts.directus import DirectusUnavailable
from accounts.flows import deletion_local, email_change, mailed_links, sign_up
from accounts.models import MailedLink, Session, User
from accounts.sync import webhook
from accounts.throttling import attempts

from ..signed_in import row_of
from ..steps import ask_reset, choose_password, log_in, open_link
from ..sync.mirrored import local, session_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(ada):
    """A local administrator with the address of Ada, signed in."""
    # Directus is known to know that address: nothing else of Ada's would be sent on.
    User.objects.create(directus_id=ada.id, email=ada.email, password="!")
    root = User.objects.create_superuser(ada.email.upper(), "a long local password")
    session_of(root)
    return root


@pytest.fixture
def local_browser(root, client, settings):
    """A browser in which that administrator has signed in."""
    settings.BREAK_GLASS_ADDRESSES = ["127.0.0.1"]
    settings.AUTHENTICATION_BACKENDS = [
        "accounts.backends.BreakGlassBackend",
        *settings.AUTHENTICATION_BACKENDS,
    ]
    assert log_in(client, root.email, "a long local password").status_code == 302
    return client


def reset(browser, directus, address):
    """Choose a new password by mail."""
    ask_reset(browser, address)
    open_link(browser, directus.last_link(address))
    return choose_password(browser)


@pytest.mark.parametrize("has_token", [True, False])
def test_a_reset_leaves_a_local_administrator_alone(
    root, ada, directus, sign_in, request, has_token
):
    if has_token:
        request.getfixturevalue("service_token")
    sign_in(ada, Client())

    assert reset(Client(), directus, ada.email).status_code == 302

    assert Session.objects.exclude(user=None).get().user == root


def test_a_reset_in_the_administrators_own_browser_does_so_too(
    root, ada, directus, local_browser
):
    key = row_of(local_browser).pk

    reset(local_browser, directus, ada.email)

    assert Session.objects.filter(pk=key, user=root).exists()


@pytest.fixture
def moved(ada, directus, sign_in, service_token):
    """Ada after she has another address, which is not known here, and the new owner."""
    address = ada.email
    browser = sign_in(ada, Client())
    directus.state.users[ada.id].email = "ada-now@example.com"
    heir = directus.add_user(address, "Grace's secret 1906")
    return browser, heir


def test_a_reset_ends_the_sessions_of_the_address_new_owner(
    moved, directus, sign_in, ada
):
    browser, heir = moved
    sign_in(heir, Client())
    user = local(ada)
    purpose = MailedLink.Purpose.EMAIL_CHANGE
    mailed_links.make(purpose, str(user.pk), "next@example.com", user.directus_id)

    reset(Client(), directus, heir.email)

    assert [row.user for row in Session.objects.exclude(user=None)] == [local(ada)]
    assert browser.get("/").status_code == 200
    assert email_change.pending(local(ada))


def test_a_reset_finds_a_user_known_here_under_an_older_address(
    directus, ada, sign_in, service_token
):
    sign_in(ada, Client())
    directus.state.users[ada.id].email = "ada-now@example.com"

    reset(Client(), directus, "ada-now@example.com")

    assert not Session.objects.filter(user=local(ada)).exists()
    assert mail.outbox[-1].to == ["ada-now@example.com"]


def test_a_reset_ends_sessions_though_directus_does_not_name_the_user(
    directus, ada, sign_in, service_token, monkeypatch
):
    sign_in(ada, Client())

    def is_away(client, email):
        raise DirectusUnavailable("timed out")

    ask_reset(Client(), ada.email)
    browser = Client()
    open_link(browser, directus.last_link(ada.email))
    monkeypatch.setattr("accounts.directus.DirectusClient.find_users_by_email", is_away)
    assert choose_password(browser).status_code == 302

    assert not Session.objects.filter(user=local(ada)).exists()


def test_a_deletion_keeps_the_failures_of_the_address_new_owner(
    moved, ada, directus, sign_in
):
    _browser, heir = moved
    sign_in(heir, Client())
    for _ in range(3):
        log_in(Client(), heir.email, "wrong")
    sign_up._count(heir.email)
    before = attempts.counted_for(heir.email)
    assert before

    deletion_local.erase(local(ada), is_finished=True)

    assert attempts.counted_for(heir.email) == before
    assert sign_up.SignUp.objects.exists()


def test_messages_syncs_and_sign_outs_leave_a_local_administrator_alone(
    root, ada, directus, service_token, sign_in
):
    sign_in(ada, Client())
    call_command("directus_sync")
    message = {"event": "users.delete", "keys": [ada.id], "fields": ["email"]}
    directus.delete(ada)
    webhook.follow(
        webhook.Message(message["event"], (local(ada).directus_id,)), root.created_at
    )
    call_command("directus_sync", max_deactivate=100.0)

    root.refresh_from_db()
    assert (root.is_active, root.is_superuser, root.directus_id) == (True, True, None)
    assert Session.objects.get().user == root


def test_a_local_sign_in_makes_no_browser_known_to_the_account_of_directus(
    root, ada, local_browser
):
    local_browser.post("/logout/")
    for _ in range(12):
        log_in(Client(), ada.email, "wrong")

    # Where strangers are refused, this browser is one of them.
    assert log_in(local_browser, ada.email, ada.password).status_code != 302


def test_the_admin_shows_no_failures_of_others_with_a_local_user(
    root, ada, local_browser
):
    for _ in range(12):
        log_in(Client(), ada.email, "wrong")

    page = local_browser.get(f"/admin/accounts/user/{root.pk}/change/")

    assert page.status_code == 200
    assert "after too many failures" not in page.text
