"""Forms from elsewhere, and requests that must not change anything."""

import re

import pytest
from django.apps import apps
from django.core import serializers
from django.test import Client

from ..steps import PASSWORD, ask_reset, log_in, open_link

pytestmark = pytest.mark.django_db

FORMS = {
    "/login/": {"email": "ada@example.com", "password": "Ada's secret 1815"},
    "/login/code/": {"otp": "123456"},
    "/logout/": {},
    "/register/": {
        "email": "new@example.com",
        "password": PASSWORD,
        "first_name": "New",
    },
    "/verify-email/": {},
    "/request-reset-password/": {"email": "ada@example.com"},
    "/reset-password/": {"new_password": PASSWORD, "new_password_again": PASSWORD},
    "/account/": {"first_name": "New"},
    "/account/confirm/": {"current_password": "Ada's secret 1815"},
    "/account/delete/": {"current_password": "Ada's secret 1815"},
    "/account/delete/keep/": {},
    "/account/email/": {"email": "new@example.com"},
    "/account/email/cancel/": {},
    "/account/email/confirm/": {},
    "/account/export/": {},
    "/account/password/": {"current_password": "Ada's secret 1815"},
    "/account/picture/change/": {},
    "/account/picture/remove/": {},
    "/account/sessions/": {"others": "1"},
    "/account/two-factor/": {},
    "/account/two-factor/again/": {},
    "/account/two-factor/codes/": {},
    "/account/two-factor/off/": {},
    "/account/two-factor/set-up/": {},
    "/invite/": {"new_password": PASSWORD, "new_password_again": PASSWORD},
    "/login/recovery/": {"code": "x"},
    "/admin/login/": {"username": "ada@example.com", "password": "x"},
    "/admin/logout/": {},
    "/admin/accounts/user/": {"action": "sign-out"},
}


@pytest.fixture
def strict():
    """A browser with the CSRF check on."""
    return Client(enforce_csrf_checks=True)


def token_in(page):
    return re.search(r'csrfmiddlewaretoken" value="(\w+)"', page.text)[1]


@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_a_token_is_refused(strict, ada, directus, path):
    strict.get("/login/")

    response = strict.post(path, FORMS[path])

    assert response.status_code == 403
    assert "This page has expired" in response.text
    directus.was_not_asked()


@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_a_token_is_refused_behind_the_sign_in_too(
    strict, signed_in_client, directus, path
):
    strict.cookies = signed_in_client.cookies

    response = strict.post(path, FORMS[path])

    assert response.status_code == 403
    directus.was_not_asked()
    assert strict.get("/").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver.evil.example"},
    ],
)
def test_a_form_from_another_site_is_refused_even_with_a_token(
    strict, ada, directus, headers
):
    token = token_in(strict.get("/login/"))
    data = FORMS["/login/"] | {"csrfmiddlewaretoken": token}

    assert strict.post("/login/", data, headers=headers).status_code == 403
    directus.was_not_asked()
    # The token was not the reason.
    assert strict.post("/login/", data).status_code == 302


def test_a_token_of_another_browser_is_refused(strict, ada, directus):
    other = Client(enforce_csrf_checks=True)
    token = token_in(other.get("/login/"))
    strict.get("/login/")

    data = FORMS["/login/"] | {"csrfmiddlewaretoken": token}

    assert strict.post("/login/", data).status_code == 403
    directus.was_not_asked()


def test_a_sign_in_changes_the_token(strict, ada):
    before = token_in(strict.get("/login/"))
    secret = strict.cookies["csrf"].value

    strict.post("/login/", FORMS["/login/"] | {"csrfmiddlewaretoken": before})

    assert strict.cookies["csrf"].value != secret
    old = strict.post("/logout/", {"csrfmiddlewaretoken": before})
    assert old.status_code == 403


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/json", "text/html", ""]
)
def test_a_form_of_an_odd_type_is_refused(strict, directus, content_type):
    strict.get("/login/")

    response = strict.post(
        "/register/", b'{"email":"a@example.com"}', content_type=content_type
    )

    assert response.status_code == 403
    directus.was_not_asked()


# Safe methods change nothing


def everything_stored():
    """Return all rows of this site's own tables, without times of visits."""
    return {
        model.__name__: serializers.serialize("json", model.objects.order_by("pk"))
        for model in apps.get_models()
    }


PAGES = [
    "/",
    "/login/",
    "/login/?next=/",
    "/login/code/",
    "/logout/",
    "/register/",
    "/register/done/",
    "/verify-email/",
    "/verify-email/done/",
    "/request-reset-password/",
    "/request-reset-password/done/",
    "/reset-password/",
    "/reset-password/done/",
    "/reset-password/unsure/",
    "/admin/",
    "/admin/login/",
    "/admin/logout/",
    "/admin/accounts/user/",
    "/admin/accounts/user/invite/",
    "/admin/accounts/session/",
    "/healthz",
    "/readyz",
    "/no-such-page/",
]


@pytest.mark.parametrize("method", ["get", "head", "options"])
@pytest.mark.parametrize("signed_in", [True, False])
def test_looking_changes_nothing(client, directus, ada, sign_in, method, signed_in):
    if signed_in:
        sign_in(ada)
    directus.forget_calls()
    before = everything_stored()

    for path in PAGES:
        response = getattr(client, method)(path)
        assert response.status_code in {200, 302, 400, 403, 404, 405}, path
        assert everything_stored() == before, path

    assert {call.path for call in directus.calls} <= {"/server/ping"}
    assert not signed_in or client.get("/").status_code == 200


def test_only_a_button_signs_out(signed_in_client):
    assert signed_in_client.get("/logout/").status_code == 405
    assert signed_in_client.head("/logout/").status_code == 405
    assert signed_in_client.get("/").status_code == 200


def test_the_page_of_a_button_says_what_it_is(signed_in_client):
    response = signed_in_client.get("/logout/")

    assert "Nothing was changed." in response.text
    assert response["Allow"] == "POST, OPTIONS"


def test_opening_a_link_stores_nothing(client, directus, ada):
    ask_reset(client)
    before = everything_stored()

    open_link(client, directus.last_link(ada.email))

    after = everything_stored()
    assert after == before


def test_a_visitor_who_only_looks_gets_no_session(client, ada):
    client.get("/login/")
    client.get("/login/code/")
    log_in(client)

    assert "session" not in client.cookies


# A proxy that leaves the port out of the Host header


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://testserver:8443", 302),
        ("https://testserver", 302),
        ("https://testserver:8444", 403),
        ("http://testserver:8443", 403),
        ("https://evil.example:8443", 403),
        ("null", 403),
    ],
)
def test_the_sites_own_address_is_an_origin_of_forms(
    strict, ada, settings, origin, status
):
    # Made by config/settings.py of PUBLIC_URL.
    settings.CSRF_TRUSTED_ORIGINS = ["https://testserver:8443"]
    form = {"email": ada.email, "password": ada.password}
    form["csrfmiddlewaretoken"] = token_in(strict.get("/login/", secure=True))

    response = strict.post("/login/", form, secure=True, headers={"origin": origin})

    assert response.status_code == status
