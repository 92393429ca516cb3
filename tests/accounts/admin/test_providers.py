"""Users of single sign-on providers in the admin."""

import pytest

from accounts.models import Session, User

from .paths import SESSIONS, USERS, confirm, press

pytestmark = pytest.mark.django_db


@pytest.fixture
def of_provider(shadow, ada):
    """Ada's row; a provider signs her in."""
    ada.provider = "exampleid"
    User.objects.filter(pk=shadow.pk).update(provider="exampleid")
    shadow.refresh_from_db()
    return shadow


@pytest.fixture
def unknown(shadow):
    """A user of whom Directus did not tell the provider."""
    User.objects.filter(pk=shadow.pk).update(provider="")
    return shadow


def test_the_list_has_a_column_and_a_filter(root, of_provider):
    User.objects.filter(email="root@example.com").update(provider="default")

    everyone = root.get(USERS)
    theirs = root.get(USERS, {"provider": "exampleid"})

    assert '<td class="field-sign_in_provider">exampleid</td>' in everyone.text
    assert '<td class="field-sign_in_provider">Password</td>' in everyone.text
    assert '<a href="?provider=exampleid">exampleid</a>' in everyone.text
    assert '<a href="?provider=default">Password</a>' in everyone.text
    assert "1 user" in theirs.text
    assert "root@example.com</a>" not in theirs.text


@pytest.mark.parametrize("value", ["", "nowhere", "\x00"])
def test_an_unknown_provider_filters_nothing(root, of_provider, value):
    page = root.get(USERS, {"provider": value})

    assert page.status_code == 200
    assert "2 users" in page.text


def test_the_page_of_a_user_names_the_provider_and_no_field_changes_it(
    root, of_provider
):
    url = f"{USERS}{of_provider.pk}/change/"

    page = root.get(url)
    root.post(url, {"provider": "default", "sign_in_provider": "default"})

    assert '<div class="readonly">exampleid</div>' in page.text
    of_provider.refresh_from_db()
    assert of_provider.provider == "exampleid"


def test_an_unknown_provider_is_no_password(root, unknown):
    page = root.get(f"{USERS}{unknown.pk}/change/")

    assert '<div class="readonly">Password</div>' not in page.text


def test_a_session_says_how_it_was_begun(root, of_provider):
    session = of_provider.sessions.get()
    Session.objects.filter(pk=session.pk).update(provider="exampleid")
    own = Session.objects.get(user__email="root@example.com")

    listed = root.get(SESSIONS)
    theirs = root.get(f"{SESSIONS}{session.pk}/change/")
    mine = root.get(f"{SESSIONS}{own.pk}/change/")

    assert '<td class="field-signed_in_with">exampleid</td>' in listed.text
    assert '<td class="field-signed_in_with">Password</td>' in listed.text
    assert '<div class="readonly">exampleid</div>' in theirs.text
    assert '<div class="readonly">Password</div>' in mine.text


@pytest.mark.parametrize("way", ["button", "list"])
def test_a_user_without_a_password_gets_no_link_to_choose_one(
    root, of_provider, directus, way
):
    if way == "button":
        response = press(root, of_provider, "send-password-reset")
    else:
        me = User.objects.get(email="root@example.com")
        response = confirm(root, "send-password-reset", of_provider, me)

    assert "Signs in through exampleid and has no password" in response.text
    assert [mail.to for mail in directus.mails] == (
        [] if way == "button" else ["root@example.com"]
    )


def test_the_page_of_a_provider_s_user_does_not_offer_the_link(root, of_provider):
    page = root.get(f"{USERS}{of_provider.pk}/change/")

    assert "send-password-reset" not in page.text
    assert f"{of_provider.pk}/suspend/" in page.text
