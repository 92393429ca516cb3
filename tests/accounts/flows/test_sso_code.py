"""The one-time code of a user whom a provider signs in: a silent second round."""

import html

import pytest

from accounts.forms.sign_in import CODE_NOT_VALID
from accounts.models import SsoAttempt
from tests.fake_directus import one_time_code

from ..browser_form import Form
from ..sso_steps import (
    ADA,
    begin,
    come_back,
    problem,
    sign_in_with_provider,
    way_to_provider,
)
from ..steps import OTP_SECRET, let_pass

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]
CODE = "/sso/code/"


@pytest.fixture
def ada(directus):
    return directus.add_user(
        ADA.email,
        None,
        provider="exampleid",
        external_identifier=ADA.sub,
        otp_secret=OTP_SECRET,
    )


@pytest.fixture
def asked(client, directus, ada):
    """A browser that was asked for the code."""
    response = sign_in_with_provider(client, directus, next="/account/")
    assert response.url == CODE
    return client


def answer(browser, directus, code):
    """Type a code, and pass by the provider; return the answer of the callback."""
    response = browser.post(CODE, {"otp": code})
    return come_back(browser, directus.approve(way_to_provider(response), ADA))


def autofocused(page):
    inputs = Form(page.text).attributes.items()
    return [name for name, attributes in inputs if "autofocus" in attributes]


def test_the_code_is_asked_for(asked, directus):
    page = asked.get(CODE)

    assert page.status_code == 200
    assert "6-digit code" in page.text
    assert "Example ID" in page.text
    assert str(CODE_NOT_VALID) not in html.unescape(page.text)
    assert not SsoAttempt.objects.exists()


def test_the_page_begins_in_the_field_for_the_code(asked, directus):
    assert autofocused(asked.get(CODE)) == ["otp"]

    answer(asked, directus, "000000")

    assert autofocused(asked.get(CODE)) == ["otp"]


def test_the_right_code_signs_in(asked, directus):
    response = answer(asked, directus, one_time_code(OTP_SECRET))

    assert response.url == "/account/"
    assert asked.get("/").status_code == 200
    assert "sso_code" not in asked.session


def test_the_browser_does_not_carry_the_code(asked, directus):
    code = one_time_code(OTP_SECRET)

    response = asked.post(CODE, {"otp": code})

    assert code not in response.text
    (call,) = directus.calls_to("/auth/login/exampleid")[1:]
    assert call.query["otp"] == code


def test_a_wrong_code_is_asked_for_again_with_an_error_at_the_field(asked, directus):
    response = answer(asked, directus, "000000")

    assert response.url == CODE
    page = asked.get(CODE)
    assert str(CODE_NOT_VALID) in html.unescape(page.text)
    assert 'aria-invalid="true"' in page.text
    assert 'value="000000"' not in page.text
    assert answer(asked, directus, one_time_code(OTP_SECRET)).url == "/account/"


def test_what_is_no_code_is_not_sent(asked, directus):
    directus.forget_calls()

    assert "Enter the 6-digit code" in asked.post(CODE, {"otp": "x"}).text
    directus.was_not_asked()


def test_there_are_five_tries(asked, directus):
    for _ in range(5):
        assert answer(asked, directus, "000000").url == CODE

    response = asked.post(CODE, {"otp": "000000"}, follow=True)

    assert response.redirect_chain == [("/login/", 302)]
    assert "Too many incorrect codes. Sign in again." in response.text
    assert asked.get(CODE).url == "/login/"


def test_an_outage_uses_up_no_try(asked, directus):
    directus.is_down()
    for _ in range(6):
        assert asked.post(CODE, {"otp": "000000"}).status_code == 503
    directus.is_up()
    let_pass(minutes=5)

    assert "sso_code" in asked.session


def test_the_question_expires(asked):
    session = asked.session
    session["sso_code"] |= {"until": 0}
    session.save()

    response = asked.get(CODE, follow=True)

    assert response.redirect_chain == [("/login/", 302)]
    assert "Sign in again to continue." in response.text


def test_a_visitor_without_a_question_gets_no_session(client, directus):
    assert client.get(CODE).url == "/login/"
    assert not client.cookies


def test_a_code_works_once(asked, directus, ada):
    code = one_time_code(OTP_SECRET)
    answer(asked, directus, code)
    asked.post("/logout/")
    sign_in_with_provider(asked, directus)
    sessions = directus.sessions_of(ada)

    assert answer(asked, directus, code).url == CODE
    assert directus.sessions_of(ada) == sessions


def test_suspended_between_the_two_rounds(asked, directus, ada):
    directus.suspend(ada)

    response = answer(asked, directus, one_time_code(OTP_SECRET))

    assert problem(response) == "not-accepted"


def test_a_parallel_sign_in_keeps_its_own_record(asked, directus):
    url = way_to_provider(asked.post(CODE, {"otp": one_time_code(OTP_SECRET)}))
    begin(asked)

    assert come_back(asked, directus.approve(url, ADA)).url == "/account/"
