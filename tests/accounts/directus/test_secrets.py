"""No message, repr, traceback or log line shows a password or a token.

Every secret that the calls carry, and every secret that the server answers with,
contains the word Canary.
"""

import logging
import traceback

import pytest

from accounts.directus import DirectusError, Visitor
from accounts.directus.calls import Call
from tests.fault_server import (
    data,
    error,
    hangs,
    message,
    says,
    says_and_closes,
    says_and_resets,
)

from .calls import ADA, AUTH, CALLS, JWT, QUICK, SESSION, TOKENS

CANARY_PAGE = b"<html>Canary</html>"
FAULTS = {
    "refused": None,
    "silence": hangs(),
    "reset": says_and_resets(b""),
    "half": says_and_closes(b"HTTP/1.1 200 OK\r\nX-Canary: Canary"),
    "nonsense": says_and_closes(b"Canary\r\n\r\n"),
    "odd header": says(message(200, b"{}", **{"Canary Canary": "x"})),
    "page": says(message(502, CANARY_PAGE, "text/html")),
    "not JSON": says(message(200, b"Canary")),
    "wrong shape": says(data({"Canary": "Canary"})),
    "wrong values": says(data({"id": "Canary", "access_token": "Canary x"})),
    "redirect": says(message(307, CANARY_PAGE, Location="/?Canary")),
    "refusal": says(
        error(400, "FAILED_VALIDATION", field="password", invalid="Canary-Passw0rd")
    ),
    "taken": says(error(400, "RECORD_NOT_UNIQUE", field="email", value="[Canary]")),
    "odd refusal": says(error(401, "Canary <b>", reason="Canary", type="Can ary")),
    "limit": says(error(429, "REQUESTS_EXCEEDED", headers={"Retry_After": "Canary"})),
    "trouble": says(error(500, "INTERNAL_SERVER_ERROR", reason="Canary")),
    "way to a provider": says(
        message(
            302,
            Location=f"http://idp.test/?state={'Canary-' * 6}",
            Set_Cookie="openid.exampleid=Canary.Canary.Canary; Path=/",
        )
    ),
    "way back": says(message(302, Location="/", Set_Cookie=f"x={SESSION}")),
    "broken cookie": says(message(302, Set_Cookie="Canary=x; Max-Age=Canary; =")),
    "reason": says(message(302, Location="/?reason=CANARY_Canary")),
    "success": says(data(TOKENS | ADA)),
}


@pytest.fixture
def told(caplog):
    """Collect the records of all loggers, as text and with their arguments."""
    caplog.set_level(logging.DEBUG)

    def text():
        records = [f"{r.getMessage()} {r.args} {r.exc_text}" for r in caplog.records]
        return "\n".join([caplog.text, *records])

    return text


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", [c for c in CALLS if c != "list"])
def test_nothing_shows_a_secret(serve, client_of, told, call, fault):
    server = serve(FAULTS[fault]) if FAULTS[fault] else "http://127.0.0.1:9"
    visitor = Visitor("203.0.113.7", "Browser/1.0")
    client = client_of(server, auth=AUTH, visitor=visitor, **QUICK)
    shown = [repr(client), str(client), repr(client._transport), repr(AUTH)]

    try:
        result = CALLS[call](client)
    except DirectusError as caught:
        shown += [str(caught), repr(caught), repr(vars(caught))]
        shown += traceback.format_exception(caught)
    else:
        shown += [repr(result)] if call != "info" else []

    for text in (*shown, told()):
        # A line of these tests' own code, in a traceback, does not count.
        lines = [line for line in text.splitlines() if "tests/" not in line]
        assert "Canary" not in "\n".join(lines)


def test_a_call_is_logged_by_method_path_and_status(serve, client_of, caplog):
    caplog.set_level(logging.DEBUG, logger="accounts.directus")
    client = client_of(serve(says(message(302, Location="/admin/users/1"))))

    client.verify_email(JWT)

    lines = [(r.name, r.levelname, r.getMessage()) for r in caplog.records]
    assert lines == [
        (
            "accounts.directus.transport",
            "DEBUG",
            "GET /users/register/verify-email answered 302",
        )
    ]


def test_the_http_library_logs_no_query(serve, client_of, caplog):
    caplog.set_level(logging.DEBUG, logger="urllib3")
    client = client_of(serve(says(message(302, Location="/admin/users/1"))))

    client.verify_email(JWT)

    text = "\n".join(r.getMessage() for r in caplog.records)
    assert "/users/register/verify-email" in text
    assert "token" not in text


def test_a_call_shows_neither_parameters_nor_body():
    call = Call("POST", "/users", params={"a": "Canary"}, body={"b": "Canary"})

    assert "Canary" not in repr(call) + str(call)
