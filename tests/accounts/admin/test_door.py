"""One way into the admin, and rights that follow the role."""

import pytest
from django.db import IntegrityError, transaction

from accounts.directus import TokenPair
from accounts.models import Session, User
from accounts.sessions import SessionStore
from tests.accounts.steps import log_in
from tests.fake_directus import ADMINISTRATOR

from .paths import LOCAL

pytestmark = pytest.mark.django_db


def test_the_admin_sends_visitors_to_the_sites_own_door(client):
    response = client.get("/admin/accounts/user/", follow=True)

    assert response.redirect_chain == [("/login/?next=/admin/accounts/user/", 302)]
    assert 'name="password"' in response.text


@pytest.mark.parametrize("path", ["/admin/login/", "/admin/", "/admin/?next=/admin/"])
def test_a_local_password_opens_no_door(client, local, directus, path):
    data = {"username": LOCAL[0], "email": LOCAL[0], "password": LOCAL[1]}

    client.post(path, data | {"next": "/admin/"})
    log_in(client, *LOCAL)

    assert client.get("/admin/").status_code == 302
    assert not Session.objects.exclude(user=None).exists()


def test_the_admin_comes_back_after_the_sign_in(client, directus, settings):
    settings.DIRECTUS_STAFF_ROLES = [ADMINISTRATOR]
    person = directus.add_user("root@example.com", role=ADMINISTRATOR)
    page = client.get("/admin/login/?next=/admin/auth/", follow=True)
    assert page.redirect_chain[-1][0] == "/login/?next=/admin/auth/"

    response = log_in(
        client, person.email, person.password, data={"next": "/admin/auth/"}
    )

    assert response.url == "/admin/auth/"


def test_a_customer_is_told_that_this_is_not_for_customers(signed_in_client):
    response = signed_in_client.get("/admin/", follow=True)

    assert response.status_code == 403
    assert "You don't have access to this page" in response.text


@pytest.mark.parametrize("path", ["password_change/", "password_change/done/"])
def test_the_admin_changes_no_passwords(root, path):
    assert root.get(f"/admin/{path}").status_code == 404
    assert root.post(f"/admin/{path}").status_code == 404


def test_signing_out_of_the_admin_signs_out_of_the_site(root, directus):
    response = root.post("/admin/logout/")

    assert (response.status_code, response.url) == (302, "/login/")
    assert root.get("/").status_code == 302
    assert directus.calls_to("/auth/logout")


def test_no_mirrored_user_can_have_a_password(shadow):
    shadow.set_password("a password of its own")

    with pytest.raises(IntegrityError), transaction.atomic():
        shadow.save()


# Rights follow the role


def test_an_administrator_of_directus_has_no_rights_here_by_default(
    client, directus, sign_in
):
    sign_in(directus.add_user("root@example.com", role=ADMINISTRATOR))

    user = User.objects.get()
    assert not user.is_staff
    assert not user.is_superuser
    assert client.get("/admin/", follow=True).status_code == 403


def test_rights_follow_the_role_within_a_minute(root, directus, settings):
    assert root.get("/admin/").status_code == 200
    settings.DIRECTUS_REVALIDATE_SECONDS = 0

    settings.DIRECTUS_STAFF_ROLES = settings.DIRECTUS_SUPERUSER_ROLES = []

    assert root.get("/admin/", follow=True).status_code == 403
    user = User.objects.get(email="root@example.com")
    assert not user.is_staff
    assert not user.is_superuser


def test_a_demoted_administrator_is_out_of_the_admin(root, directus, settings):
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    person = directus.state.find("root@example.com")

    directus.change(person, role="Customer")

    assert root.get("/admin/", follow=True).status_code == 403


def test_what_a_token_claims_gives_nothing(signed_in_client, ada, directus, settings):
    """Rights come from Directus' answers, never from the claims of a token."""
    settings.DIRECTUS_STAFF_ROLES = [ADMINISTRATOR]
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    forged = "eyJhbGciOiJub25lIn0.eyJhZG1pbl9hY2Nlc3MiOnRydWV9."
    store = SessionStore(signed_in_client.cookies["session"].value)
    store.tokens.start(TokenPair(forged, "refresh", 9_999_999_999))

    response = signed_in_client.get("/admin/")

    assert response.status_code == 302
    assert not User.objects.get().is_staff
