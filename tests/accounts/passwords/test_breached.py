"""A service that knows passwords from breaches, asked where the setting names one."""

import hashlib
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.exceptions import ValidationError

from accounts.passwords.breached import PAUSE_SECONDS, BreachedPasswordValidator

from ..steps import sign_up

BREACHED = "correct horse battery staple"
FRESH = "nine green parrots in Ghent"


class Range(BaseHTTPRequestHandler):
    """Answers as the service does; `answer` is another answer."""

    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        status, body = self.server.answer or (200, listed(BREACHED))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def digest(password):
    return hashlib.sha1(password.encode()).hexdigest().upper()


def listed(password):
    padding = "0" * 35
    return f"{digest(password)[5:]}:1,234\r\n{padding}:0\r\n".encode()


@pytest.fixture
def service():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Range)
    server.asked, server.answer = [], None
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def validator(settings, service):
    port = service.server_address[1]
    settings.BREACHED_PASSWORDS_URL = f"http://127.0.0.1:{port}/range"
    settings.AUTH_PASSWORD_VALIDATORS = [
        *settings.AUTH_PASSWORD_VALIDATORS,
        {"NAME": "accounts.passwords.breached.BreachedPasswordValidator"},
    ]
    return BreachedPasswordValidator()


def test_it_is_off_by_default(settings):
    assert not settings.BREACHED_PASSWORDS_URL
    names = [each["NAME"] for each in settings.AUTH_PASSWORD_VALIDATORS]
    assert not any("Breached" in name for name in names)


def test_what_was_in_a_breach_is_refused(validator):
    with pytest.raises(ValidationError, match="data breach"):
        validator.validate(BREACHED)

    validator.validate(FRESH)


def test_five_digits_leave_the_site_and_none_is_logged(validator, service, caplog):
    caplog.set_level("DEBUG")

    with pytest.raises(ValidationError):
        validator.validate(BREACHED)

    (path, headers), *more = service.asked
    assert (path, more) == (f"/range/{digest(BREACHED)[:5]}", [])
    assert headers["Add-Padding"] == "true"
    assert digest(BREACHED)[:5] not in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        (500, b""),
        (503, b"away"),
        (404, b""),
        (302, b""),
        (200, b"<html>nonsense</html>"),
        (200, b"\xff\xfe:x"),
        (200, b""),
    ],
)
def test_an_odd_answer_refuses_nothing(validator, service, answer, caplog):
    service.answer = answer

    validator.validate(BREACHED)

    assert digest(BREACHED)[:5] not in caplog.text


@pytest.mark.parametrize("trouble", ["refuses", "hangs"])
@pytest.mark.django_db
def test_a_service_that_is_away_stops_no_sign_up(
    client, settings, validator, trouble, directus
):
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        port = hanging.getsockname()[1] if trouble == "hangs" else 1
        settings.BREACHED_PASSWORDS_URL = f"http://127.0.0.1:{port}/range/"
        settings.AUTH_PASSWORD_VALIDATORS = list(settings.AUTH_PASSWORD_VALIDATORS)
        began = time.monotonic()
        for _ in range(5):
            assert sign_up(client, password=BREACHED).status_code == 302

    # About a second once, not for each.
    assert time.monotonic() - began < 5
    assert len(directus.calls_to("/users/register")) == 5


def test_a_service_that_is_back_is_asked_again(validator, service, monkeypatch):
    service.answer = (500, b"")
    validator.validate(BREACHED)
    service.answer = None
    validator.validate(BREACHED)
    assert len(service.asked) == 1

    later = time.monotonic() + PAUSE_SECONDS
    monkeypatch.setattr("accounts.passwords.breached.time.monotonic", lambda: later)

    with pytest.raises(ValidationError):
        validator.validate(BREACHED)


@pytest.mark.django_db
def test_a_sign_up_with_such_a_password_is_refused(client, validator, directus):
    page = client.get("/register/").text

    response = sign_up(client, password=BREACHED)

    assert "appeared in data breaches" in page
    assert "Choose a different one" in response.text
    directus.was_not_asked()
