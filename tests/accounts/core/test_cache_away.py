"""A cache that is away, hangs or holds nonsense breaks no page."""

import json

import pytest
from django.core.cache import cache, caches

from accounts.profile import cached
from tests.fault_server import FaultServer, hangs, says_and_closes

from ..signed_in import make_old, make_stale
from ..steps import log_in

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["hangs", "closes", "talks nonsense", "is away"])
def redis(request, settings):
    """A Redis that does not work, in front of the session rows."""
    steps = {
        "hangs": hangs(),
        "closes": says_and_closes(b""),
        "talks nonsense": says_and_closes(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "is away": hangs(),
    }
    server = FaultServer(steps[request.param])
    _use(settings, f"redis://127.0.0.1:{server.port}/1")
    if request.param == "is away":
        server._listener.close()
        yield
    else:
        with server:
            yield
    _forget()


def _use(settings, location):
    timeouts = {"socket_timeout": 0.1, "socket_connect_timeout": 0.1}
    settings.CACHES = settings.CACHES | {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": location,
            "OPTIONS": {"serializer": "config.cache.JSONSerializer", **timeouts},
        }
    }
    settings.SESSION_ROW_CACHE = True
    _forget()


def _forget():
    if hasattr(caches._connections, "default"):
        del caches._connections.default


def test_no_page_breaks(client, ada, redis):
    assert log_in(client, ada.email, "wrong").status_code == 200
    assert log_in(client, ada.email, ada.password).status_code == 302
    make_old(client, minutes=2)
    make_stale(client)

    for path in ("/", "/account/", "/account/sessions/", "/account/picture/"):
        assert client.get(path).status_code in {200, 302}, path
    profile = {"first_name": "Augusta", "last_name": "King"}
    assert client.post("/account/", profile).status_code in {200, 302}
    assert client.get("/readyz").status_code == 200
    assert client.post("/logout/").status_code == 302


def test_an_outage_of_both_is_an_outage_and_no_error(signed_in_client, directus, redis):
    directus.is_down()
    make_old(signed_in_client, minutes=2)

    assert signed_in_client.get("/").status_code == 200
    assert signed_in_client.get("/account/").status_code in {200, 503}


@pytest.mark.parametrize(
    "nonsense", ["text", 7, [], ["at"], {}, {"at": 1}, {"answer": 1}, json.dumps({})]
)
def test_what_another_program_kept_is_no_answer(nonsense):
    cache.set("answer:x", nonsense)

    assert cached.get("x", lambda: "asked") == "asked"
