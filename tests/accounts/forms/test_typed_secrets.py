"""Passwords and codes as people type and paste them."""

import re
import unicodedata

import pytest

from accounts.forms.password_change import PasswordChangeForm
from accounts.forms.password_reset import NewPasswordForm
from accounts.forms.reauthentication import ReauthenticationForm
from accounts.forms.sign_in import CodeForm, LoginForm, RecoveryCodeForm
from accounts.forms.sign_up import SignUpForm
from accounts.models import User
from tests.fake_directus import one_time_code

from ..account_pages import change_password
from ..steps import (
    OTP_SECRET,
    ask_reset,
    choose_password,
    log_in,
    open_link,
    sign_up,
    wide,
)

COMPOSED = unicodedata.normalize("NFC", "Ångström café résumé 1815")
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)
FORMS = [
    LoginForm(),
    CodeForm(),
    RecoveryCodeForm(),
    SignUpForm(),
    NewPasswordForm(),
    ReauthenticationForm(user=User(has_two_factor=True)),
    PasswordChangeForm(user=User(has_two_factor=True)),
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: type(form).__name__)
def test_no_browser_cuts_a_secret(form):
    inputs = re.findall(r"<input[^>]*>", form.as_p())
    secrets = [each for each in inputs if 'name="email"' not in each]
    secrets = [each for each in secrets if not re.search('name="[a-z]+_name"', each)]

    assert secrets
    assert not any("maxlength" in each for each in secrets)


@pytest.mark.django_db
def test_a_password_that_is_too_long_is_told_so(client, directus):
    response = sign_up(client, password="correct horse battery staple " * 6)

    assert "This is too long. Use at most 128 characters." in response.text
    assert "horse" not in response.text
    directus.was_not_asked()


@pytest.mark.django_db
def test_a_typed_password_has_an_end_as_well(client, directus):
    response = log_in(client, "ada@example.com", "x" * 1025)

    assert "at most 1024 characters" in response.text
    directus.was_not_asked()


# Composed and decomposed letters


@pytest.mark.django_db
def test_passwords_are_set_in_composed_letters(client, ada, directus):
    sign_up(client, password=DECOMPOSED)
    ask_reset(client)
    open_link(client, directus.last_link(ada.email))
    choose_password(client, DECOMPOSED, again=COMPOSED)
    open_link(client, directus.invite("guest@example.com"))
    twice = {"new_password": COMPOSED, "new_password_again": DECOMPOSED}
    client.post("/invite/", twice)

    for path in ("/users/register", "/auth/password/reset", "/users/invite/accept"):
        assert directus.was_asked_once(path).json["password"] == COMPOSED


@pytest.mark.django_db
def test_a_changed_password_is_in_composed_letters(signed_in_client, ada):
    assert change_password(signed_in_client, new=DECOMPOSED).status_code == 302
    assert ada.password == COMPOSED

    same = change_password(signed_in_client, current=DECOMPOSED, new=COMPOSED)
    assert "already using." in same.text


@pytest.mark.parametrize("stored", [COMPOSED, DECOMPOSED])
@pytest.mark.django_db
def test_however_it_is_stored_a_typed_password_signs_in(client, ada, directus, stored):
    ada.password = stored

    assert log_in(client, ada.email, DECOMPOSED).status_code == 302

    tried = [call.json["password"] for call in directus.calls_to("/auth/login")]
    assert tried == ([COMPOSED] if stored == COMPOSED else [COMPOSED, DECOMPOSED])


@pytest.mark.parametrize("stored", [COMPOSED, DECOMPOSED])
@pytest.mark.django_db
def test_with_a_second_factor_too(client, ada, stored):
    ada.password, ada.otp_secret = stored, OTP_SECRET

    assert log_in(client, ada.email, DECOMPOSED).url == "/login/code/"
    code = {"otp": one_time_code(OTP_SECRET)}
    assert client.post("/login/code/", code).url == "/"


@pytest.mark.django_db
def test_the_current_password_is_proved_either_way(client, sign_in, ada):
    ada.password = DECOMPOSED
    sign_in(ada)

    confirmed = client.post("/account/confirm/", {"current_password": DECOMPOSED})
    assert confirmed.status_code == 302
    assert change_password(client, current=DECOMPOSED).status_code == 302


# Codes


def in_every_script(code):
    """Return a code as keyboards, apps and mail programs may give it."""
    arabic = code.translate({ord("0") + n: 0x0660 + n for n in range(10)})
    persian = code.translate({ord("0") + n: 0x06F0 + n for n in range(10)})
    between = "\u00a0\u2009\u202f\u3000-\u2010\u2011\u2013\u2014\u2212\uff0d\t"
    between += "\u200b\u200d\u2060\ufeff\u00ad\u200f"
    written = [wide(code), arabic, persian]
    written += [f"{code[:3]}{each}{code[3:]}" for each in between]
    written += [f"\u2068{code}\u2069", " ".join(code), "\u200b".join(code) + "\n" * 80]
    return written


@pytest.mark.parametrize("typed", in_every_script("123456"), ids=ascii)
def test_a_one_time_code_is_read_however_it_is_written(typed):
    form = CodeForm({"otp": typed})

    assert form.is_valid(), form.errors
    assert form.cleaned_data["otp"] == "123456"


@pytest.mark.parametrize(
    "typed",
    ["\u200b", "12345", "1234567", "12345a", "1,23456", "123.456", "123456;", "½23456"],
)
def test_anything_else_is_no_one_time_code(typed):
    assert CodeForm({"otp": typed}).errors["otp"] == ["Enter the 6-digit code."]


def test_an_unneeded_code_may_be_blank():
    form = ReauthenticationForm({"current_password": "x", "otp": "\u200b"}, user=User())

    assert form.is_valid()


@pytest.mark.django_db
def test_a_code_works_once_however_it_is_written(client, ada, directus):
    ada.otp_secret = OTP_SECRET
    code = one_time_code(OTP_SECRET)
    log_in(client, ada.email, ada.password)
    assert client.post("/login/code/", {"otp": code}).status_code == 302
    client.post("/logout/")
    log_in(client, ada.email, ada.password)
    directus.forget_calls()

    for typed in in_every_script(code)[:3]:
        assert (
            "Enter the newest one." in client.post("/login/code/", {"otp": typed}).text
        )
    directus.was_not_asked()


@pytest.mark.parametrize(
    "typed",
    [
        "abcd-efgh-2345-wxyz",
        "ABCD EFGH 2345 WXYZ",
        wide("ABCD-EFGH-2345-WXYZ"),
        "ABCD\u2011EFGH\u20112345\u2011WXYZ",
        "\u2068ABCD\u00a0EFGH\u00a0\u0662\u0663\u0664\u0665\u00a0WXYZ\u2069",
        " \ufeffABCDEFGH2345WXYZ\r\n" + " " * 100,
    ],
    ids=ascii,
)
def test_a_recovery_code_is_read_however_it_is_written(typed):
    form = RecoveryCodeForm({"recovery_code": typed})

    assert form.is_valid(), form.errors
    assert form.cleaned_data["recovery_code"] == "ABCDEFGH2345WXYZ"


@pytest.mark.parametrize("typed", ["ABCD_EFGH", "ABCD-9999", "код", "\u200b", "a/b"])
def test_anything_else_is_no_recovery_code(typed):
    errors = RecoveryCodeForm({"recovery_code": typed}).errors["recovery_code"]

    assert "ABCD-EFGH-2345-WXYZ" in errors[0]
