"""Staff invite customers, send invitations again, and withdraw them."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.db import DatabaseError

from accounts.core import audit
from accounts.directus import DirectusClient, DirectusUnavailable
from accounts.flows import invitation_by_staff
from accounts.models import MailedLink, User
from tests.accounts.steps import NEW_PASSWORD, log_in, open_link

from .paths import USERS, allow, confirm, log_of, press

pytestmark = pytest.mark.django_db

EMAIL = "guest@example.com"
PAGE = f"{USERS}invite/"
ERROR = {"errors": [{"message": "x", "extensions": {"code": "LIMIT_EXCEEDED"}}]}


def invite(browser, email=EMAIL, language="de", **values):
    data = {"email": email, "first_name": "Gu", "last_name": "Est"}
    return browser.post(PAGE, data | {"language": language} | values, follow=True)


def links():
    return [re.search(r"http\S+token=\S+", sent.body)[0] for sent in mail.outbox]


def accept(browser, link):
    open_link(browser, link)
    data = {"new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD}
    return browser.post("/invite/", data)


@pytest.fixture
def guest(root, directus, site_mails):
    """The row of an invited user."""
    invite(root)
    directus.forget_calls()
    return User.objects.get(email=EMAIL)


# Permissions


def test_staff_with_the_permission_find_the_page(root, site_mails):
    assert f'href="{PAGE}"' in root.get(USERS).text

    page = root.get(PAGE)

    assert page.status_code == 200
    assert "Invite a customer" in page.text
    for name in ("English", "Deutsch", "Français", "日本語"):
        assert name in page.text


def test_staff_without_the_permission_get_403(editor, site_mails, directus):
    assert PAGE not in editor.get(USERS).text
    directus.forget_calls()

    assert editor.get(PAGE).status_code == 403
    assert invite(editor).status_code == 403
    directus.was_not_asked("/users")
    assert mail.outbox == []


def test_the_permission_alone_is_enough(editor, site_mails, directus):
    allow("view_user", "invite_user")

    assert "is on its way" in invite(editor).text
    assert directus.state.find(EMAIL).status == "invited"


def test_the_permission_needs_the_right_to_view_users(editor, site_mails):
    allow("invite_user", "view_session")

    assert editor.get(PAGE).status_code == 403


def test_there_is_a_permission_to_give():
    assert Permission.objects.filter(codename="invite_user").exists()


def test_customers_and_visitors_have_no_such_page(
    signed_in_client, client, site_mails, directus
):
    assert signed_in_client.get(PAGE).status_code in {302, 403}
    assert invite(signed_in_client).status_code != 200 or not directus.state.find(EMAIL)
    assert directus.state.find(EMAIL) is None


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"ACCOUNT_MAILS": "directus"}, "ACCOUNT_MAILS=site"),
        ({"DIRECTUS_SERVICE_TOKEN": ""}, "DIRECTUS_SERVICE_TOKEN is not set"),
        ({"DIRECTUS_CUSTOMER_ROLE": ""}, "DIRECTUS_CUSTOMER_ROLE is not set"),
    ],
)
def test_the_page_says_what_is_missing(
    root, site_mails, settings, directus, changes, missing
):
    for name, value in changes.items():
        setattr(settings, name, value)

    for page in (root.get(PAGE), invite(root)):
        assert page.status_code == 200
        assert missing in page.text
        assert 'name="email"' not in page.text
    assert directus.state.find(EMAIL) is None


# Inviting


def test_a_customer_is_invited(root, site_mails, directus, events, caplog):
    response = invite(root)

    user = User.objects.get(email=EMAIL)
    assert response.redirect_chain == [(f"{USERS}{user.pk}/change/", 302)]
    assert f"The invitation to {EMAIL} is on its way." in response.text
    found = directus.state.find(EMAIL)
    assert (found.status, found.password) == ("invited", None)
    assert (found.first_name, found.last_name) == ("Gu", "Est")
    assert (found.language, found.role) == ("de-DE", directus.state.role_id("Customer"))
    assert (user.status, user.is_active) == ("invited", False)
    assert str(user.directus_id) == found.id
    assert len(log_of(user)) == 1
    (line,) = [r for r in caplog.records if getattr(r, "event", "") == "invite.sent"]
    staff = User.objects.get(email="root@example.com")
    assert (line.staff_id, line.user_id) == (staff.pk, user.pk)
    assert line.email_digest == audit.email_digest(EMAIL)
    assert directus.mails == []


def test_the_body_has_no_password(root, site_mails, directus):
    invite(root)

    (call,) = [c for c in directus.calls_to("/users") if c.method == "POST"]
    assert "password" not in call.json
    assert call.json["status"] == "invited"


def test_the_mail_has_a_link_that_activates_the_account(
    root, site_mails, client, directus
):
    invite(root, EMAIL.upper())

    (sent,) = mail.outbox
    assert sent.to == [EMAIL]
    assert "root@example.com" not in sent.body
    assert accept(client, links()[0]).url == "/invite/done/"
    assert log_in(client, EMAIL, NEW_PASSWORD).url == "/"


def test_names_are_not_needed(root, site_mails, directus):
    invite(root, first_name="", last_name="")

    (call,) = [c for c in directus.calls_to("/users") if c.method == "POST"]
    assert not call.json.keys() & {"first_name", "last_name"}


@pytest.mark.parametrize(
    "values",
    [
        {"email": ""},
        {"email": "nonsense"},
        {"first_name": "x" * 51},
        {"last_name": "a\x07"},
        {"language": "xx"},
        {"language": ""},
    ],
)
def test_a_value_that_cannot_be_right_makes_no_call(root, site_mails, directus, values):
    directus.forget_calls()

    response = invite(root, **values)

    assert response.status_code == 200
    assert 'class="errorlist"' in response.text
    directus.was_not_asked("/users")


# Addresses with an account


@pytest.mark.parametrize("status", ["active", "unverified", "suspended", "archived"])
def test_staff_learn_that_there_is_an_account(root, site_mails, directus, status):
    directus.add_user("Guest@Example.com", "a secret", status=status)

    response = invite(root)

    assert response.status_code == 200
    assert f"already has an account. Its status is {status}." in response.text
    assert f'value="{EMAIL}"' in response.text
    assert mail.outbox == []
    assert len(directus.state.users) == 3


def test_a_mirrored_user_is_linked(root, shadow, ada, site_mails):
    response = invite(root, ada.email)

    assert f'<a href="{USERS}{shadow.pk}/change/">' in response.text


def test_the_second_of_two_tabs_learns_of_the_first(root, guest, directus):
    response = invite(root)

    assert "Its status is invited." in response.text
    assert f'<a href="{USERS}{guest.pk}/resend-invitation/">' in response.text
    assert len(mail.outbox) == 1


def test_an_address_that_is_taken_meanwhile(root, site_mails, directus):
    empty = {"data": []}
    directus.add_user(EMAIL, "a secret")
    directus.answers(200, empty, path="/users", method="GET", times=2)

    response = invite(root)

    assert "Its status is active." in response.text
    assert mail.outbox == []


def test_a_refusal_costs_no_mail_of_the_mailbox(root, site_mails, directus):
    for _ in range(5):
        directus.answers(403, ERROR, path="/users", method="POST")
        invite(root)

    assert "is on its way" in invite(root).text


# Trouble


def test_a_full_licence_is_told(root, site_mails, directus):
    directus.answers(403, ERROR, path="/users", method="POST")

    response = invite(root)

    assert "The Directus licence allows no more users." in response.text
    assert f'value="{EMAIL}"' in response.text
    assert not User.objects.filter(email=EMAIL).exists()


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"code": "FAILED_VALIDATION", "field": "email"}, "accept this address"),
        ({"code": "FAILED_VALIDATION", "field": "status"}, "run directus_setup"),
    ],
)
def test_a_refused_value_is_named(root, site_mails, directus, facts, text):
    body = {"errors": [{"message": "x", "extensions": facts}]}
    directus.answers(400, body, path="/users", method="POST")

    response = invite(root)

    assert response.status_code == 200
    assert text in response.text
    assert mail.outbox == []


def test_a_token_without_the_right_is_told(root, site_mails, directus):
    directus.state.lacks.add("directus_users.create")

    assert "run directus_setup" in invite(root).text


def test_a_refused_token_is_told(root, site_mails, settings):
    settings.DIRECTUS_SERVICE_TOKEN = "unknown"

    response = invite(root)

    assert "Directus rejected DIRECTUS_SERVICE_TOKEN" in response.text
    assert f'value="{EMAIL}"' in response.text


def test_an_outage_keeps_what_was_typed(root, site_mails, directus):
    directus.is_down()

    response = invite(root)

    assert response.status_code == 503
    assert response["Retry-After"]
    assert f'value="{EMAIL}"' in response.text
    assert 'value="de" selected' in response.text
    directus.is_up()
    assert "is on its way" in invite(root).text


def test_an_outage_that_staff_meet_first_keeps_what_was_typed(
    root, site_mails, directus, settings
):
    """The session has to be checked, and cannot be."""
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    directus.throttles()

    response = invite(root)

    assert response.status_code == 429
    assert f'value="{EMAIL}"' in response.text
    assert "errornote" in response.text


@pytest.mark.parametrize("lost", ["created", "read"])
def test_after_a_lost_answer_the_invitation_can_be_sent(
    root, site_mails, directus, monkeypatch, lost
):
    with monkeypatch.context() as patched:
        if lost == "created":
            directus.loses_answer("/users", method="POST")
        else:
            patched.setattr(DirectusClient, "get_user", _unavailable)
        first = invite(root)

    again = invite(root)

    assert first.status_code == 503
    assert f'value="{EMAIL}"' in first.text
    assert "Its status is invited." in again.text
    assert mail.outbox == []
    user = User.objects.get(email=EMAIL)
    assert f"{USERS}{user.pk}/resend-invitation/" in again.text
    assert "1 invitation was sent again." in press(root, user, "resend-invitation").text
    assert len(mail.outbox) == 1
    assert len([c for c in directus.calls_to("/users") if c.method == "POST"]) == 1


def _unavailable(*args, **kwargs):
    raise DirectusUnavailable("away")


@pytest.mark.parametrize("what", ["email", "status", "role"])
def test_another_account_than_the_created_one_gets_no_mail(
    root, site_mails, directus, what
):
    other = {"email": "x@example.com", "status": "active", "role": "Editor"}
    directus.is_late(
        "/users",
        '{"data": {"id"',
        lambda: directus.change(directus.state.find(EMAIL), **{what: other[what]}),
    )

    response = invite(root)

    assert response.status_code == 503
    assert mail.outbox == []
    assert not MailedLink.objects.exists()


def test_no_mailbox_is_filled(root, guest):
    for _ in range(2):
        press(root, guest, "resend-invitation")

    response = press(root, guest, "resend-invitation")

    assert "Too many emails to this user. Try again in 60 minutes." in response.text
    assert len(mail.outbox) == 3


def test_another_invitation_to_a_full_mailbox_creates_nothing(
    root, site_mails, directus
):
    for n in range(3):
        invite(root, f"guest+{n}@example.com")

    response = invite(root, "guest+last@example.com")

    assert response.status_code == 429
    assert "Too many emails to this user." in response.text
    assert directus.state.find("guest+last@example.com") is None


@pytest.mark.parametrize("place", ["_created", "_mail_link"])
def test_a_failure_says_no_address(root, site_mails, canaries, log, monkeypatch, place):
    def fail(*args):
        raise DatabaseError("boom")

    monkeypatch.setattr(invitation_by_staff, place, fail)
    root.raise_request_exception = False

    response = invite(root)

    assert response.status_code == 500
    (report,) = mail.outbox
    for text in (log.getvalue(), report.body, str(report.message()), response.text):
        assert EMAIL not in text


# Sending again, and withdrawing


def test_a_link_that_is_sent_again_voids_the_one_before(root, guest, client):
    response = press(root, guest, "resend-invitation")

    assert "1 invitation was sent again." in response.text
    older, newer = links()
    assert open_link(client, older).status_code == 400
    assert accept(client, newer).url == "/invite/done/"


def test_it_is_sent_in_the_language_of_the_profile(root, guest, directus):
    directus.state.find(EMAIL).language = "ja-JP"

    press(root, guest, "resend-invitation")

    assert User.objects.get(pk=guest.pk).language == "ja-JP"
    html = mail.outbox[-1].alternatives[0][0]
    assert 'lang="ja"' in html
    assert 'lang="de"' in mail.outbox[0].alternatives[0][0]


def test_a_withdrawn_invitation_leaves_nothing(root, guest, client, directus, events):
    response = press(root, guest, "withdraw-invitation")

    assert "1 invitation was withdrawn." in response.text
    assert directus.state.find(EMAIL) is None
    row = User.objects.get(pk=guest.pk)
    assert (row.email, row.first_name, row.is_active) == ("", "", False)
    assert row.deleted_at is not None
    assert not MailedLink.objects.exists()
    assert not any(EMAIL in line for line in log_of(guest))
    assert "invite.withdrawn" in events()
    assert accept(client, links()[0]).status_code == 400
    assert "is on its way" in invite(root).text


@pytest.mark.parametrize("action", ["resend-invitation", "withdraw-invitation"])
@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"status": "active"}, "the status in Directus is active"),
        ({"role": "Editor"}, "this user has another role"),
    ],
)
def test_only_customers_who_are_still_invited(
    root, guest, directus, action, changes, text
):
    directus.change(directus.state.find(EMAIL), **changes)

    response = press(root, guest, action)

    assert text in response.text
    assert directus.state.find(EMAIL) is not None
    assert len(mail.outbox) == 1


def test_an_invitation_that_is_accepted_meanwhile_is_not_withdrawn(
    root, guest, directus, client
):
    """Between the first look at the account and its deletion."""
    found = directus.state.find(EMAIL)
    directus.is_late(f"/users/{found.id}", EMAIL, lambda: accept(client, links()[0]))

    response = press(root, guest, "withdraw-invitation")

    assert "the status in Directus is active" in response.text
    assert directus.state.find(EMAIL).password == NEW_PASSWORD


@pytest.mark.parametrize("action", ["resend-invitation", "withdraw-invitation"])
def test_other_users_have_no_such_button(root, shadow, guest, action):
    assert f"{action}/" not in root.get(f"{USERS}{shadow.pk}/change/").text
    assert f"{action}/" in root.get(f"{USERS}{guest.pk}/change/").text

    response = press(root, shadow, action)

    assert "No invitation waits for this user." in response.text


@pytest.mark.parametrize("action", ["resend-invitation", "withdraw-invitation"])
def test_they_need_the_permission(editor, guest, directus, action):
    assert press(editor, guest, action).status_code == 403
    assert directus.state.find(EMAIL) is not None
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("action", ["resend-invitation", "withdraw-invitation"])
def test_without_the_sites_mails_they_say_so(root, guest, settings, directus, action):
    settings.ACCOUNT_MAILS = "directus"

    assert "ACCOUNT_MAILS=site" in press(root, guest, action).text
    assert directus.state.find(EMAIL) is not None


def test_an_outage_withdraws_nothing(root, guest, directus):
    directus.is_down()

    assert press(root, guest, "withdraw-invitation").status_code == 503
    directus.is_up()
    assert "was withdrawn" in press(root, guest, "withdraw-invitation").text


def test_a_token_that_may_not_delete_is_told(root, guest, directus):
    directus.state.service_deletes = False

    response = press(root, guest, "withdraw-invitation")

    assert "may not delete this account" in response.text
    assert User.objects.get(pk=guest.pk).deleted_at is None


def test_several_are_sent_again_from_the_list(root, guest, shadow):
    response = confirm(root, "resend-invitation", guest, shadow)

    assert "1 invitation was sent again." in response.text
    assert "No invitation waits for this user." in response.text
