"""One address, several spellings: domains with letters beyond ASCII."""

from urllib.parse import urlencode

import pytest
from django.core import mail

from accounts.core.audit import email_digest
from accounts.directus import spellings, to_ascii
from accounts.forms.fields import EmailField
from accounts.models import Attempts, User
from accounts.operations.lookup import find_users
from tests.fake_directus import one_time_code

from ..account_pages import ask_email, confirm_password
from ..guessing import fail
from ..second_steps import CODES, enrol, recover
from ..signed_in import row_of
from ..steps import (
    OTP_SECRET,
    ask_reset,
    choose_password,
    log_in,
    open_link,
    sign_up,
    wide,
)

IN_ASCII = "x@xn--bcher-kva.de"
IN_LETTERS = "x@bücher.de"
ALIKE = [
    IN_ASCII,
    IN_LETTERS,
    "x@BÜCHER.de",
    "X@XN--BCHER-KVA.DE",
    "x@bu\u0308cher.de",
    "x@bücher\uff0ede",
    "x@bücher\u3002de",
    f" x@{wide('bücher')}.de ",
]


@pytest.mark.parametrize("typed", ALIKE, ids=ascii)
def test_a_form_knows_one_spelling(typed):
    assert EmailField().clean(typed) == IN_ASCII
    assert email_digest(typed) == email_digest(IN_ASCII)


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("a@straße.de", "a@xn--strae-oqa.de"),
        ("a@президент.рф", "a@xn--d1abbgf6aiiy.xn--p1ai"),
        ("a@例え.jp", "a@xn--r8jz45g.jp"),
        ("a@Mail.Example.COM", "a@mail.example.com"),
        ("a@example\uff0ecom", "a@example.com"),
    ],
)
def test_any_script_has_one_spelling(typed, known):
    assert EmailField().clean(typed) == known


@pytest.mark.parametrize(
    "typed",
    [
        "x@xn--a.de",
        "x@xn--zzzzz99999.de",
        "x@-bücher.de",
        "x@bücher..de",
        "x@bü_cher.de",
        "x@bücher",
        "x@" + "ü" * 70 + ".de",
        "x@" + "ü" * 300 + ".de",
        "x@i❤.ws",
        "x@\ud800.de",
        f"x@{wide('e')}xample.com",
        "x@\u212aelvin.com",
        "x@ex\u00adample.com",
        "ü@example.com",
        "=?utf-8?q?a?=@example.com",
        "=?UTF-8?B?YQ==?=@example.com",
        "a=?x?q?=40example.org=3e=00?=foo@example.com",
        "=?utf-7?q?&AGE-?=@example.com",
    ],
    ids=ascii,
)
@pytest.mark.parametrize("path", ["/register/", "/login/", "/request-reset-password/"])
@pytest.mark.django_db
def test_what_is_no_address_is_told_at_its_field(client, directus, typed, path):
    data = urlencode({"email": typed, "password": "x"}, errors="surrogatepass")
    kind = "application/x-www-form-urlencoded"

    response = client.post(path, data, content_type=kind)

    errors = response.context["form"].errors["email"]
    assert errors == ["Enter a valid email address."]
    directus.was_not_asked()


def test_both_spellings_are_known():
    assert spellings(IN_ASCII) == [IN_ASCII, IN_LETTERS]
    assert spellings(IN_LETTERS) == [IN_LETTERS, IN_ASCII]
    assert spellings("ada@example.com") == ["ada@example.com"]
    assert spellings("x@xn--a.de") == ["x@xn--a.de"]
    assert to_ascii("no address") == "no address"


@pytest.mark.django_db
def test_a_sign_up_is_written_in_ascii(client, directus):
    for typed in ALIKE:
        sign_up(client, typed)

    sent = {call.json["email"] for call in directus.calls_to("/users/register")}
    assert sent == {IN_ASCII}


# Accounts that Directus has in letters


@pytest.fixture
def older(directus):
    """A customer with an address that Directus' own app has written."""
    return directus.add_user(IN_LETTERS, "Ada's secret 1815", first_name="Xaver")


@pytest.mark.parametrize("typed", [IN_ASCII, IN_LETTERS])
@pytest.mark.django_db
def test_an_older_account_signs_in_however_it_is_typed(client, older, directus, typed):
    assert log_in(client, typed, older.password).status_code == 302

    tried = [call.json["email"] for call in directus.calls_to("/auth/login")]
    assert tried == [IN_ASCII, IN_LETTERS]
    assert User.objects.get().email == IN_LETTERS
    directus.forget_calls()
    assert confirm_password(client).status_code == 302
    assert directus.was_asked_once("/auth/login").json["email"] == IN_LETTERS


@pytest.mark.django_db
def test_the_account_in_ascii_comes_first(client, older, directus):
    newer = directus.add_user(IN_ASCII, "Grace's secret 1906")

    assert log_in(client, IN_LETTERS, newer.password).status_code == 302
    assert User.objects.get().email == IN_ASCII


@pytest.mark.django_db
def test_both_spellings_are_throttled_as_one(client, older):
    assert fail(3, client, IN_ASCII) + fail(2, client, IN_LETTERS) == [200] * 5

    assert log_in(client, IN_LETTERS, older.password).status_code == 429


@pytest.mark.django_db
def test_an_older_account_gets_its_link(client, older, directus):
    ask_reset(client, IN_ASCII)
    open_link(client, directus.last_link(IN_LETTERS))

    assert choose_password(client).status_code == 302


@pytest.mark.django_db
def test_an_older_account_is_signed_up_no_second_time(
    client, older, directus, service_token
):
    sign_up(client, IN_ASCII)

    assert directus.state.find(IN_ASCII) is None
    assert len(directus.calls_to("/users/register")) == 1


@pytest.mark.django_db
def test_an_older_account_is_not_another_owner(signed_in_client, older, service_token):
    ask_email(signed_in_client, IN_ASCII)

    (to_new,) = (sent for sent in mail.outbox if sent.to == [IN_ASCII])
    assert "token=" not in to_new.body


@pytest.mark.django_db
def test_an_older_account_recovers_its_second_factor(client, older, sign_in):
    browser = sign_in(older)
    _secret, codes = enrol(browser, older)
    browser.post(CODES)
    browser.post("/logout/")
    log_in(client, IN_ASCII, older.password)

    assert recover(client, codes[0]).status_code == 302


@pytest.mark.parametrize("typed", [IN_ASCII, IN_LETTERS])
@pytest.mark.django_db
def test_operators_find_a_person_by_either(older, sign_in, service_token, typed):
    assert [person.pk for person in find_users(typed)] == [None]
    sign_in(older)
    assert [person.pk for person in find_users(typed)] == [User.objects.get().pk]


# Limits


def counted(name):
    row = Attempts.objects.filter(key__startswith=f"{name}:").first()
    return (row.count, row.in_flight) if row else (0, 0)


DECOMPOSED = "cafe\u0301 cafe\u0301 lait"


@pytest.mark.django_db
def test_two_tries_of_a_password_count_twice_upstream_and_once_here(client, ada):
    log_in(client, ada.email, DECOMPOSED)

    assert counted("since-success") == (2, 0)
    assert counted("account") == counted("address-failures") == (1, 0)
    assert counted("address-sign-ins") == (1, 0)


@pytest.mark.django_db
def test_spellings_of_an_address_count_once_upstream(client, older):
    log_in(client, IN_ASCII, "wrong")

    assert counted("since-success") == (1, 0)
    log_in(client, IN_ASCII, DECOMPOSED)
    assert counted("since-success") == (3, 0)
    assert counted("account") == (2, 0)


@pytest.mark.django_db
def test_a_second_try_that_works_forgets_the_first(client, ada):
    ada.password = DECOMPOSED

    assert log_in(client, ada.email, DECOMPOSED).status_code == 302

    assert counted("since-success") == counted("account") == (0, 0)


@pytest.mark.django_db
def test_a_code_that_is_asked_for_leaves_both_tries_counted_upstream(client, ada):
    ada.password, ada.otp_secret = DECOMPOSED, OTP_SECRET

    log_in(client, ada.email, DECOMPOSED)

    assert counted("since-success") == (2, 0)
    assert counted("account") == (0, 0)
    client.post("/login/code/", {"otp": one_time_code(OTP_SECRET)})
    assert counted("since-success") == (0, 0)
    assert row_of(client).user.email == ada.email


@pytest.mark.django_db
def test_the_second_try_is_left_out_before_directus_suspends(
    client, ada, directus, settings
):
    settings.DIRECTUS_LOGIN_ATTEMPTS = 6

    assert log_in(client, ada.email, DECOMPOSED).status_code == 429

    assert len(directus.calls_to("/auth/login")) == 1
    assert counted("since-success") == (1, 0)
    assert counted("account") == (1, 0)


@pytest.mark.django_db
def test_an_outage_at_the_second_try_is_not_counted_as_a_failure(client, ada, directus):
    real = directus._answer

    def answer(asked):
        if asked.json.get("password") == DECOMPOSED:
            raise ConnectionError
        return real(asked)

    directus._answer = answer

    assert log_in(client, ada.email, DECOMPOSED).status_code == 503
    assert counted("since-success") == (1, 0)
    assert counted("account") == (0, 0)
