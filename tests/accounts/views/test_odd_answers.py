"""After any answer of Directus a visitor gets a page of this site, never a 500."""

from urllib.parse import urlsplit

import pytest
import requests

pytestmark = pytest.mark.django_db

PASSWORD = "a long enough password"
HTML = {"Content-Type": "text/html"}
NEW = {"email": "new@example.com", "password": PASSWORD, "first_name": "New"}


def error(code, **facts):
    extensions = {"code": code} | facts
    return {"errors": [{"message": "m", "extensions": extensions}]}


ODD = {
    "400": (400, error("INVALID_PAYLOAD")),
    "400 for a password": (
        400,
        error("FAILED_VALIDATION", field="password", type="regex", invalid=PASSWORD),
    ),
    "401": (401, error("INVALID_CREDENTIALS")),
    "401 for time": (401, error("TOKEN_EXPIRED")),
    "403": (403, error("FORBIDDEN")),
    "403 for a licence": (403, error("RESOURCE_RESTRICTED")),
    "403 for a limit": (403, error("LIMIT_EXCEEDED")),
    "403 for a token": (403, error("INVALID_TOKEN")),
    "404": (404, error("ROUTE_NOT_FOUND")),
    "409": (409, error("CONFLICT")),
    "429": (429, error("REQUESTS_EXCEEDED")),
    "500": (500, error("INTERNAL_SERVER_ERROR")),
    "503": (503, error("SERVICE_UNAVAILABLE")),
    "no data": (200, {}),
    "null": (200, {"data": None}),
    "a list": (200, {"data": [1]}),
}
BODIES = {
    "a page": (200, "<html>", HTML),
    "a proxy's 401": (401, "<html>", HTML),
    "a proxy's 502": (502, "<html>", HTML),
    "a redirect": (302, "", {"Location": "https://elsewhere.example.com/"}),
    "nothing": (204, "", {}),
    "not quite JSON": (200, '{"data": NaN}', {"Content-Type": "application/json"}),
}
FAILURES = {
    "refused": requests.ConnectionError,
    "timed out": requests.ReadTimeout,
    "broken off": requests.exceptions.ChunkedEncodingError,
    "no TLS": requests.exceptions.SSLError,
}


@pytest.fixture(params=[*ODD, *BODIES, *FAILURES])
def odd(request, directus):
    """Return a function that makes Directus answer oddly at a path."""
    name = request.param

    def odd(path):
        if name in ODD:
            status, body = ODD[name]
            directus.answers(status, body, path=path, times=99)
        elif name in BODIES:
            status, text, headers = BODIES[name]
            directus.answers(status, body=text, headers=headers, path=path, times=99)
        else:
            directus.fails(FAILURES[name](), path, times=99)

    return odd


def assert_page(response):
    assert response.status_code < 500 or response.status_code == 503
    assert PASSWORD not in response.text


@pytest.mark.parametrize("path", ["/auth/login", "/users/me"])
def test_signing_in(client, ada, odd, path):
    odd(path)

    response = client.post("/login/", {"email": ada.email, "password": ada.password})

    assert_page(response)
    assert ada.password not in response.text


@pytest.mark.parametrize("mode", ["register", "create"])
def test_signing_up(client, odd, settings, service_token, mode):
    settings.DIRECTUS_SIGNUP = mode
    odd("/users" if mode == "create" else "/users/register")

    assert_page(client.post("/register/", NEW))


def test_an_address_that_directus_does_not_take_is_told(client):
    response = client.post("/register/", NEW | {"email": "ada@corp.internal"})

    assert response.status_code == 200
    assert "sign up with this email address. Contact support." in response.text


def test_a_password_that_only_a_new_address_may_not_have_is_not_told(client, directus):
    directus.state.password_policy = "/^[0-9]{20,}$/"

    assert client.post("/register/", NEW).status_code == 302


@pytest.mark.parametrize(
    "path", ["/users", "/users/register/verify-email", "/auth/password/request"]
)
def test_confirming(client, directus, odd, service_token, path):
    for password in ("typed by a stranger", PASSWORD):
        client.post("/register/", NEW | {"password": password})
    link = urlsplit(directus.last_link(NEW["email"]))
    client.get(f"{link.path}?{link.query}")
    odd(path)

    assert_page(client.post("/verify-email/"))


@pytest.mark.parametrize("path", ["/auth/password/reset", "/server/ping"])
def test_resetting(client, ada, directus, odd, path):
    client.post("/request-reset-password/", {"email": ada.email})
    link = urlsplit(directus.last_link(ada.email))
    client.get(f"{link.path}?{link.query}")
    odd(path)

    typed = {"new_password": PASSWORD, "new_password_again": PASSWORD}
    assert_page(client.post("/reset-password/", typed))


def test_asking_for_a_reset_does_not_tell(client, ada, odd):
    odd("/auth/password/request")

    response = client.post("/request-reset-password/", {"email": ada.email})

    assert response.status_code == 302


@pytest.mark.parametrize("path", ["/users/me", "/auth/refresh"])
@pytest.mark.parametrize("profile", ["readable", "hidden"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_being_signed_in(
    signed_in_client, directus, odd, settings, path, profile, method
):
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    if profile == "hidden":
        directus.hides_profiles()
    directus.expires_access_tokens()
    odd(path)

    assert_page(getattr(signed_in_client, method)("/"))


def test_a_service_token_in_trouble_ends_no_session(
    signed_in_client, ada, directus, odd, settings, service_token
):
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    directus.hides_profiles()
    odd(f"/users/{ada.id}")

    assert signed_in_client.get("/").status_code == 200


def test_signing_out(signed_in_client, odd):
    odd("/auth/logout")

    assert signed_in_client.post("/logout/").status_code == 302
    assert signed_in_client.get("/").status_code == 302


def test_reading_the_policy(client, odd, service_token):
    odd("/settings")

    assert client.get("/register/").status_code == 200
