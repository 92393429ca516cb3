"""What Django's own views to sign in and out do, these do too."""

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client

from accounts.models import Session, User

from ..signed_in import rows_with, visit_site
from ..steps import log_in

pytestmark = pytest.mark.django_db


def test_a_sign_in_gives_the_session_a_new_key(client, ada):
    visit_site(client)
    before = client.cookies["session"].value

    log_in(client, ada.email, ada.password)

    after = client.cookies["session"].value
    assert after != before
    thief = Client()
    thief.cookies["session"] = before
    assert thief.get("/").status_code == 302


def test_a_session_key_that_a_stranger_chose_is_not_kept(client, ada):
    client.cookies["session"] = "a" * 32

    log_in(client, ada.email, ada.password)

    assert client.cookies["session"].value != "a" * 32
    assert not rows_with("a" * 32).exists()


def test_signing_in_as_another_user_keeps_nothing_of_the_first(
    client, ada, directus, sign_in
):
    sign_in(ada)
    session = client.session
    session["of the first"] = 1
    session.save()
    client.post("/logout/")
    grace = directus.add_user("grace@example.com")

    log_in(client, grace.email, grace.password)

    assert "of the first" not in client.session
    assert client.session[SESSION_KEY] == str(User.objects.get(email=grace.email).pk)


def test_a_sign_out_flushes_the_session(signed_in_client):
    key = signed_in_client.cookies["session"].value

    response = signed_in_client.post("/logout/")

    assert not rows_with(key).exists()
    assert "no-store" in response["Cache-Control"]
    assert response["Clear-Site-Data"] == '"storage"'


def test_a_sign_out_goes_where_it_was_told_on_this_site(signed_in_client):
    response = signed_in_client.post("/logout/", {"next": "/register/"})

    assert (response.status_code, response.url) == (302, "/register/")


def test_an_anonymous_visitor_can_sign_out_all_the_same(client):
    response = client.post("/logout/", follow=True)

    assert response.redirect_chain == [("/login/", 302)]
    assert not Session.objects.exists()


@pytest.mark.parametrize("method", ["put", "delete", "patch", "trace"])
def test_other_methods_sign_no_user_in(client, ada, directus, method):
    data = f"email={ada.email}&password={ada.password}"

    response = getattr(client, method)("/login/", data)

    assert response.status_code in {200, 405}
    directus.was_not_asked()


def test_an_active_session_of_a_user_made_inactive_is_over(signed_in_client):
    User.objects.update(is_active=False)

    assert signed_in_client.get("/").status_code == 302
