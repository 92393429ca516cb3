"""Error reports hold no secrets, wherever the error comes from."""

import sys

import pytest
from django.test import RequestFactory
from django.views.debug import get_exception_reporter_class, technical_500_response

CANARY = "Canary-7f3a9"


def broken(request):
    """Fail with secrets all around, none of them marked."""
    password = f"{CANARY}-local"
    credentials = {"password": password, "otp": f"{CANARY}-nested"}
    tokens = [f"{CANARY}-list"]
    raise RuntimeError(f"failed with {len(credentials) + len(tokens)}")


@pytest.fixture
def request_with_secrets():
    request = RequestFactory().post(
        f"/reset-password/?token={CANARY}-query",
        {"password": f"{CANARY}-form", "email": f"{CANARY}@example.com"},
        headers={"authorization": f"Bearer {CANARY}-header"},
    )
    for name in ("session", "csrf", "pending", "device"):
        request.COOKIES[name] = f"{CANARY}-{name}"
    request.META["HTTP_COOKIE"] = f"pending={CANARY}-pending"
    # As gunicorn and uWSGI repeat the address.
    for name in ("RAW_URI", "REQUEST_URI", "HTTP_REFERER"):
        request.META[name] = f"/reset-password/?token={CANARY}-{name}"
    return request


def reports(request):
    try:
        broken(request)
    except RuntimeError:
        error = sys.exc_info()
    reporter = get_exception_reporter_class(request)(request, *error)
    return reporter.get_traceback_text(), reporter.get_traceback_html()


@pytest.mark.parametrize("debug", [False, True])
def test_no_report_shows_a_secret(settings, request_with_secrets, debug):
    settings.DEBUG = debug
    settings.DIRECTUS_SERVICE_TOKEN = f"{CANARY}-token"
    settings.SECRET_KEY = f"{CANARY}-key"
    settings.TOKEN_ENCRYPTION_KEYS = [f"{CANARY}-sealing"]
    settings.DIRECTUS_URL = f"http://{CANARY}-host"
    settings.BREAK_GLASS_ADDRESSES = [f"{CANARY}-address"]

    for report in reports(request_with_secrets):
        assert "failed with 3" in report
        assert CANARY not in report.replace("'Canary-7f3a9'", "")


def test_the_debug_page_shows_no_secret(settings, request_with_secrets):
    settings.DEBUG = True
    try:
        broken(request_with_secrets)
    except RuntimeError:
        response = technical_500_response(request_with_secrets, *sys.exc_info())

    assert "failed with 3" in response.text
    for kind in ("query", "form", "header", "pending", "session", "local", "nested"):
        assert f"{CANARY}-{kind}" not in response.text
