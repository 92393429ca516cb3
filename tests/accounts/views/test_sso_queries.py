"""Whatever arrives at the callback: no error of the site, and no sign-in."""

import random
import string
from urllib.parse import quote

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client

from accounts.models import Session, SsoAttempt

from ..sso_steps import ADA, CALLBACK, begin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]

ODD = [
    "",
    "%",
    "%00",
    "%ff%fe",
    "%ed%a0%80",
    "%E2%80%AE",
    "%0d%0aSet-Cookie:%20x=y",
    "x" * 3500,
    "[]",
    "%7B%7D",
    "'%20OR%201=1--",
    "../../..",
    "null",
    "-1",
    "%F0%9F%98%80",
]
NAMES = ["code", "state", "iss", "error", "code[]", "state[0]", "%00", "next", "prompt"]


@pytest.fixture
def began(client):
    """A browser that waits for the provider, and lets the site fail."""
    client.raise_request_exception = False
    begin(client)
    return client


def made_up(seed):
    """Return a query with odd values, some of them twice."""
    chance = random.Random(seed)
    pairs = [
        f"{chance.choice(NAMES)}={chance.choice(ODD)}"
        for _ in range(chance.randrange(1, 6))
    ]
    return chance.choice("&;").join(pairs)


def was_refused(browser, response):
    return response.status_code in {302, 400} and SESSION_KEY not in browser.session


@pytest.mark.parametrize("seed", range(8))
def test_made_up_queries(began, directus, seed):
    directus.forget_calls()

    for query in (made_up(seed * 10 + n) for n in range(10)):
        response = began.get(f"{CALLBACK}?{query}")
        assert was_refused(began, response), query

    directus.was_not_asked()
    assert SsoAttempt.objects.count() == 1


@pytest.mark.parametrize("name", ["code", "iss", "error"])
def test_odd_values_beside_a_real_state(began, directus, name):
    """They reach Directus, which refuses them."""
    for value in ODD:
        state = quote(directus.approve(begin(began), ADA)["state"])
        response = began.get(f"{CALLBACK}?state={state}&{name}={value}")
        assert was_refused(began, response), value


def test_a_state_that_is_there_twice_is_none(began, directus):
    query = directus.approve(begin(began), ADA)
    directus.forget_calls()

    response = began.get(CALLBACK, query | {"state": [query["state"]] * 2})

    assert was_refused(began, response)
    directus.was_not_asked()


@pytest.mark.parametrize("method", ["head", "put", "patch", "delete", "options"])
def test_other_methods_use_no_answer(began, directus, method):
    query = directus.approve(begin(began), ADA)
    directus.forget_calls()

    response = getattr(began, method)(CALLBACK, query_params=query)

    assert response.status_code in {200, 405}
    directus.was_not_asked()
    assert began.get(CALLBACK, query).url == "/"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/x-www-form-urlencoded", 303),
        (b"state=%00&state=1&code=" + b"x" * 5000, "text/plain", 303),
        (b"code=" + b"x" * 5000, "application/x-www-form-urlencoded", 303),
        (b'{"state": 1}', "application/json", 303),
        (b"--x", "multipart/form-data", 400),
        (b"\xff" * 100, "application/x-www-form-urlencoded", 303),
        (b"a=1&" * 5000, "application/x-www-form-urlencoded", 400),
        (b"x" * 70_000, "application/x-www-form-urlencoded", 413),
    ],
)
def test_odd_posts(began, directus, body, kind, status):
    directus.forget_calls()

    response = began.post(CALLBACK, body, content_type=kind)

    assert response.status_code == status
    if status == 303:
        assert len(response.url) < 4000
    directus.was_not_asked()


@pytest.mark.parametrize("name", ["x" * 200, "_", "-", "code", "auth", "login"])
def test_odd_names_of_providers(began, directus, name):
    for path in (f"/sso/auth/login/{name}/callback", f"/sso/{name}/again/"):
        response = began.get(path, {"state": "x", "code": "y"})
        assert response.status_code == 302
        assert began.get(response.url).status_code == 404
    assert began.post(f"/sso/{name}/").status_code in {404, 302}


@pytest.mark.parametrize("reason", ["no-such", "x" * 300, "-", "cancelled-"])
def test_odd_reasons(began, reason):
    assert began.get(f"/sso/exampleid/problem/{reason}/").status_code == 404


def test_strangers_make_no_rows(directus):
    rows = Session.objects.count()
    for _ in range(5):
        state = "".join(random.choices(string.ascii_letters, k=43))
        Client().get(CALLBACK, {"state": state, "code": "x"})

    assert Session.objects.count() == rows
    directus.was_not_asked()
