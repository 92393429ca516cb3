"""The main ways through the site, from the form to the page that it leads to."""

from urllib.parse import urlsplit

import pytest

from accounts.models import Session, SignUp, User
from tests.fake_directus import one_time_code

pytestmark = pytest.mark.django_db

PASSWORD = "a long enough password"
NEW_PASSWORD = "another long password"


def log_in(client, user, **more):
    data = {"email": user.email, "password": user.password} | more
    return client.post("/login/", data, follow=True)


def open_link(client, link):
    """Open a mailed link on the site, as its owner does."""
    parts = urlsplit(link)
    response = client.get(f"{parts.path}?{parts.query}", follow=True)
    assert "token" not in response.request["QUERY_STRING"]
    return response


def sign_up(client, email="new@example.com", password=PASSWORD):
    names = {"first_name": "New", "last_name": "Person"}
    data = {"email": email, "password": password} | names
    return client.post("/register/", data, follow=True)


def test_signing_in_shows_the_dashboard(client, ada):
    response = log_in(client, ada)

    assert response.redirect_chain == [("/", 302)]
    assert "Ada" in response.text
    assert User.objects.get().directus_id.hex == ada.id.replace("-", "")


def test_a_wrong_password_is_told_without_telling_more(client, ada):
    known = log_in(client, ada, password="wrong")
    unknown = log_in(client, ada, password="wrong", email="nobody@example.com")

    assert (known.status_code, unknown.status_code) == (200, 200)
    assert "Incorrect email address or password." in known.text
    assert "Incorrect email address or password." in unknown.text
    assert not User.objects.exists()


def test_an_outage_is_not_a_wrong_password(client, ada, directus):
    directus.is_down()

    response = log_in(client, ada)

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert ada.email in response.text
    assert ada.password not in response.text


def test_throttling_by_directus_is_passed_on(client, ada, directus):
    directus.throttles(retry_after=57)

    response = log_in(client, ada)

    assert (response.status_code, response["Retry-After"]) == (429, "57")


def test_a_second_factor_asks_for_the_code(client, directus):
    user = directus.add_user(otp_secret="BJ4A22TICIBESDBT", first_name="Ada")

    asked = log_in(client, user)
    code = one_time_code(user.otp_secret)
    response = client.post("/login/code/", {"otp": code}, follow=True)

    assert asked.redirect_chain == [("/login/code/", 302)]
    assert response.redirect_chain == [("/", 302)]
    assert "Ada" in response.text


def test_a_wrong_code_can_be_tried_again(client, directus):
    user = directus.add_user(otp_secret="BJ4A22TICIBESDBT")
    log_in(client, user)

    wrong = client.post("/login/code/", {"otp": "000000"})
    code = one_time_code(user.otp_secret)
    right = client.post("/login/code/", {"otp": code})

    assert (wrong.status_code, right.status_code) == (200, 302)


def test_signing_out_ends_the_session_here_and_at_directus(
    signed_in_client, ada, directus
):
    response = signed_in_client.post("/logout/", follow=True)

    assert response.redirect_chain == [("/login/", 302)]
    assert directus.sessions_of(ada) == []
    assert signed_in_client.get("/").status_code == 302


def test_signing_up_confirming_and_signing_in(client, directus, service_token):
    done = sign_up(client)
    page = open_link(client, directus.last_link("new@example.com"))
    confirmed = client.post("/verify-email/", follow=True)
    user = directus.state.find("new@example.com")
    home = log_in(client, user)

    assert done.redirect_chain == [("/register/done/", 302)]
    assert page.status_code == 200
    assert confirmed.redirect_chain == [("/verify-email/done/", 302)]
    assert user.status == "active"
    assert "New" in home.text


def test_opening_a_link_confirms_nothing(client, directus):
    sign_up(client)

    open_link(client, directus.last_link("new@example.com"))

    assert directus.state.find("new@example.com").status == "unverified"


def test_a_known_address_signs_up_like_a_new_one(client, ada, directus):
    known = sign_up(client, ada.email)

    assert known.redirect_chain == [("/register/done/", 302)]
    assert directus.mails == []


def test_a_password_that_a_stranger_typed_first_is_replaced(
    client, directus, service_token
):
    sign_up(client, password="typed by a stranger")
    sign_up(client, password=PASSWORD)

    open_link(client, directus.last_link("new@example.com"))
    client.post("/verify-email/")

    user = directus.state.find("new@example.com")
    assert user.status == "active"
    assert user.password not in {"typed by a stranger", PASSWORD}
    assert directus.mails[-1].subject == "Password Reset Request"
    assert not SignUp.objects.exists()


def test_resetting_a_password_ends_all_sessions(client, ada, directus, sign_in):
    sign_in(ada)
    client.cookies.clear()

    asked = client.post("/request-reset-password/", {"email": ada.email}, follow=True)
    open_link(client, directus.last_link(ada.email))
    typed = {"new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD}
    changed = client.post("/reset-password/", typed, follow=True)

    assert asked.redirect_chain == [("/request-reset-password/done/", 302)]
    assert changed.redirect_chain == [("/reset-password/done/", 302)]
    assert ada.password == NEW_PASSWORD
    assert not Session.objects.filter(user__email=ada.email).exists()
    assert directus.sessions_of(ada) == []


def test_a_link_to_reset_works_once(client, ada, directus):
    client.post("/request-reset-password/", {"email": ada.email})
    link = directus.last_link(ada.email)
    typed = {"new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD}
    open_link(client, link)
    client.post("/reset-password/", typed)

    open_link(client, link)
    response = client.post("/reset-password/", typed)

    assert response.status_code == 400
    assert "This link is no longer valid" in response.text


def test_a_lost_answer_to_a_reset_leaves_a_doubt(client, ada, directus):
    client.post("/request-reset-password/", {"email": ada.email})
    open_link(client, directus.last_link(ada.email))
    directus.loses_answer("/auth/password/reset")

    typed = {"new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD}
    response = client.post("/reset-password/", typed, follow=True)

    assert response.redirect_chain == [("/reset-password/unsure/", 302)]
    assert ada.password == NEW_PASSWORD


def test_an_unknown_address_asks_for_a_reset_like_a_known_one(client, directus):
    response = client.post(
        "/request-reset-password/", {"email": "nobody@example.com"}, follow=True
    )

    assert response.redirect_chain == [("/request-reset-password/done/", 302)]
    assert directus.mails == []


def test_a_suspended_user_is_signed_out_at_the_next_validation(
    signed_in_client, ada, directus, settings
):
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    directus.suspend(ada)

    response = signed_in_client.get("/")

    assert (response.status_code, response.url) == (302, "/login/?next=/")
    assert not Session.objects.filter(user__email=ada.email).exists()


def test_a_deleted_user_is_signed_out_at_the_next_validation(
    signed_in_client, ada, directus, settings
):
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    directus.delete(ada)

    assert signed_in_client.get("/").status_code == 302


def test_a_signed_in_user_keeps_reading_during_an_outage(
    signed_in_client, directus, settings
):
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    directus.is_down()

    response = signed_in_client.get("/")

    assert response.status_code == 200
    assert "Ada" in response.text


def test_an_access_token_that_is_refused_is_renewed_once(
    signed_in_client, ada, directus, settings
):
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    directus.expires_access_tokens()

    response = signed_in_client.get("/")

    assert response.status_code == 200
    directus.was_asked_once("/auth/refresh")


@pytest.mark.parametrize(
    "path",
    ["/login/", "/register/", "/request-reset-password/", "/healthz", "/readyz"],
)
def test_a_visitor_may_open(client, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/verify-email/", 400),
        ("/reset-password/", 400),
        ("/login/code/", 302),
        ("/admin/", 302),
        ("/", 302),
        ("/no-such-page/", 404),
    ],
)
def test_a_visitor_is_turned_away(client, directus, path, status):
    assert client.get(path).status_code == status
    directus.was_not_asked()
