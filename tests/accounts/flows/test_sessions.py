"""The page of the own sessions: what it lists, and how a user ends them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Session, User

from ..account_pages import confirm_password, confirmed_long_ago
from ..signed_in import key_of, row_of, store_of

pytestmark = pytest.mark.django_db
PATH = "/account/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
TO_LOGIN = "/login/?next=/account/sessions/"


@pytest.fixture
def other(signed_in_client, sign_in, ada):
    """Another browser in which Ada is signed in."""
    return sign_in(ada, Client(), REMOTE_ADDR="203.0.113.9", HTTP_USER_AGENT=FIREFOX)


@pytest.fixture
def grace(signed_in_client, sign_in, directus):
    """A browser of another user."""
    user = directus.add_user("grace@example.com")
    return sign_in(user, Client(), REMOTE_ADDR="198.51.100.77")


def end(browser, other, **options):
    return browser.post(PATH, {"session": row_of(other).pk}, **options)


def is_in(browser):
    return browser.get(PATH).status_code == 200


def test_it_takes_a_sign_in(client, db):
    assert client.get(PATH)["Location"] == TO_LOGIN


def test_each_browser_is_shown_in_words(signed_in_client, other):
    page = signed_in_client.get(PATH)

    assert "Firefox on Linux" in page.text
    assert "203.0.113.9" in page.text
    assert page.text.count("This device") == 1
    assert "no-store" in page["Cache-Control"]


def test_this_browser_is_the_first(signed_in_client, other):
    first, second = signed_in_client.get(PATH).context["sessions"]

    assert (first.is_this_one, second.is_this_one) == (True, False)
    assert first.pk == row_of(signed_in_client).pk


def test_nothing_secret_is_shown(signed_in_client, other):
    text = signed_in_client.get(PATH).text

    for browser in (signed_in_client, other):
        tokens = store_of(browser).tokens.load()
        for secret in (key_of(browser), tokens.refresh_token, tokens.access_token):
            assert secret not in text


def test_no_other_users_and_no_ended_session_is_shown(signed_in_client, other, grace):
    Session.objects.filter(pk=row_of(other).pk).update(expire_date=timezone.now())

    page = signed_in_client.get(PATH)

    assert "198.51.100.77" not in page.text
    assert "203.0.113.9" not in page.text
    assert "You're not signed in anywhere else." in page.text


def test_ending_one_puts_it_out_at_its_next_click(
    signed_in_client, other, directus, ada
):
    assert len(directus.sessions_of(ada)) == 2
    assert end(signed_in_client, other)["Location"] == PATH

    assert other.get(PATH)["Location"] == TO_LOGIN
    assert is_in(signed_in_client)
    kept = store_of(signed_in_client).tokens.load().refresh_token
    assert directus.sessions_of(ada) == [kept]


def test_ending_all_others_leaves_this_one(signed_in_client, other, sign_in, ada):
    third = sign_in(ada, Client())

    page = signed_in_client.post(PATH, {"others": "1"}, follow=True)

    assert "Signed out of 2 other devices." in page.text
    assert '<a href="/account/password/">Change your password</a>' in page.text
    assert is_in(signed_in_client)
    assert not is_in(other)
    assert not is_in(third)


@pytest.mark.parametrize("what", ["one", "others"])
def test_it_takes_a_password_that_was_given_a_short_while_ago(
    signed_in_client, other, what
):
    form = {"others": "1"} if what == "others" else {"session": row_of(other).pk}
    confirmed_long_ago(signed_in_client)
    assert signed_in_client.get(PATH).status_code == 200

    response = signed_in_client.post(PATH, form)

    assert response["Location"] == "/account/confirm/?next=/account/sessions/"
    assert is_in(other)
    assert confirm_password(signed_in_client, next=PATH)["Location"] == PATH
    signed_in_client.post(PATH, form)
    assert not is_in(other)


def test_no_user_ends_a_session_of_another_user(signed_in_client, grace):
    page = end(signed_in_client, grace, follow=True)
    signed_in_client.post(PATH, {"others": "1"})

    assert "That device is already signed out." in page.text

    assert is_in(grace)


def test_a_page_that_is_out_of_date_ends_what_has_ended_without_a_word_of_error(
    signed_in_client, other
):
    pk = row_of(other).pk
    end(signed_in_client, other)

    page = signed_in_client.post(PATH, {"session": pk}, follow=True)

    assert page.redirect_chain == [(PATH, 302)]
    assert "That device is already signed out." in page.text


@pytest.mark.parametrize("pk", ["", "-1", "x", "²", "9" * 30, "1 or 1"])
def test_what_is_no_session_is_not_found(signed_in_client, pk):
    assert signed_in_client.post(PATH, {"session": pk}).status_code == 404


def test_an_outage_keeps_no_session_alive(signed_in_client, other, directus, caplog):
    directus.is_down()

    assert end(signed_in_client, other).status_code == 302

    directus.is_up()
    assert not is_in(other)
    assert "Tokens stay valid at Directus" in caplog.text


def test_it_is_written_down(signed_in_client, other, caplog):
    caplog.set_level("INFO", "accounts.audit")
    end(signed_in_client, other)

    (record,) = [r for r in caplog.records if r.event == "session.ended_by_user"]
    assert (record.user_id, record.sessions) == (User.objects.get().pk, 1)


def test_many_are_not_all_shown(signed_in_client):
    user = User.objects.get()
    seen = timezone.now() - timedelta(minutes=1)
    Session.objects.bulk_create(
        Session(
            session_key=f"{number:032}",
            user=user,
            session_data="",
            last_seen_at=seen,
            expire_date=timezone.now() + timedelta(hours=1),
        )
        for number in range(60)
    )

    page = signed_in_client.get(PATH)

    assert len(page.context["sessions"]) == 51
    assert "Some devices aren't shown" in page.text
    signed_in_client.post(PATH, {"others": "1"})
    assert Session.objects.filter(user=user).count() == 1
