"""A form of the account that is sent while Directus is away: the page stays."""

import pytest

from ..second_steps import AGAIN, OFF, SET_UP, START, begin
from ..signed_in import make_old
from ..steps import OTP_SECRET

pytestmark = pytest.mark.django_db

EMAIL = "/account/email/"
SECRET = "what was typed 7f3a9"
PASSWORD = {"current_password": SECRET}
NEW = {"new_password": SECRET + "!", "new_password_again": SECRET + "!"}
FORMS = {
    "/account/confirm/": PASSWORD,
    "/account/delete/": PASSWORD,
    "/account/password/": PASSWORD | NEW,
    START: PASSWORD,
    EMAIL: {"email": "typed@example.com"},
}


def assert_page_stays(page, field):
    assert page.status_code == 503
    assert 0 < int(page["Retry-After"]) <= 300
    assert f'name="{field}"' in page.text
    assert page["X-Request-ID"] in page.text
    assert "summary" in page.text
    assert SECRET not in page.text


@pytest.mark.parametrize("path", FORMS)
def test_the_page_stays_without_what_is_secret(
    signed_in_client, directus, service_token, path
):
    make_old(signed_in_client, minutes=10)
    directus.is_down()

    page = signed_in_client.post(path, FORMS[path])

    assert_page_stays(page, next(iter(FORMS[path])))
    assert ("typed@example.com" in page.text) == (path == EMAIL)


@pytest.mark.parametrize("path", [OFF, AGAIN])
def test_a_form_with_a_code_stays_as_well(signed_in_client, ada, directus, path):
    ada.otp_secret = OTP_SECRET
    make_old(signed_in_client, minutes=2)
    assert signed_in_client.get("/").status_code == 200
    make_old(signed_in_client, minutes=10)
    directus.is_down()

    page = signed_in_client.post(path, PASSWORD | {"otp": "123456"})

    assert_page_stays(page, "otp")
    assert "123456" not in page.text


def test_setting_up_stays_where_it_is(signed_in_client, ada, directus):
    begin(signed_in_client, ada.password)
    make_old(signed_in_client, minutes=10)
    directus.is_down()

    page = signed_in_client.post(SET_UP, {"otp": "123456"})

    assert_page_stays(page, "otp")
    directus.is_up()
    assert signed_in_client.get(SET_UP).status_code == 200
