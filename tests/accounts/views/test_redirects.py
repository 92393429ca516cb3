"""Where a sign-in leads, and which address mails name."""

from urllib.parse import urlsplit

import pytest

from tests.fake_directus import one_time_code

from ..steps import OTP_SECRET, ask_reset, log_in, send_code, sign_up

pytestmark = pytest.mark.django_db

ELSEWHERE = [
    "//evil.example",
    "//evil.example/",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "\n//evil.example",
    " //evil.example",
    "\x00//evil.example",
    "\x1f//evil.example",
    "\u00a0//evil.example",
    "http://evil.example",
    "https://evil.example",
    "HTTP://evil.example",
    "http:evil.example",
    "https:evil.example",
    "http:/evil.example",
    "http:///evil.example",
    "http:\\\\evil.example",
    "//testserver@evil.example",
    "http://testserver@evil.example",
    "http://testserver:80@evil.example",
    "http://testserver.evil.example",
    "http://evil.example/testserver",
    "http://evil.example#testserver",
    "http://evil.example?testserver",
    "//evil\u3002example",
    "//evil.example\u2044",
    "http://[::1]/",
    "http://2130706433/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "ftp://testserver/",
    "http://testserver/account/",
    "//testserver/account/",
    "foo",
    "foo/bar",
    "#top",
    "?page=2",
    "é",
    "..",
    "../account/",
    "./",
    " /account/",
    "accounts:logout",
    "dashboard:home",
    "admin:index",
    "accounts.User",
    "accounts/user",
    "django.contrib.auth.views",
    "None",
    "{}",
    "%2Faccount%2F",
    "/" + "é" * 1000,
    "/" + "\U0001f511" * 600,
    "//",
    "http://",
    "/" + "a" * 60_000,
]
WITH_LINE_BREAKS = [
    "/%0d%0aSet-Cookie:x=1",
    "/\r\nSet-Cookie: x=1",
    "/\u560d\u560aSet-Cookie: x=1",
]
LOCAL = ["/", "/?a=1&b=%2F%2Fevil.example", "/account/#top", "/login/", "/a//b"]


def assert_local(response):
    location = urlsplit(response["Location"])
    assert response.status_code == 302
    assert not location.scheme
    assert not location.netloc
    assert response["Location"].startswith("/")
    assert not response["Location"].startswith(("//", "/\\"))
    assert "\n" not in response["Location"]
    assert len(response["Location"]) < 3000


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_sign_in_leads_elsewhere(client, ada, target):
    response = log_in(client, ada.email, ada.password, data={"next": target})

    assert_local(response)
    assert response["Location"] == "/"


@pytest.mark.parametrize("target", ELSEWHERE[:8])
def test_nor_does_the_address_of_the_form(client, ada, target):
    page = client.get("/login/", {"next": target})
    response = client.post(
        "/login/",
        {"email": ada.email, "password": ada.password},
        query_params={"next": target},
    )

    assert "evil.example" not in page.text
    assert_local(response)


@pytest.mark.parametrize("target", ELSEWHERE)
def test_nor_does_the_step_with_the_code(client, directus, target):
    user = directus.add_user(otp_secret=OTP_SECRET)
    log_in(client, user.email, user.password, data={"next": target})

    response = send_code(client, one_time_code(OTP_SECRET))
    assert_local(response)
    assert response["Location"] == "/"


@pytest.mark.parametrize("target", ELSEWHERE[:8])
def test_nor_do_the_admins_doors(client, target):
    response = client.get("/admin/login/", {"next": target}, follow=True)

    assert response.redirect_chain[0][0].startswith("/login/")
    assert "evil.example" not in response.text


@pytest.mark.parametrize("target", [*ELSEWHERE, "/logout/", "/logout/?x=1"])
def test_nor_does_a_sign_out(signed_in_client, target):
    response = signed_in_client.post("/logout/", {"next": target})

    assert response["Location"] == "/login/"


@pytest.mark.parametrize("target", ELSEWHERE)
def test_nor_does_the_page_that_asks_for_the_password(signed_in_client, ada, target):
    form = {"current_password": ada.password, "next": target}

    assert signed_in_client.post("/account/confirm/", form).url == "/account/"


@pytest.mark.parametrize("target", WITH_LINE_BREAKS)
def test_no_target_writes_a_header(client, ada, target):
    response = log_in(client, ada.email, ada.password, data={"next": target})

    assert_local(response)
    assert "x" not in response.cookies


@pytest.mark.parametrize("target", LOCAL)
def test_local_targets_are_honoured(client, ada, target):
    response = log_in(client, ada.email, ada.password, data={"next": target})

    assert response["Location"] == target


def test_a_target_survives_the_step_with_the_code(client, directus):
    user = directus.add_user(otp_secret=OTP_SECRET)
    log_in(client, user.email, user.password, data={"next": "/?page=2"})

    response = send_code(client, one_time_code(OTP_SECRET))

    assert response["Location"] == "/?page=2"


def test_a_page_that_needs_a_sign_in_comes_back_after_it(client, ada):
    asked = client.get("/?page=2")
    form = client.get(asked.url)

    assert asked.url == "/login/?next=/%3Fpage%3D2"
    assert 'name="next" value="/?page=2"' in form.text


# The Host header belongs to the visitor


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "testserver.evil.example"},
        {"host": "evil.example:80"},
        {"host": "testserver@evil.example"},
        {"host": "testserver:evil"},
    ],
)
@pytest.mark.parametrize("send", [ask_reset, sign_up])
def test_a_foreign_host_is_refused(client, directus, send, headers):
    assert send(client, headers=headers).status_code == 400
    directus.was_not_asked()


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-host": "evil.example"},
        {"x-host": "evil.example"},
        {"forwarded": "host=evil.example"},
        {"x-forwarded-server": "evil.example"},
        {"x-original-url": "http://evil.example/"},
        {"host": "testserver:8123"},
    ],
)
def test_links_in_mails_start_with_the_sites_own_address(client, directus, headers):
    ask_reset(client, headers=headers)
    sign_up(client, headers=headers)

    reset = directus.was_asked_once("/auth/password/request").json
    verify = directus.was_asked_once("/users/register").json
    assert reset["reset_url"] == "http://testserver/reset-password/"
    assert verify["verification_url"] == "http://testserver/verify-email/"


def test_links_follow_public_url(client, directus, settings):
    settings.PUBLIC_URL = "https://www.example.com"
    # The fake, as Directus, knows the site's usual address alone.
    directus.state.site_url = settings.PUBLIC_URL

    ask_reset(client)

    reset = directus.was_asked_once("/auth/password/request").json
    assert reset["reset_url"] == "https://www.example.com/reset-password/"
