"""Directus does not accept the site's own token any more: no session ends."""

import io

import pytest
from django.test import Client
from PIL import Image

from accounts.models import Session, User
from tests.fake_directus.state import SERVICE

from ..account_pages import OWN_PASSWORD, ask_email, change_password
from ..signed_in import make_old
from ..steps import log_in

pytestmark = pytest.mark.django_db
PAGES = [
    "/",
    "/account/",
    "/account/delete/",
    "/account/email/",
    "/account/export/",
    "/account/password/",
    "/account/picture/",
    "/account/sessions/",
    "/account/two-factor/",
]


@pytest.fixture
def here(signed_in_client, ada, directus, service_token, settings):
    """Ada's browser; the token was revoked in Directus."""
    settings.DIRECTUS_PROFILE_FIELDS = ["company"]
    directus.add_field("company", "string")
    User.objects.update(picture_id="6f9619ff-8b86-4d01-b42d-00cf4fc964ff")
    users = directus.state.users.values()
    (site,) = [u for u in users if directus.state.role_name(u.role) == SERVICE]
    site.token = "another-token"
    return signed_in_client


def is_signed_in(browser):
    return (
        Session.objects.exclude(user=None).exists()
        and browser.get("/").status_code == 200
    )


def picture():
    file = io.BytesIO()
    Image.new("RGB", (10, 10)).save(file, "PNG")
    file.name = "me.png"
    file.seek(0)
    return file


@pytest.mark.parametrize("hides", [False, True])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_shown(here, directus, path, hides):
    if hides:
        directus.hides_profiles()
    make_old(here, minutes=2)

    response = here.get(path)

    # In place of a picture that cannot be read there is a drawing.
    where = response.headers.get("Location", "")
    assert (response.status_code, where) in {(200, ""), (302, "/static/picture.svg")}
    assert is_signed_in(here)


@pytest.mark.parametrize(
    "send",
    [
        lambda browser: browser.post(
            "/account/", {"first_name": "Augusta", "last_name": "King", "company": "x"}
        ),
        lambda browser: browser.post(
            "/account/picture/change/", {"picture": picture()}
        ),
        lambda browser: browser.post("/account/picture/remove/"),
        lambda browser: change_password(browser),
        ask_email,
        lambda browser: browser.post("/account/export/"),
        lambda browser: browser.post(
            "/account/delete/", {"current_password": OWN_PASSWORD}
        ),
        lambda browser: browser.post(
            "/account/two-factor/", {"current_password": OWN_PASSWORD}
        ),
    ],
    ids=[
        "profile",
        "picture",
        "no picture",
        "password",
        "email",
        "export",
        "delete",
        "factor",
    ],
)
def test_no_form_signs_out_or_fails(here, directus, send, caplog):
    response = send(here)

    assert response.status_code in {200, 302, 503}
    assert "/login/" not in response.headers.get("Location", "")
    assert is_signed_in(here)


def test_a_sign_in_takes_no_name_and_no_role(here, ada, directus):
    """The site's own token reads a profile that its customer may not read."""
    directus.hides_profiles()
    columns = ("first_name", "last_name", "role_id", "role_name", "picture_id")
    before = User.objects.values(*columns).get(directus_id=ada.id)
    assert all(before.values())

    response = log_in(Client(), ada.email, ada.password)

    assert response.status_code == 302
    assert User.objects.values(*columns).get(directus_id=ada.id) == before


def test_without_a_token_a_role_is_not_known(here, ada, directus, settings):
    directus.hides_profiles()
    settings.DIRECTUS_SERVICE_TOKEN = ""

    log_in(Client(), ada.email, ada.password)

    assert User.objects.get(directus_id=ada.id).role_id is None
