"""Which messages of Directus' Flow are accepted, and how often."""

import json
import time
import uuid

import pytest
from django.test import Client

from accounts.models import User
from accounts.throttling import once

from ...signed_in import in_threads
from .flow import PATH, SECRET, Flow, is_signed_in, sign

pytestmark = pytest.mark.django_db

BODY = json.dumps({"event": "users.update", "keys": [str(uuid.uuid4())]})


# Signatures


def test_a_signed_message_is_followed(flow):
    response = flow.sends(BODY)

    assert (response.status_code, response.json()) == (200, {"result": "followed"})


@pytest.mark.parametrize(
    "headers",
    [
        {"x-webhook-signature": ""},
        {"x-webhook-signature": "0" * 64},
        {"x-webhook-signature": "\xe9" * 64},
        {"x-webhook-timestamp": ""},
        {"x-webhook-timestamp": "now"},
        {"x-webhook-timestamp": "²"},
        {"x-webhook-timestamp": "1" * 40},
        {"x-webhook-timestamp": "1"},
    ],
)
def test_what_is_not_signed_is_refused(flow, directus, headers):
    assert flow.sends(BODY, **headers).status_code == 401
    directus.was_not_asked()


def test_another_secret_is_refused(flow):
    assert flow.sends(BODY, secret=SECRET.upper()).status_code == 401


def test_another_body_is_refused(flow):
    at = str(int(time.time()))
    headers = {"x-webhook-timestamp": at, "x-webhook-signature": sign(at, BODY)}

    assert flow.sends(BODY + " ", **headers).status_code == 401


@pytest.mark.parametrize(("apart", "status"), [(290, 200), (310, 401)])
@pytest.mark.parametrize("direction", [-1, 1])
def test_a_message_is_believed_for_five_minutes(flow, apart, status, direction):
    at = int(time.time()) + direction * apart

    assert flow.sends(BODY, at=at).status_code == status


def test_without_a_secret_there_is_nothing_here(flow, settings):
    settings.DIRECTUS_WEBHOOK_SECRET = ""

    assert flow.sends(BODY, secret="").status_code == 404


def test_directus_may_come_by_an_internal_address(settings, service_token):
    settings.SECURE_SSL_REDIRECT = True

    assert Flow().sends(BODY).status_code == 200
    assert Client().get("/login/").status_code == 301


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_only_post(client, method):
    assert getattr(client, method)(PATH).status_code == 405


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "text/json"]
)
def test_only_json(client, content_type):
    at = str(int(time.time()))
    headers = {"x-webhook-timestamp": at, "x-webhook-signature": sign(at, BODY)}

    response = client.post(PATH, BODY, content_type=content_type, headers=headers)

    assert response.status_code == 415


def test_a_megabyte_is_refused(flow, directus):
    assert flow.sends(BODY + " " * 2**20).status_code == 413
    assert flow.sends(BODY.ljust(64 * 1024)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        "[]",
        '"users.update"',
        "[" * 30_000,
        json.dumps({"event": "users.create", "keys": []}),
        json.dumps({"event": "users.update"}),
        json.dumps({"event": "users.update", "keys": {"id": 1}}),
        json.dumps({"event": "users.update", "keys": ["../users/me"]}),
        json.dumps({"event": "users.update", "keys": [None]}),
        json.dumps({"event": "users.update", "keys": [], "fields": "status"}),
        json.dumps({"event": "users.update", "keys": ["x"] * 1001}),
        json.dumps({"event": ["users.update"], "keys": []}),
    ],
)
def test_nonsense_is_refused_even_when_it_is_signed(flow, directus, body):
    assert flow.sends(body).status_code == 400
    directus.was_not_asked()


def test_strangers_are_throttled_and_the_flow_is_not(flow):
    refused = [flow.sends(BODY, secret="wrong").status_code for _ in range(21)]

    assert refused == [401] * 20 + [429]
    assert flow.sends(BODY).status_code == 200


def test_each_message_is_one_event_in_the_audit_trail(
    flow, ada, signed_in_client, directus, caplog
):
    caplog.set_level("INFO", "accounts.audit")
    directus.suspend(ada)

    flow.tells(ada, uuid.uuid4().hex)
    flow.sends(BODY, secret="wrong")

    followed, refused = [r for r in caplog.records if r.name == "accounts.audit"]
    assert followed.event == "webhook.followed"
    assert (followed.users, followed.mirrored, followed.sessions_ended) == (2, 1, 1)
    assert refused.event == "webhook.refused"


# Repeated and parallel messages


def test_a_message_works_once(flow, ada, signed_in_client, sign_in, directus):
    at, body = int(time.time()), json.dumps({"event": "users.update", "keys": [ada.id]})
    directus.suspend(ada)
    flow.sends(body, at=at)
    directus.change(ada, status="active")
    browser = sign_in(ada, Client())
    directus.forget_calls()

    again = flow.sends(body, at=at)

    assert (again.status_code, again.json()) == (200, {"result": "known already"})
    directus.was_not_asked()
    assert is_signed_in(browser)


@pytest.mark.django_db(transaction=True)
def test_a_hundred_copies_of_a_message_have_one_effect(flow, ada, directus, sign_in):
    sign_in(ada, Client())
    directus.forget_calls()
    at, body = int(time.time()), json.dumps({"event": "users.update", "keys": [ada.id]})

    answers = in_threads(100, lambda _: flow.sends(body, at=at).json()["result"])

    assert sorted(answers) == ["followed"] + ["known already"] * 99
    directus.was_asked_once("/users")


@pytest.mark.django_db(transaction=True)
def test_a_hundred_messages_about_one_user_do_no_harm(flow, ada, directus, sign_in):
    browser = sign_in(ada, Client())
    directus.takes(0.05, "/users", times=100)
    directus.change(ada, first_name="Augusta")

    answers = in_threads(100, lambda _: flow.tells(ada).status_code)

    assert answers == [200] * 100
    assert is_signed_in(browser)
    assert User.objects.get(directus_id=ada.id).first_name == "Augusta"


def test_more_messages_than_a_minute_may_hold_are_put_off(
    flow, ada, signed_in_client, directus, monkeypatch
):
    monkeypatch.setattr(
        "accounts.throttling.limits.Limit.key", lambda limit, subject: "same"
    )
    monkeypatch.setattr(once.Once, "is_first", lambda self: True)
    monkeypatch.setattr("accounts.views.webhook.WEBHOOK_CALLS", _limit(1))
    flow.tells(ada)
    directus.suspend(ada)
    directus.forget_calls()

    response = flow.tells(ada)

    assert response.status_code == 429
    assert int(response["Retry-After"]) <= 61
    directus.was_not_asked()
    assert not is_signed_in(signed_in_client)


def _limit(attempts):
    from accounts.throttling.limits import Limit

    return Limit("webhook-calls", attempts, (60,))
