"""The content of the log, without secrets and forged lines."""

import io
import json
import logging
import re
import time

import pytest
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
)
from django.db import InterfaceError, OperationalError
from django.http import UnreadablePostError

from accounts.directus import DirectusUnavailable
from config.logs import JSONFormatter, mask
from config.middleware import current_request_id

CANARY = "Canary-7f3a9"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjEifQ.c2lnbmF0dXJl"


@pytest.fixture
def log():
    """Return a logger and what its handler writes, as in production."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONFormatter("%(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger("tests.logs")
    logger.addHandler(handler)
    yield logger, stream
    logger.removeHandler(handler)


@pytest.mark.parametrize(
    "text",
    [
        f"password={CANARY}",
        f"password: {CANARY}",
        f'{{"password": "{CANARY} with blanks"}}',
        f"{{'password': '{CANARY} with blanks'}}",
        f"new_password={CANARY}&x=1",
        f"current-password = '{CANARY}'",
        f"otp={CANARY}",
        f"/reset-password/?token={CANARY}&x=1",
        f"refresh_token={CANARY}",
        f'"access_token":"{CANARY}"',
        f"Authorization: Bearer {CANARY}",
        f"authorization=bearer {CANARY}",
        f"Cookie: {CANARY}",
        f"SECRET_KEY={CANARY}",
        f"api_key: {CANARY}",
        f"credentials={CANARY}",
        JWT,
        f"text before {JWT} and after",
        JWT[:25],
    ],
)
def test_what_looks_like_a_secret_is_masked(text):
    masked = mask(text)

    assert CANARY not in masked
    assert "eyJ" not in masked
    assert "[hidden]" in masked


@pytest.mark.parametrize(
    "text",
    [
        "GET /users/me answered 200",
        "Tokens stay valid at Directus: 401 INVALID_CREDENTIALS",
        "A sign-up password is kept: there is no service token.",
        "Created user 7 for Directus user 0b5d3b3e-6a4a-4cf4-9f1c-0d7c0c2ba6d6",
    ],
)
def test_ordinary_lines_stay_readable(text):
    assert mask(text) == text


@pytest.mark.parametrize(
    "text", ["token" * 10_000, "eyJ" + "a." * 25_000, "password " * 6_000, "x" * 50_000]
)
def test_masking_long_text_takes_no_time(text):
    began = time.process_time()

    mask(text)

    assert time.process_time() - began < 5


def test_a_message_with_line_breaks_is_one_line(log):
    logger, stream = log

    logger.warning("to %s", 'x\n{"event": "sign_in.done"}\r\x1b[2J\u2028')

    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["levelname"] == "WARNING"
    assert "\x1b" not in line


def test_secrets_in_arguments_extras_and_tracebacks_are_masked(log):
    logger, stream = log

    try:
        raise ValueError(f"refresh_token={CANARY}")
    except ValueError:
        logger.exception(
            "got %s",
            {"password": CANARY},
            extra={"event": f"token={CANARY}", "body": {"otp": CANARY}},
        )

    line = json.loads(stream.getvalue())
    assert "ValueError" in line["exc_info"]
    assert CANARY not in stream.getvalue()


def test_a_traceback_that_another_handler_wrote_is_masked_too(log):
    logger, stream = log
    other = logging.StreamHandler(io.StringIO())
    logger.handlers.insert(0, other)

    try:
        raise ValueError(f"refresh_token={CANARY}")
    except ValueError:
        logger.exception("no")

    assert CANARY not in stream.getvalue()


def test_other_handlers_get_the_record_as_it_came(log, caplog):
    logger, _ = log

    logger.warning("%s is %d", "x", 1)

    assert caplog.records[-1].args == ("x", 1)


def test_a_mistake_in_a_log_line_is_no_error_of_the_page(log, monkeypatch):
    logger, stream = log
    # The handlers of pytest do raise.
    monkeypatch.setattr(logger, "propagate", False)

    logger.warning("%d", "x")

    assert json.loads(stream.getvalue())["message"] == "%d"


def test_lines_carry_the_id_that_the_page_shows(log):
    logger, stream = log
    current_request_id.set("0123456789abcdef")

    logger.info("x")
    logger.warning("x")

    line = stream.getvalue().splitlines()[-1]
    assert json.loads(line)["request_id"] == "0123456789abcdef"


def test_lines_carry_the_time_with_its_offset():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONFormatter("%(asctime)s %(message)s"))

    handler.emit(
        logging.makeLogRecord({"name": "x", "msg": "x", "created": 1796077262.25})
    )

    assert json.loads(stream.getvalue())["asctime"] == "2026-11-30T22:21:02.250+00:00"


PROXY, STRANGER = "10.0.0.5", "203.0.113.7"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "remote", "is_kept"),
    [
        ("f9bf0a1c3e5d7b2a9c8e6f4d2b0a1c3e", PROXY, True),
        ("6a1f7c1e-4e0b-4b0e-9d55-1d2f1f0f7c11", PROXY, True),
        ("x" * 128, PROXY, True),
        ("6a1f7c1e-4e0b-4b0e-9d55-1d2f1f0f7c11", STRANGER, False),
        ("x" * 129, PROXY, False),
        ("short", PROXY, False),
        ("", PROXY, False),
        ('x" onclick="steal()', PROXY, False),
        ("token=Canary-7f3a9", PROXY, False),
        ("12345678\n", PROXY, False),
        ("\uff11" * 8, PROXY, False),
    ],
)
def test_a_trusted_proxy_names_the_request(client, settings, sent, remote, is_kept):
    settings.TRUSTED_PROXIES = ["10.0.0.0/24"]

    response = client.get("/no-such-page/", HTTP_X_REQUEST_ID=sent, REMOTE_ADDR=remote)

    used = response["X-Request-ID"]
    assert current_request_id.get() == used
    assert (used == sent) is is_kept
    assert is_kept or re.fullmatch("[0-9a-f]{16}", used)


def test_django_has_no_handlers_of_its_own_that_mask_nothing():
    for name in ("django", "django.server", "django.request"):
        assert logging.getLogger(name).handlers == []
        assert logging.getLogger(name).propagate


@pytest.fixture
def djangos_lines(client):
    """The lines that Django's own loggers write, as in production."""
    client.raise_request_exception = False
    formatter, lines = JSONFormatter("%(levelname)s %(name)s %(message)s"), []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(json.loads(formatter.format(record)))
    logging.getLogger("django").addHandler(handler)
    yield lines
    logging.getLogger("django").removeHandler(handler)


OUTAGES = {
    "a database": OperationalError('connection to "db.internal" failed\nIs it there?'),
    "a closed connection": InterfaceError("connection already closed"),
    "Directus": DirectusUnavailable("GET /users/me: TimeoutError", retry_after=3),
}


@pytest.mark.django_db
@pytest.mark.parametrize("where", ["accounts.sessions.store.SessionStore.load", "view"])
@pytest.mark.parametrize("error", OUTAGES.values(), ids=OUTAGES)
def test_an_outage_is_one_short_line_for_each_request(
    signed_in_client, monkeypatch, djangos_lines, error, where
):
    def fail(*args):
        raise error

    view = "dashboard.views.HomeView.get"
    monkeypatch.setattr(view if where == "view" else where, fail)

    response = signed_in_client.get("/")

    assert response.status_code == 503
    (line,) = djangos_lines
    assert "exc_info" not in line
    assert len(line["message"]) < 300
    assert "/" in line["message"]


@pytest.mark.django_db
def test_the_line_of_an_outage_says_what_is_away(
    signed_in_client, monkeypatch, djangos_lines
):
    def fail(*args):
        raise OUTAGES["a database"]

    monkeypatch.setattr("accounts.sessions.store.SessionStore.load", fail)

    signed_in_client.get("/")

    (line,) = djangos_lines
    assert 'OperationalError: connection to "db.internal" failed' in line["message"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SuspiciousOperation("odd"), 400),
        (RequestDataTooBig("too big"), 400),
        (TooManyFieldsSent("too many"), 400),
        (BadRequest("bad"), 400),
        (PermissionDenied("no"), 403),
        (UnreadablePostError("gone"), 400),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_refused_request_is_one_line(
    signed_in_client, monkeypatch, djangos_lines, error, status
):
    def fail(*args):
        raise error

    monkeypatch.setattr("dashboard.views.HomeView.get", fail)

    assert signed_in_client.get("/").status_code == status
    (line,) = djangos_lines
    assert "exc_info" not in line


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["evil.example", "10.0.0.5:8000", "x_y", "a b"])
def test_another_host_is_one_line(client, djangos_lines, host):
    assert client.get("/login/", headers={"host": host}).status_code == 400

    (line,) = djangos_lines
    assert "exc_info" not in line
    assert host in line["message"]


@pytest.mark.django_db
def test_too_many_fields_are_one_line(client, djangos_lines):
    fields = {f"x{n}": "" for n in range(300)}

    assert client.post("/login/", fields).status_code == 400

    (line,) = djangos_lines
    assert "exc_info" not in line


@pytest.mark.django_db
def test_a_fault_of_the_site_keeps_its_traceback(
    signed_in_client, monkeypatch, djangos_lines
):
    def fail(*args):
        raise ZeroDivisionError("in a view")

    monkeypatch.setattr("dashboard.views.HomeView.get", fail)

    assert signed_in_client.get("/").status_code == 500
    (line,) = djangos_lines
    assert "in a view" in line["exc_info"]


def test_a_refused_page_and_its_log_line_have_one_id(client, caplog, directus):
    formatter = JSONFormatter("%(message)s")
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(json.loads(formatter.format(record)))
    logging.getLogger("django.request").addHandler(handler)

    response = client.get("/no-such-page/")

    logging.getLogger("django.request").removeHandler(handler)
    assert response["X-Request-ID"] == lines[0]["request_id"]
