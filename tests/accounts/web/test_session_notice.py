"""A browser with an ended session gets a notice, and no other browser does."""

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import Session, User
from accounts.sessions.ending import end_sessions
from accounts.sync import webhook

from ..signed_in import make_old, rows_with

pytestmark = pytest.mark.django_db
RESET = "/request-reset-password/"
ENDED = "been signed out. Sign in to continue."


def end(browser, how):
    user = User.objects.get(sessions__isnull=False)
    rows = Session.objects.filter(user=user)
    if how == "revoked":
        try:
            call_command("directus_revoke", str(user.pk), verbosity=0)
        except CommandError:
            # Directus' answer does not matter here.
            pass
    elif how == "the webhook":
        fields = frozenset({"password"})
        message = webhook.Message("users.update", (user.directus_id,), fields)
        webhook.follow(message, timezone.now())
    elif how == "deleted in the admin":
        rows.get().delete()
    elif how == "too old":
        rows.update(expire_date=timezone.now())
    else:
        end_sessions(rows)


@pytest.mark.parametrize(
    "how", ["revoked", "the webhook", "ended", "deleted in the admin", "too old"]
)
def test_a_browser_whose_session_has_ended_is_told_once(
    signed_in_client, directus, service_token, how
):
    end(signed_in_client, how)

    page = signed_in_client.get("/", follow=True)

    assert page.redirect_chain == [("/login/?next=/", 302)]
    assert ENDED in page.text
    assert f'<a href="{RESET}">Reset your password</a>' in page.text
    assert "Your last change" not in page.text
    assert ENDED not in signed_in_client.get("/", follow=True).text


def test_what_was_sent_last_was_not_saved(signed_in_client):
    end(signed_in_client, "ended")

    page = signed_in_client.post("/", follow=True)

    assert ENDED in page.text
    assert "Your last change" in page.text


def test_a_visitor_is_told_nothing_and_gets_no_session(client):
    page = client.get("/", follow=True)

    assert ENDED not in page.text
    assert not Session.objects.exists()


@pytest.mark.parametrize("key", ["x" * 32, "0" * 32])
def test_an_unknown_key_gets_the_same_answer(db, key):
    browser = Client()
    browser.cookies[settings.SESSION_COOKIE_NAME] = key

    assert ENDED in browser.get("/", follow=True).text
    assert not rows_with(key).exists()


def test_nonsense_for_a_key_is_no_session(client):
    client.cookies[settings.SESSION_COOKIE_NAME] = "../../etc/passwd"

    assert ENDED not in client.get("/", follow=True).text
    assert not Session.objects.exists()


def test_a_user_who_signs_out_is_not_told_so(signed_in_client):
    signed_in_client.post("/logout/")

    assert ENDED not in signed_in_client.get("/", follow=True).text


def test_public_pages_say_nothing(signed_in_client):
    end(signed_in_client, "ended")

    assert ENDED not in signed_in_client.get("/login/").text


@pytest.mark.parametrize("is_refused", [False, True])
def test_a_photo_of_the_page_does_not_use_up_the_notice(
    signed_in_client, directus, ada, is_refused
):
    if is_refused:
        make_old(signed_in_client, minutes=2)
        directus.suspend(ada)
    else:
        end(signed_in_client, "ended")
    photo = {"sec-fetch-dest": "image"}

    answer = signed_in_client.get("/account/picture/", headers=photo)

    assert (answer.status_code, answer.content) == (401, b"")
    assert ENDED in signed_in_client.get("/", follow=True).text


def test_a_user_deactivated_a_moment_ago_is_told(signed_in_client):
    User.objects.update(is_active=False)
    assert Session.objects.count() == 1

    assert ENDED in signed_in_client.get("/", follow=True).text
