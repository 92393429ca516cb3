"""A link that Directus did not make does nothing, and tells nothing."""

import time
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import SignUp
from accounts.views import floors
from tests.fake_directus.tokens import make_jwt

from ..steps import confirm, forget_spent_links, open_link, sign_up

pytestmark = pytest.mark.django_db

STATES = ["active", "unverified", "suspended", None]


@pytest.fixture
def addresses(client, directus, service_token):
    """An address for each state of an account, signed up twice; one is unknown."""
    directus.state.registrations_a_minute = 100
    found = []
    for n, status in enumerate(STATES):
        found.append(f"user{n}@example.com")
        if status:
            directus.add_user(found[-1], status=status)
            for _ in range(2):
                sign_up(client, found[-1])
    directus.forget_calls()
    return found


def forged(email, *, seconds=600, scope="pending-registration"):
    """Return a token as Directus makes it, with another signature."""
    token = make_jwt(time.time(), seconds, email=email, scope=scope)
    return token.rpartition(".")[0] + ".forged"


def send(client, token, **extra):
    open_link(client, f"/verify-email/?token={token}")
    return confirm(client, **extra)


def test_nothing_is_written_and_the_same_is_asked(client, directus, addresses):
    users = [vars(user).copy() for user in directus.state.users.values()]
    sign_ups = list(SignUp.objects.values())
    seen = []
    for n, email in enumerate(addresses):
        directus.forget_calls()
        with CaptureQueriesContext(connection) as queries:
            response = send(type(client)(), forged(email), REMOTE_ADDR=f"203.0.113.{n}")
        calls = [(call.method, call.path) for call in directus.calls]
        verbs = [query["sql"].split()[0] for query in queries]
        seen.append((response.status_code, calls, verbs))

    assert seen == [seen[0]] * len(STATES)
    assert seen[0][:2] == (400, [("POST", "/users/invite/accept")])
    assert [vars(user) for user in directus.state.users.values()] == users
    assert list(SignUp.objects.values()) == sign_ups


@pytest.mark.parametrize("state", range(len(STATES)))
def test_many_of_them_are_throttled(client, directus, addresses, state):
    directus.forget_calls()

    found = [send(client, forged(addresses[state])) for _ in range(30)]

    assert [response.status_code for response in found] == [400] * 20 + [429] * 10
    assert int(found[-1]["Retry-After"]) > 0
    assert len(directus.calls) == 20
    assert not [call for call in directus.calls if call.token]


def test_strangers_use_up_nothing_of_the_owners(client, directus, service_token):
    """The strangers may use any number of addresses."""
    email = "new@example.com"
    sign_up(client, email)
    for n in range(60):
        send(type(client)(), forged(email), REMOTE_ADDR=f"203.0.113.{n}")

    open_link(client, directus.last_link(email))

    assert confirm(client).url == "/verify-email/done/"


def test_a_genuine_link_is_not_tried_for_ever(client, directus, service_token):
    sign_up(client)
    link = directus.last_link("new@example.com")

    found = []
    for n in range(7):
        forget_spent_links()
        open_link(client, link)
        found.append(confirm(client, REMOTE_ADDR=f"203.0.113.{n}").status_code)

    assert found == [302, 400, 400, 400, 400, 429, 429]


@pytest.mark.parametrize(
    "token",
    [
        forged("ada@example.com", seconds=-5),
        forged("ada@example.com", scope="invite"),
        forged("ada@example.com", scope="password-reset"),
        forged("ada@example.com", scope=None),
        "a.b.c",
        "garbage",
    ],
)
def test_what_cannot_be_a_link_is_not_even_sent(client, directus, token):
    assert send(client, token).status_code == 400
    directus.was_not_asked()


@pytest.mark.parametrize("kind", ["reset", "invitation", "access"])
def test_a_genuine_token_of_another_kind_confirms_nothing(
    client, directus, ada, service_token, kind
):
    stranger = directus.add_user("grace@example.com", status="unverified")
    tokens = {
        "reset": lambda: make_jwt(
            time.time(), 60, scope="password-reset", email=stranger.email, hash="x"
        ),
        "invitation": lambda: directus.invite("guest@example.com").rpartition("=")[2],
        "access": lambda: directus.sign_in(ada)["access_token"],
    }

    assert send(client, tokens[kind]()).status_code == 400
    directus.was_not_asked()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_without_directus_word_nothing_is_done(client, directus, service_token, status):
    """This holds for a genuine link, too."""
    sign_up(client)
    body = {"errors": [{"extensions": {"code": "ANY"}}]}
    directus.answers(status, body, path="/users/invite/accept")
    directus.forget_calls()

    response = send(client, directus.mails[-1].token)

    assert response.status_code in {400, 429, 503}
    assert [call.path for call in directus.calls] == ["/users/invite/accept"]


def test_a_link_that_was_taken_for_an_invitation_confirms_nothing(
    client, directus, service_token
):
    sign_up(client)
    directus.answers(204, path="/users/invite/accept")

    assert send(client, directus.mails[-1].token).status_code == 400
    assert directus.state.find("new@example.com").status == "unverified"


def test_a_genuine_link_is_not_spent_by_asking(client, directus, service_token):
    """The second answer of Directus is lost, and the link stays good."""
    sign_up(client)
    token = directus.mails[-1].token
    directus.answers(503, path="/users/register/verify-email")

    assert send(client, token).status_code == 503
    assert send(client, token).status_code == 302


@pytest.mark.parametrize("state", range(len(STATES)))
def test_a_refusal_takes_a_fixed_time(client, addresses, settings, monkeypatch, state):
    naps = []
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=naps.append)
    monkeypatch.setattr(floors, "time", clock)
    settings.RESET_FLOOR_SECONDS = 60

    send(client, forged(addresses[state]))

    assert len(naps) == 1
    assert 50 < naps[0] <= 60


def test_a_confirmation_takes_the_same_time(
    client, directus, service_token, settings, monkeypatch
):
    naps = []
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=naps.append)
    sign_up(client)
    monkeypatch.setattr(floors, "time", clock)
    settings.RESET_FLOOR_SECONDS = 60

    for _ in range(2):
        forget_spent_links()
        send(client, directus.mails[0].token)

    assert len(naps) == 2
    assert all(50 < nap <= 60 for nap in naps)


def test_a_flood_of_throttled_links_holds_no_threads(
    client, addresses, settings, monkeypatch
):
    for _ in range(20):
        send(client, forged(addresses[0]))
    naps = []
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=naps.append)
    monkeypatch.setattr(floors, "time", clock)
    settings.RESET_FLOOR_SECONDS = 60

    assert send(client, forged(addresses[0])).status_code == 429
    assert naps == []
