"""The trace of a request: from the proxy, in the log, on the way to Directus."""

import json
import logging
import re

import pytest

from accounts.core import background
from accounts.directus.tracing import Trace, current_trace, header
from config.logs import JSONFormatter

from ..accounts.signed_in import make_old
from ..accounts.steps import log_in

pytestmark = pytest.mark.django_db

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
VALID = f"00-{TRACE}-{SPAN}-01"
HEADER = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-0[01]")


@pytest.fixture(autouse=True)
def _proxy(settings):
    settings.TRUSTED_PROXIES = ["127.0.0.1"]


@pytest.fixture(autouse=True)
def _no_trace():
    """Begin and end outside of a request."""
    token = current_trace.set(None)
    yield
    current_trace.reset(token)


def ids_of(call):
    return HEADER.fullmatch(call.headers["Traceparent"]).groups()


def test_the_trace_of_a_proxy_goes_on_to_directus(signed_in_client, directus):
    make_old(signed_in_client, minutes=2)
    signed_in_client.get("/account/", headers={"traceparent": VALID})

    found = [ids_of(call) for call in directus.calls]
    assert len(found) >= 2
    assert {trace for trace, _ in found} == {TRACE}
    spans = {span for _, span in found}
    assert len(spans) == len(found)
    assert SPAN not in spans
    assert {call.headers["Traceparent"][-2:] for call in directus.calls} == {"01"}


def test_the_log_has_the_trace_beside_the_request(client, monkeypatch):
    lines = []
    handler = next(each for each in logging.getLogger().handlers if is_ours(each))
    monkeypatch.setattr(
        handler, "emit", lambda record: lines.append(handler.format(record))
    )

    response = client.get("/no-such-page/", headers={"traceparent": VALID})

    [line] = [json.loads(text) for text in lines if "Not Found" in text]
    assert line["trace_id"] == TRACE
    assert line["request_id"] == response["X-Request-ID"]


def is_ours(handler):
    return isinstance(handler.formatter, JSONFormatter)


def test_without_one_each_request_begins_a_trace(client, ada, directus):
    log_in(client, ada.email, ada.password)
    first = {ids_of(call)[0] for call in directus.calls}
    directus.forget_calls()
    client.get("/account/")
    make_old(client, minutes=2)
    client.get("/account/")
    second = {ids_of(call)[0] for call in directus.calls}

    assert len(first) == 1
    assert second
    assert not first & second
    assert all(call.headers["Traceparent"].endswith("-00") for call in directus.calls)


def test_a_visitor_names_no_trace(signed_in_client, directus, settings):
    settings.TRUSTED_PROXIES = []
    make_old(signed_in_client, minutes=2)
    signed_in_client.get("/account/", headers={"traceparent": VALID})

    assert directus.calls
    assert TRACE not in {ids_of(call)[0] for call in directus.calls}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        TRACE,
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01\n",
        f"{VALID},{VALID}",
        f" {VALID}",
        "é" * 55,
        "0" * 5000,
    ],
)
def test_what_is_malformed_is_ignored(client, directus, ada, text):
    assert Trace.read(text) is None
    # As a server puts it: the test client would refuse a line break.
    client.get("/", HTTP_TRACEPARENT=text)

    trace = current_trace.get()
    assert re.fullmatch("[0-9a-f]{32}", trace.id)
    assert trace.id != TRACE


def test_a_later_version_of_the_header_is_understood():
    assert Trace.read(f"cc-{TRACE}-{SPAN}-00-what-the-future-brings") == Trace(TRACE)
    assert Trace.read(f"00-{TRACE}-{SPAN}-03") == Trace(TRACE, is_sampled=True)


def test_work_in_the_background_belongs_to_its_request(monkeypatch):
    monkeypatch.undo()
    current_trace.set(Trace(TRACE))
    seen = []

    background.run(lambda: seen.append(header()))
    background._pool().submit(int).result()
    background._pool().shutdown(wait=True)
    background._pool.cache_clear()

    assert [text[3:35] for text in seen] == [TRACE]


def test_outside_of_requests_each_call_has_a_trace_of_its_own():
    assert HEADER.fullmatch(header())
    assert header()[:35] != header()[:35]
