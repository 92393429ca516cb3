"""The sign-up form: added fields, terms, programs that fill it in, a form of one's own.

The tests run in both modes, if the mode matters.
"""

from time import time as time_now

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.core.checks import check_settings
from accounts.forms.checks import check_sign_up_form
from accounts.models import SignUp, TermsAcceptance, User

from ..steps import (
    NEW_PASSWORD,
    PASSWORD,
    confirm,
    confirm_with_password,
    log_in,
    mailed_link,
    open_link,
    sign_up,
)

pytestmark = pytest.mark.django_db

EMAIL = "new@example.com"
TERMS = "https://www.example.com/terms"
PLANS = {"choices": [{"text": "Small", "value": "s"}, {"text": "Large", "value": "l"}]}
CAPTCHA = "tests.accounts.forms.sign_up_forms.CaptchaSignUpForm"


def ids():
    return [message.id for message in check_settings(None)]


def created(directus):
    """Return what was sent to create users."""
    calls = directus.calls_to("/users")
    return [call.json for call in calls if call.method == "POST"]


@pytest.fixture(params=["site", "directus"])
def mode(request, settings, service_token):
    """Both ways, with a service token."""
    settings.ACCOUNT_MAILS = request.param
    return request.param


@pytest.fixture
def fields(settings, directus):
    """A function that adds a field to users and to the sign-up page."""
    settings.DIRECTUS_SIGNUP_FIELDS = []

    def add(name, type="string", **described):
        directus.add_field(name, type, **described)
        settings.DIRECTUS_SIGNUP_FIELDS = [*settings.DIRECTUS_SIGNUP_FIELDS, name]

    return add


# Fields that operators add


def test_added_fields_are_asked_for_and_kept(client, directus, mode, fields):
    translations = [{"language": "de-DE", "translation": "Firma"}]
    fields("company", required=True, translations=translations)
    fields("plan", interface="select-dropdown", options=PLANS)
    fields("employees", "integer")

    page = client.get("/register/", headers={"Accept-Language": "de"})
    assert page.context["form"]["company"].label == "Firma"
    assert ("s", "Small") in page.context["form"].fields["plan"].choices
    lacking = sign_up(client, EMAIL)
    assert list(lacking.context["form"].errors) == ["company"]
    assert created(directus) == []
    data = {"company": "Engines", "plan": "l", "employees": ""}
    assert sign_up(client, EMAIL, data=data).status_code == 302

    (sent,) = created(directus)
    assert (sent["company"], sent["plan"]) == ("Engines", "l")
    assert "employees" not in sent
    assert directus.state.find(EMAIL).company == "Engines"


def test_directus_own_registration_gets_no_added_fields(
    client, directus, service_token, fields
):
    fields("company")
    sign_up(client, EMAIL, data={"company": "Engines"})

    assert "company" not in directus.was_asked_once("/users/register").json


def test_without_a_token_added_fields_are_left_out(client, directus, fields):
    fields("company", required=True)

    assert "company" not in client.get("/register/").context["form"].fields
    assert sign_up(client, EMAIL).status_code == 302


@pytest.mark.parametrize("described", [{"hidden": True}, {"readonly": True}])
def test_a_field_that_visitors_cannot_fill_in(
    client, directus, site_mails, fields, described
):
    fields("company", **described)

    assert "company" not in client.get("/register/").context["form"].fields


def test_a_field_that_does_not_exist(client, directus, site_mails, settings, caplog):
    settings.DIRECTUS_SIGNUP_FIELDS = ["company"]

    assert client.get("/register/").status_code == 200
    assert "does not describe the field company of users" in caplog.text


def test_an_outage_before_the_fields_are_known(client, directus, site_mails, fields):
    fields("company", required=True)
    directus.is_down()

    assert client.get("/register/").status_code == 503
    page = sign_up(client, EMAIL)
    assert page.status_code == 503
    assert f'value="{EMAIL}"' in page.text


def test_an_outage_after_the_fields_are_known(client, directus, site_mails, fields):
    fields("company", required=True)
    client.get("/register/")
    directus.is_down()

    assert "company" in client.get("/register/").context["form"].fields
    page = sign_up(client, EMAIL, data={"company": "Engines"})
    assert page.status_code == 503
    assert 'value="Engines"' in page.text


def test_a_value_that_directus_refuses_is_left_out(
    client, directus, site_mails, fields, caplog
):
    """Showing it would reveal that the address is new."""
    fields("vat", validation={"_regex": "^AT"})

    assert sign_up(client, EMAIL, data={"vat": "secret-number"}).status_code == 302

    assert "secret-number" not in caplog.text
    user = directus.state.find(EMAIL)
    assert (user.first_name, user.password == PASSWORD) == ("New", False)
    open_link(client, mailed_link(EMAIL))
    assert confirm(client).status_code == 200
    confirm_with_password(client)
    assert log_in(Client(), EMAIL, NEW_PASSWORD).status_code == 302


def test_a_field_that_the_token_may_not_write(client, directus, site_mails, fields):
    """The same answer for all addresses: Directus looks at rights first."""
    fields("company")
    directus.add_user("ada@example.com")
    directus.state.lacks = {"directus_users.create:company"}

    for email in (EMAIL, "ada@example.com"):
        page = sign_up(client, email, data={"company": "Engines"})
        assert page.status_code == 503


def test_the_classic_sign_up_tells_which_value_is_refused(
    client, directus, service_token, settings, fields
):
    settings.DIRECTUS_SIGNUP = "create"
    fields("vat", validation={"_regex": "^AT"})

    page = sign_up(client, EMAIL, data={"vat": "x"})

    assert list(page.context["form"].errors) == ["vat"]


@pytest.mark.parametrize(
    "names", [["role"], ["first_name"], ["terms"], ["a.b"], ["company", "email"]]
)
def test_a_wrong_name_is_found_at_start(settings, service_token, names):
    settings.PUBLIC_URL = "http://localhost:8000"
    settings.DIRECTUS_SIGNUP_FIELDS = names

    assert ids() == ["accounts.E012"]


def test_fields_that_are_left_out_are_told_at_start(settings):
    settings.DIRECTUS_SIGNUP_FIELDS = ["company"]
    settings.ACCOUNT_DELETION = "off"
    settings.PUBLIC_URL = "http://localhost:8000"

    assert ids() == ["accounts.W006"]


def test_site_mode_needs_the_role_of_customers(settings, site_mails):
    settings.DIRECTUS_CUSTOMER_ROLE = ""
    settings.PUBLIC_URL = "http://localhost:8000"

    assert ids() == ["accounts.E014"]


# Terms


def test_terms_have_to_be_accepted(client, directus, mode, settings):
    settings.TERMS_URL = TERMS
    assert f'href="{TERMS}"' in client.get("/register/").text

    page = sign_up(client, EMAIL)

    error = "Accept the terms of use to continue."
    assert page.context["form"].errors == {"terms": [error]}
    assert created(directus) == []
    # A link within a link would be two.
    assert '<a href="#id_terms">Terms of use</a>' in page.text


def test_the_time_is_kept_until_the_first_sign_in(client, settings, site_mails):
    settings.TERMS_URL = TERMS
    sign_up(client, EMAIL, data={"terms": "on"})
    accepted_at = TermsAcceptance.objects.get().accepted_at
    open_link(client, mailed_link(EMAIL))
    confirm(client)
    log_in(Client(), EMAIL, PASSWORD)

    assert User.objects.get().terms_accepted_at == accepted_at


def test_the_owner_who_chooses_a_password_accepts_the_terms(
    client, settings, site_mails
):
    settings.TERMS_URL = TERMS
    for _ in range(2):
        sign_up(client, EMAIL, data={"terms": "on"})
    TermsAcceptance.objects.all().delete()
    open_link(client, mailed_link(EMAIL))

    page = confirm_with_password(client)
    assert list(page.context["form"].errors) == ["terms"]
    confirm_with_password(client, data={"terms": "on"})
    log_in(Client(), EMAIL, NEW_PASSWORD)

    assert User.objects.get().terms_accepted_at is not None


def test_the_buttons_of_providers_say_what_they_accept(client, provider, settings):
    assert "By continuing" not in client.get("/register/").text
    settings.TERMS_URL = TERMS

    assert "By continuing" in client.get("/register/").text


# Programs


def test_a_program_gets_the_usual_answer_for_nothing(client, directus, mode, caplog):
    page = client.get("/register/")
    assert 'tabindex="-1"' in page.text
    directus.forget_calls()

    filled = sign_up(client, EMAIL, data={"your_website": "http://spam.example"})

    usual = sign_up(Client(), "other@example.com")
    assert (filled.status_code, filled.url) == (usual.status_code, usual.url)
    assert sorted(filled.cookies) == sorted(usual.cookies)
    assert directus.state.find(EMAIL) is None
    assert SignUp.objects.count() == 1
    assert EMAIL not in [to for letter in mail.outbox for to in letter.to]
    (record,) = [r for r in caplog.records if r.message == "sign_up.refused"]
    assert record.reason == "program"


def test_a_program_may_type_anything(client, directus):
    data = {"your_website": "x", "email": "a@example.com,b@example.com", "password": ""}

    assert sign_up(client, data=data).status_code == 302
    directus.was_not_asked()


def test_programs_are_limited_by_address(client, directus):
    data = {"your_website": "x"}

    answers = [sign_up(client, EMAIL, data=data).status_code for _ in range(21)]

    assert answers == [302] * 20 + [429]
    directus.was_not_asked()


def test_a_label_in_the_page_is_for_programs_alone(client):
    text = client.get("/register/").text

    start = text.index('<div class="off-screen" aria-hidden="true">')
    trap = text[start : text.index("</div>", start)]
    assert 'name="your_website"' in trap
    assert 'autocomplete="off"' in trap


def opened(browser):
    return browser.get("/register/").context["form"]["opened"].value()


def test_by_default_there_is_no_least_time(client):
    assert "opened" not in client.get("/register/").context["form"].fields


@pytest.mark.parametrize("value", ["", "forged:1:x", None])
def test_a_form_without_its_time(client, directus, settings, value):
    settings.SIGN_UP_MIN_SECONDS = 3
    data = {} if value is None else {"opened": value}

    page = sign_up(client, EMAIL, data=data)

    assert "That was faster than most people type." in page.text
    directus.was_not_asked()
    # The page has a time of its own now.
    assert page.context["form"]["opened"].value() != value


def test_a_form_that_comes_too_early(client, directus, settings, monkeypatch):
    settings.SIGN_UP_MIN_SECONDS = 3
    at = opened(client)

    page = sign_up(client, EMAIL, data={"opened": at})

    assert page.status_code == 200
    assert f'value="{EMAIL}"' in page.text
    assert PASSWORD not in page.text
    assert page.context["form"]["opened"].value() == at
    directus.was_not_asked()
    later = time_now() + 4
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    assert sign_up(client, EMAIL, data={"opened": at}).status_code == 302


# A form of one's own


def test_a_form_of_ones_own(client, directus, mode, settings):
    settings.SIGN_UP_FORM = CAPTCHA
    assert check_sign_up_form(None) == []
    page = client.get("/register/")
    assert '<script src="https://captcha.example.com/api.js"></script>' in page.text
    rules = page["Content-Security-Policy"].split("; ")
    assert "script-src 'self' https://captcha.example.com" in rules
    assert "frame-src https://captcha.example.com" in rules
    assert "captcha" not in client.get("/login/")["Content-Security-Policy"]

    refused = sign_up(client, EMAIL, data={"captcha": "robot"})
    assert refused.context["form"].errors == {"captcha": ["Try the captcha again."]}
    assert directus.state.find(EMAIL) is None
    assert sign_up(client, EMAIL, data={"captcha": "human"}).status_code == 302

    (sent,) = created(directus)
    assert "captcha" not in sent


@pytest.mark.parametrize(
    "path",
    [
        "tests.accounts.forms.sign_up_forms.AnotherForm",
        "tests.accounts.forms.sign_up_forms.NoForm",
        "no.such.module",
        "nothing",
        "accounts.forms.sign_up.no_control_characters",
    ],
)
def test_a_wrong_path_is_found_at_start(settings, path):
    settings.SIGN_UP_FORM = path

    assert [message.id for message in check_sign_up_form(None)] == ["accounts.E015"]


def test_the_cache_is_not_needed(client, directus, site_mails, fields, monkeypatch):
    fields("company")
    monkeypatch.setattr(cache, "get", lambda *args, **kwargs: None)

    assert "company" in client.get("/register/").context["form"].fields
