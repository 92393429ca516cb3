"""Actions of staff on users in the admin: confirmed, checked, and logged."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts.admin import confirming
from accounts.core import clients
from accounts.models import Session, User

from .paths import USERS, act, allow, confirm, log_of, press

pytestmark = pytest.mark.django_db

ACTIONS = ["suspend", "reactivate", "send-password-reset", "sync", "sign-out"]


# Confirmation


@pytest.mark.parametrize("action", ACTIONS)
def test_the_page_asks_and_does_nothing(root, shadow, directus, service_token, action):
    directus.forget_calls()

    pages = [root.get(f"{USERS}{shadow.pk}/{action}/"), act(root, action, shadow)]

    for page in pages:
        assert page.status_code == 200
        assert "Lovelace" in page.text
        assert 'value="yes"' in page.text
    assert not LogEntry.objects.exists()
    assert shadow.sessions.exists()
    directus.was_not_asked()


def test_the_page_of_a_user_offers_what_suits(root, shadow, local):
    page = root.get(f"{USERS}{shadow.pk}/change/").text
    of_local = root.get(f"{USERS}{local.pk}/change/").text

    assert f"{shadow.pk}/suspend/" in page
    assert f"{shadow.pk}/reactivate/" not in page
    assert f"{local.pk}/suspend/" not in of_local
    assert f"{local.pk}/sign-out/" in of_local


def test_the_page_of_a_user_has_no_choice_of_actions(root, shadow):
    assert "select_across" in root.get(USERS).text
    assert "select_across" not in root.get(f"{USERS}{shadow.pk}/change/").text


# Users who are left alone, and failures


def test_without_a_service_token_the_page_says_so(root, shadow):
    page = root.get(f"{USERS}{shadow.pk}/suspend/")
    response = press(root, shadow, "suspend")

    assert "DIRECTUS_SERVICE_TOKEN is not set" in page.text
    assert 'type="submit" value="Suspend' not in page.text
    assert "DIRECTUS_SERVICE_TOKEN is not set" in response.text


@pytest.mark.parametrize("action", ["suspend", "reactivate", "sync"])
def test_a_service_token_that_directus_refuses_ends_no_session(
    root, shadow, settings, directus, action
):
    settings.DIRECTUS_SERVICE_TOKEN = "unknown"

    response = press(root, shadow, action)

    assert "Directus rejected DIRECTUS_SERVICE_TOKEN" in response.text
    assert root.get("/admin/").status_code == 200
    assert shadow.sessions.exists()


def test_a_token_without_the_right_is_told_what_is_missing(
    root, directus, service_token, sign_in
):
    editor = directus.add_user("other@example.com", role="Editor")
    sign_in(editor, Client())
    user = User.objects.get(email=editor.email)

    response = press(root, user, "suspend")

    assert "may not change the status of users with the role Editor" in response.text
    assert editor.status == "active"
    assert user.sessions.exists()
    assert not log_of(user)


def test_the_licence_has_a_word(root, suspended, directus, service_token):
    directus.answers(
        403,
        {"errors": [{"message": "x", "extensions": {"code": "LIMIT_EXCEEDED"}}]},
        path=f"/users/{suspended.directus_id}",
        method="PATCH",
    )

    response = press(root, suspended, "reactivate")

    assert "licence allows no more active users" in response.text


def test_a_deleted_user_is_reported_as_deleted(
    root, shadow, ada, directus, service_token
):
    directus.delete(ada)

    response = press(root, shadow, "suspend")

    assert "the user was deleted in Directus" in response.text


def test_local_users_are_left_out(root, shadow, local, ada, service_token):
    page = act(root, "suspend", shadow, local)
    response = confirm(root, "suspend", shadow, local)

    assert "This is a local user, not in Directus." in page.text
    assert "1 user was suspended." in response.text
    assert "This is a local user, not in Directus." in response.text


def test_an_outage_is_503_and_nothing_was_done(
    root, shadow, ada, directus, service_token
):
    directus.is_down()

    response = press(root, shadow, "suspend")

    assert response.status_code == 503
    assert response["Retry-After"]
    assert "Directus does" in response.text or "Directus did" in response.text
    assert 'value="Suspend in Directus"' in response.text
    assert ada.status == "active"
    assert shadow.sessions.exists()


def test_an_outage_in_between_leaves_the_rest_to_be_tried(
    root, shadow, directus, service_token, sign_in
):
    people = [directus.add_user(f"p{n}@example.com", f"Secret {n} 1815") for n in "123"]
    for person in people:
        sign_in(person, Client())
    users = list(User.objects.filter(email__startswith="p").order_by("email"))
    directus.answers(503, {}, path=f"/users/{people[1].id}", times=9)

    response = confirm(root, "suspend", *users)

    assert response.status_code == 503
    assert "1 user was suspended." in response.text
    for user, is_left in zip(users, [False, True, True], strict=True):
        field = f'name="_selected_action"\n               value="{user.pk}"'
        assert (field in response.text) == is_left
    assert [person.status for person in people] == ["suspended", "active", "active"]


def test_a_lost_answer_is_said_and_can_be_tried_again(
    root, shadow, ada, directus, service_token, events
):
    directus.loses_answer(f"/users/{shadow.directus_id}", method="PATCH")

    response = press(root, shadow, "suspend")

    assert response.status_code == 503
    assert "may or may not have been done" in response.text
    assert "staff_action.unsure" in events()
    assert len(log_of(shadow)) == 1
    assert "was suspended" in press(root, shadow, "suspend").text
    assert not shadow.sessions.exists()


def test_a_run_that_takes_long_asks_about_the_users_left(
    root, shadow, directus, service_token, monkeypatch
):
    monkeypatch.setattr(confirming, "MOST_SECONDS", -1.0)

    response = press(root, shadow, "sync")

    assert "This took too long." in response.text
    assert shadow.sessions.exists()


def test_too_many_are_refused(root, shadow, local, monkeypatch):
    monkeypatch.setattr("accounts.admin.users.MOST_AT_ONCE", 1)

    response = act(root, "sync", shadow, local)

    assert "Select at most 1 users at a time." in response.text


# Sync


def test_a_sync_takes_what_directus_has_now(root, shadow, ada, service_token):
    ada.first_name = "Augusta"

    response = press(root, shadow, "sync")

    shadow.refresh_from_db()
    assert shadow.first_name == "Augusta"
    assert "1 user was synced." in response.text


def test_a_sync_signs_an_inactive_user_out(root, shadow, ada, service_token):
    ada.status = "archived"

    press(root, shadow, "sync")

    shadow.refresh_from_db()
    assert not shadow.is_active
    assert not shadow.sessions.exists()


def test_a_sync_decides_nothing_about_a_hidden_user(
    root, shadow, ada, directus, service_token
):
    directus.delete(ada)

    response = press(root, shadow, "sync")

    shadow.refresh_from_db()
    assert shadow.is_active
    assert "the user was deleted in Directus" in response.text


# Signing out


def test_signing_out_everywhere_ends_all_sessions(
    root, shadow, sign_in, ada, directus, events, service_token
):
    sign_in(ada, Client())
    directus.forget_calls()

    response = press(root, shadow, "sign-out")

    assert "1 user was signed out." in response.text
    assert not shadow.sessions.exists()
    assert not directus.sessions_of(ada)
    assert [call.path for call in directus.calls].count("/auth/logout") == 2
    assert "session.ended_by_staff" in events()
    assert len(log_of(shadow)) == 1


def test_signing_out_says_what_lives_on(root, shadow, service_token, directus):
    info = {"data": {"version": "10.13.4"}}
    directus.answers(200, info, path="/server/info", times=9)

    response = press(root, shadow, "sign-out")

    assert not shadow.sessions.exists()
    assert "Sessions elsewhere were not ended" in response.text


def test_signing_out_works_while_directus_is_away(root, shadow, directus):
    directus.is_down()

    response = press(root, shadow, "sign-out")

    assert response.status_code == 200
    assert not shadow.sessions.exists()
    assert "1 refresh token held here was not revoked." in response.text


def test_signing_oneself_out_everywhere_keeps_this_browser(root, directus, sign_in):
    other = sign_in(directus.state.find("root@example.com"), Client())
    user = User.objects.get(email="root@example.com")

    press(root, user, "sign-out")

    assert Session.objects.filter(user=user).count() == 1
    assert other.get("/").status_code == 302


# Permissions


@pytest.mark.parametrize(
    ("action", "permission"),
    [
        ("suspend", "suspend_user"),
        ("reactivate", "suspend_user"),
        ("send-password-reset", "send_password_reset"),
        ("sync", "change_user"),
        ("sign-out", "change_user"),
    ],
)
def test_each_needs_its_permission(
    editor, shadow, directus, service_token, action, permission
):
    others = {"suspend_user", "send_password_reset", "change_user"} - {permission}
    address = f"{USERS}{shadow.pk}/{action}/"
    allow("view_user", *others)
    directus.forget_calls()

    assert editor.get(address).status_code == 403
    assert editor.post(address, {"post": "yes"}).status_code == 403
    assert address not in editor.get(f"{USERS}{shadow.pk}/change/").text
    confirm(editor, action, shadow)

    directus.was_not_asked()
    assert shadow.sessions.exists()
    allow(permission)
    assert editor.get(address).status_code in {200, 403}
    allow("view_user", permission)
    assert editor.get(address).status_code == 200


def test_it_takes_a_form_of_this_site(root, shadow, service_token):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = root.cookies

    for action in ACTIONS:
        response = strict.post(f"{USERS}{shadow.pk}/{action}/", {"post": "yes"})
        assert response.status_code == 403
    assert shadow.sessions.exists()


def test_no_secret_shows(root, shadow, ada, directus, service_token, caplog):
    directus.answers(
        400,
        {
            "errors": [
                {
                    "message": f"canary {ada.password}",
                    "extensions": {"code": "FAILED_VALIDATION", "invalid": "canary"},
                }
            ]
        },
        path=f"/users/{shadow.directus_id}",
    )

    pages = [press(root, shadow, "suspend"), root.get(f"{USERS}{shadow.pk}/history/")]

    written = str([vars(record) for record in caplog.records])
    for secret in ("canary", service_token, ada.password):
        assert all(secret not in page.text for page in pages)
        assert secret not in written
    clients._transport.cache_clear()
