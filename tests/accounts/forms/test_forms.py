"""What visitors may type into forms, and what is refused."""

import io
import json
import logging
import time
from urllib.parse import quote

import pytest
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from config.logs import JSONFormatter

from ..steps import PASSWORD, ask_reset, choose_password, log_in, open_link, sign_up

pytestmark = pytest.mark.django_db

URLENCODED = "application/x-www-form-urlencoded"
ALLOWED = {200, 302, 400, 403, 413, 429}
PATHS = (
    "/login/",
    "/login/code/",
    "/register/",
    "/verify-email/",
    "/request-reset-password/",
    "/reset-password/",
)
NAMES = (
    "email",
    "password",
    "first_name",
    "last_name",
    "otp",
    "new_password",
    "new_password_again",
    "next",
)
NASTY = st.sampled_from(
    [
        "\x00",
        "a\x00b@example.com",
        "\u202ea@example.com",
        "\ufffe",
        "\U0010ffff",
        "a@" + "b." * 120 + "example",
        "🦊" * 40,
        "e\u0301" * 30,
        "' OR 1=1 --",
        "{{ 7*7 }}",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "a@example.com\r\nBcc: b@example.com",
        "123456",
        "ada@example.com",
        "١٢٣٤٥٦",
    ]
)
REQUIRED = {
    "/login/": ["Enter your email address.", "Enter your password."],
    "/register/": [
        "Enter your first name.",
        "Enter your email address.",
        "Choose a password.",
    ],
    "/request-reset-password/": ["Enter your email address."],
}
TYPED = st.one_of(st.text(max_size=300), NASTY)
ADDRESSES = st.ip_addresses(v=4).map(str)


# Control characters, lone surrogates and other odd text


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    path=st.sampled_from(PATHS),
    data=st.dictionaries(st.sampled_from(NAMES), TYPED, max_size=8),
    token=TYPED,
    # Another one each time, or throttling would soon be all there is to see.
    address=ADDRESSES,
)
def test_no_form_ever_fails_over_what_was_typed(
    directus, db, path, data, token, address
):
    browser = Client(raise_request_exception=False, REMOTE_ADDR=address)
    browser.get(path, {"token": token})

    assert browser.post(path, data).status_code in ALLOWED


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(path=st.sampled_from(PATHS), body=st.binary(max_size=300), address=ADDRESSES)
@example(path="/login/", body=b"email=%ff%fe&password=%", address="203.0.113.1")
@example(path="/login/", body=b"email=%00&password=%c0%af", address="203.0.113.2")
@example(path="/login/", body=b"&&&===" * 50, address="203.0.113.3")
def test_no_form_ever_fails_over_raw_bytes(directus, db, path, body, address):
    browser = Client(raise_request_exception=False, REMOTE_ADDR=address)

    for kind in (
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ):
        response = browser.post(path, body, content_type=kind)
        assert response.status_code in ALLOWED


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(path=st.sampled_from([*PATHS, "/", "/admin/"]), query=TYPED, cookie=TYPED)
def test_no_page_ever_fails_over_its_query_or_cookies(
    directus, db, path, query, cookie
):
    browser = Client(raise_request_exception=False)
    value = quote(cookie, safe="")
    for name in ("session", "csrf", "device", "pending", "messages"):
        browser.cookies[name] = value

    response = browser.get(f"{path}?next={quote(query)}&token={quote(query)}&{query}")

    assert response.status_code in ALLOWED


@pytest.mark.parametrize(
    "cookie", ['"\\000\\000\\000\\000\\000\\000\\000\\000"', "x" * 40]
)
def test_a_session_key_of_odd_characters_is_no_session(client, cookie):
    response = client.get("/", headers={"cookie": f"session={cookie}"})

    assert response.status_code == 302


# Bodies and fields that are too large


@pytest.mark.parametrize("path", PATHS)
def test_a_body_of_ten_megabytes_is_refused_at_once(client, directus, path):
    body = b"password=" + b"x" * 10_000_000
    began = time.process_time()

    response = client.post(path, body, content_type=URLENCODED)

    assert response.status_code == 413
    assert time.process_time() - began < 2
    directus.was_not_asked()


def test_an_uploaded_file_counts_as_well(client, directus):
    upload = io.BytesIO(b"x" * 100_000)
    upload.name = "password.txt"

    response = client.post("/login/", {"email": "a@example.com", "password": upload})

    assert response.status_code == 413


def test_a_thousand_fields_are_refused(client, directus):
    body = "&".join(f"field{n}=x" for n in range(1000))

    response = client.post("/login/", body, content_type=URLENCODED)

    assert response.status_code == 400
    directus.was_not_asked()


@pytest.mark.parametrize("length", ["-1", "x", "1e9", "9" * 30, "\u00b2", "9" * 5000])
def test_an_odd_length_is_refused(client, directus, length):
    response = client.post("/login/", {"email": "a"}, CONTENT_LENGTH=length)

    assert response.status_code in {400, 413}


@pytest.mark.parametrize("length", [12, 64, 128])
def test_long_passwords_are_welcome(client, directus, length):
    password = ("zebra lamp 7, correct horse battery staple! " * 5)[:length]

    sign_up(client, password=password)

    assert directus.was_asked_once("/users/register").json["password"] == password


def test_a_longer_one_is_refused_and_not_cut(client, directus):
    response = sign_up(client, password="correct horse battery staple" * 5)

    assert response.context["form"].errors["password"]
    directus.was_not_asked()


@pytest.mark.parametrize(
    "password",
    [
        "  blanks around it  ",
        "🦊🐻🌲🏔🚂🎻🍋🧦🐙🎈🌵🛶",
        "\ufb01 and \uff41 are as typed",
        "quotes ' \" ` and \\ too",
        "<b>&amp;%41+x</b>",
    ],
)
def test_passwords_reach_directus_exactly_as_typed(client, ada, directus, password):
    log_in(client, password=password)
    sign_up(client, password=password)
    ask_reset(client)
    open_link(client, directus.last_link(ada.email))
    choose_password(client, password)

    assert directus.was_asked_once("/auth/login").json["password"] == password
    assert directus.was_asked_once("/users/register").json["password"] == password
    reset = directus.was_asked_once("/auth/password/reset")
    assert reset.json["password"] == password


@pytest.mark.parametrize("password", ["", " "])
def test_an_empty_password_never_reaches_directus(client, ada, directus, password):
    log_in(client, password=password.strip())

    directus.was_not_asked()


@pytest.mark.parametrize(
    "code",
    ["", "12345", "1234567", "12345a", "123456\n7", "-12345", "1e3456"],
)
def test_a_code_is_six_digits(client, directus, code):
    user = directus.add_user(otp_secret="BJ4A22TICIBESDBT")
    log_in(client, user.email, user.password)
    directus.forget_calls()

    response = client.post("/login/code/", {"otp": code})

    assert response.context["form"].errors["otp"]
    directus.was_not_asked()


def test_a_code_may_be_typed_in_two_groups(client, directus):
    user = directus.add_user(otp_secret="BJ4A22TICIBESDBT")
    log_in(client, user.email, user.password)
    directus.forget_calls()

    client.post("/login/code/", {"otp": " 123 456 "})

    assert directus.was_asked_once("/auth/login").json["otp"] == "123456"


@pytest.mark.parametrize("name", ["first_name", "last_name"])
@pytest.mark.parametrize("value", ["x" * 51, "a\x07b", "a\nb", "a\u202eb", "\x00"])
def test_a_name_is_short_and_plain(client, directus, name, value):
    response = sign_up(client, data={name: value})

    assert response.context["form"].errors[name]
    directus.was_not_asked()


def test_two_new_passwords_must_agree(client, ada, directus):
    ask_reset(client)
    open_link(client, directus.last_link(ada.email))
    directus.forget_calls()

    response = choose_password(client, PASSWORD, again=PASSWORD + "x")

    assert response.context["form"].errors["new_password_again"]
    directus.was_not_asked()


def test_a_code_is_never_filled_in_again(client, directus):
    user = directus.add_user(otp_secret="BJ4A22TICIBESDBT")
    log_in(client, user.email, user.password)

    response = client.post("/login/code/", {"otp": "731946"})

    assert "731946" not in response.text


# Long texts take no long time


@pytest.mark.parametrize(
    "text",
    ["a" * 50_000, "a@" * 25_000, "a." * 25_000 + "@", "@" * 50_000, " " * 50_000],
)
def test_long_texts_are_checked_quickly(client, directus, text):
    data = {"email": text, "password": text, "first_name": text}
    began = time.process_time()
    # As large as it can get.
    client.post("/login/", {"email": text})
    client.post("/register/", {name: value[:15_000] for name, value in data.items()})

    assert time.process_time() - began < 5
    directus.was_not_asked()


# Typed text in the log


def test_what_was_typed_forges_no_log_line(client, directus):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONFormatter("%(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    forged = 'a@example.com\n{"event": "sign_in.done"}\x1b[2J\r'

    try:
        log_in(client, forged, headers={"user-agent": forged})
        log_in(client, "a@example.com", forged)
        ask_reset(client, forged)
        client.get("/" + quote(forged))
    finally:
        root.removeHandler(handler)

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    events = [line["event"] for line in lines if "event" in line]
    assert events == ["sign_in.refused"]
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("path", REQUIRED)
def test_an_empty_field_says_what_to_enter(client, path):
    errors = client.post(path, {}).context["form"].errors.values()

    assert [text for (text,) in errors] == REQUIRED[path]
