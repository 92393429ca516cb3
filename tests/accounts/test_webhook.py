"""What Directus' Flow tells: who is believed, and what becomes of it."""

import hashlib
import hmac
import json
import subprocess
import time
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import clients, signals, webhook
from accounts.models import Session, User
from accounts.provisioning.webhook import Webhook, operations
from local.node import node_for
from local.versions import chosen_version

from .signed_in import in_threads, row_of

PATH = "/webhooks/directus/"
SECRET = "the secret of the tests, which is long enough"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _secret(settings):
    settings.DIRECTUS_WEBHOOK_SECRET = SECRET


@pytest.fixture
def flow(service_token):
    """A client like the Flow: signs what it sends."""
    return Flow()


class Flow:
    """Sends messages as Directus does, in its own way if told."""

    def __init__(self):
        self.client = Client(enforce_csrf_checks=True)
        self.count = 0

    def tells(self, *users, event="users.update", fields=(), **values):
        """Send a new message about users, or ids."""
        self.count += 1
        keys = [getattr(user, "id", user) for user in users]
        message = {"id": self.count, "event": event, "keys": keys, "more": False}
        return self.sends(json.dumps(message | {"fields": list(fields)} | values))

    def sends(self, body, *, at=None, secret=SECRET, **headers):
        """Send a body, signed."""
        at = str(int(time.time()) if at is None else at)
        signature = sign(at, body, secret)
        usual = {"x-webhook-timestamp": at, "x-webhook-signature": signature}
        return self.client.post(
            PATH, body, content_type="application/json", headers=usual | headers
        )


def sign(at, body, secret=SECRET):
    text = f"{at}.{body}".encode()
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def is_signed_in(browser):
    return browser.get("/").status_code == 200


BODY = json.dumps({"event": "users.update", "keys": [str(uuid.uuid4())]})


# Who is believed


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
    monkeypatch.setattr("accounts.throttling.Limit.key", lambda limit, subject: "same")
    monkeypatch.setattr("accounts.views.webhook._is_new", lambda signature: True)
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
    from accounts.throttling import Limit

    return Limit("webhook-calls", attempts, (60,))


# What becomes of it


@pytest.mark.parametrize("status", ["suspended", "archived", "draft"])
def test_who_is_no_longer_active_is_out(flow, ada, signed_in_client, directus, status):
    directus.change(ada, status=status)

    flow.tells(ada, fields=["status"])

    user = User.objects.get(directus_id=ada.id)
    assert (user.is_active, user.status) == (False, status)
    assert not user.sessions.exists()
    assert not is_signed_in(signed_in_client)


def test_who_is_active_again_is_let_in(flow, ada, signed_in_client, sign_in, directus):
    directus.suspend(ada)
    flow.tells(ada)
    directus.change(ada, status="active")

    flow.tells(ada)

    assert User.objects.get(directus_id=ada.id).is_active
    assert is_signed_in(sign_in(ada, Client()))


def test_who_is_deleted_is_out(flow, ada, signed_in_client, directus, settings):
    directus.delete(ada)

    flow.tells(ada, event="users.delete")

    user = User.objects.get(directus_id=ada.id)
    assert not user.is_active
    assert not user.sessions.exists()


def test_a_deletion_that_did_not_happen_signs_nobody_out(flow, ada, signed_in_client):
    flow.tells(ada, event="users.delete")

    assert User.objects.get(directus_id=ada.id).is_active
    assert is_signed_in(signed_in_client)


def test_who_cannot_be_seen_after_a_change_is_asked_about_and_not_deactivated(
    flow, ada, signed_in_client, directus
):
    directus.answers(200, {"data": []}, path="/users")

    flow.tells(ada)

    assert User.objects.get(directus_id=ada.id).is_active
    directus.forget_calls()
    assert is_signed_in(signed_in_client)
    directus.was_asked_once("/users/me")


def test_a_new_role_gives_and_takes_rights(
    flow, ada, signed_in_client, directus, settings
):
    settings.DIRECTUS_STAFF_ROLES = ["Editor"]
    settings.DIRECTUS_ROLE_GROUPS = {"Editor": ["editors"]}
    directus.change(ada, role="Editor")
    flow.tells(ada, fields=["role"])
    user = User.objects.get(directus_id=ada.id)
    assert user.is_staff
    assert user.groups.filter(name="editors").exists()
    assert is_signed_in(signed_in_client)

    directus.change(ada, role="Customer")
    flow.tells(ada, fields=["role"])

    user.refresh_from_db()
    assert not user.is_staff
    assert not user.groups.exists()


@pytest.mark.parametrize("field", ["password", "email"])
def test_a_new_password_or_address_ends_earlier_sessions(
    flow, ada, signed_in_client, sign_in, field
):
    other = sign_in(ada, Client())
    later = row_of(other)
    later.authenticated_at = timezone.now() + timedelta(seconds=5)
    later.save()

    flow.tells(ada, fields=[field])

    assert not is_signed_in(signed_in_client)
    assert is_signed_in(other)


def test_other_fields_end_nothing(flow, ada, signed_in_client):
    flow.tells(ada, fields=["first_name", "role", "status"])

    assert is_signed_in(signed_in_client)


def test_unknown_ids_make_no_rows_and_no_calls(flow, directus):
    stranger = directus.add_user("stranger@example.com")

    assert flow.tells(stranger, str(uuid.uuid4())).status_code == 200

    assert not User.objects.exists()
    directus.was_not_asked()


def test_many_users_are_read_a_hundred_at_a_time(flow, directus):
    people = [directus.add_user(f"p{n}@example.com") for n in range(250)]
    User.objects.bulk_create(
        User(directus_id=p.id, email=p.email, password="!") for p in people
    )
    for person in people:
        directus.suspend(person)

    flow.tells(*people)

    assert len(directus.calls_to("/users")) == 3
    assert not User.objects.filter(is_active=True).exists()


def test_more_users_than_fit_are_all_asked_about(flow, ada, signed_in_client, directus):
    directus.suspend(ada)

    flow.tells(more=True)

    assert not is_signed_in(signed_in_client)


@pytest.mark.parametrize("at_once", [1, 500])
def test_a_new_password_of_more_users_than_fit_ends_their_sessions(
    flow, ada, signed_in_client, sign_in, directus, monkeypatch, at_once
):
    """Nobody is named; Directus refuses to renew what it has ended."""
    monkeypatch.setattr(webhook, "AT_ONCE", at_once)
    grace = directus.add_user("grace@example.com")
    other = sign_in(grace, Client())
    directus.change(ada, password="Another-horse-1815")

    flow.tells(more=True, fields=["password"])

    assert not is_signed_in(signed_in_client)
    assert is_signed_in(other)


def test_a_new_password_that_is_put_off_ends_sessions_too(
    ada, signed_in_client, directus
):
    directus.change(ada, password="Another-horse-1815")

    webhook.put_off(
        webhook.Message("users.update", (uuid.UUID(ada.id),), frozenset({"password"}))
    )

    assert not is_signed_in(signed_in_client)


def test_other_apps_hear_of_it_after_the_commit(
    flow, ada, signed_in_client, directus, django_capture_on_commit_callbacks
):
    heard = []

    def receiver(sender, user, **facts):
        heard.append(user.pk)

    signals.user_deactivated.connect(receiver)
    directus.suspend(ada)
    try:
        with django_capture_on_commit_callbacks() as later:
            flow.tells(ada)
        assert heard == []
        for callback in later:
            callback()
    finally:
        signals.user_deactivated.disconnect(receiver)

    assert heard == [User.objects.get(directus_id=ada.id).pk]


def test_a_local_user_is_never_touched(flow, directus):
    User.objects.create_superuser("root@example.com", "x")

    flow.tells(str(uuid.uuid4()), event="users.delete")

    assert User.objects.get(email="root@example.com").is_superuser


# When Directus cannot be read


def test_without_an_answer_the_next_request_asks(flow, ada, signed_in_client, directus):
    directus.suspend(ada)
    directus.is_down()

    assert flow.tells(ada).status_code == 200

    directus.is_up()
    clients._transport.cache_clear()
    assert not is_signed_in(signed_in_client)


def test_a_cached_row_hides_nothing(flow, ada, client, sign_in, directus, settings):
    settings.SESSION_ROW_CACHE = True
    sign_in(ada)
    other = sign_in(ada, Client())
    assert is_signed_in(client)
    assert is_signed_in(other)
    directus.suspend(ada)

    webhook.put_off(webhook.Message("users.update", (uuid.UUID(ada.id),)))
    assert not is_signed_in(client)
    flow.tells(ada)

    assert not is_signed_in(other)


def test_without_a_service_token_the_next_request_asks(
    flow, ada, signed_in_client, directus, settings
):
    settings.DIRECTUS_SERVICE_TOKEN = ""
    directus.suspend(ada)
    directus.forget_calls()

    flow.tells(ada)

    directus.was_not_asked()
    assert not is_signed_in(signed_in_client)


def test_a_slow_directus_holds_no_more_than_a_few_threads(
    flow, ada, signed_in_client, directus
):
    for _ in range(3):
        assert webhook._readers.acquire(blocking=False)
    try:
        directus.forget_calls()
        started = time.monotonic()
        flow.tells(ada)
    finally:
        for _ in range(3):
            webhook._readers.release()

    assert time.monotonic() - started < 1
    directus.was_not_asked()
    assert row_of(signed_in_client).validated_at < timezone.now() - timedelta(minutes=1)


def test_what_was_read_before_somebody_else_wrote_is_not_written(
    flow, ada, signed_in_client, directus
):
    User.objects.update(synced_at=timezone.now() + timedelta(seconds=5))
    directus.change(ada, first_name="Augusta")

    flow.tells(ada)

    assert User.objects.get(directus_id=ada.id).first_name == "Ada"
    directus.forget_calls()
    assert is_signed_in(signed_in_client)
    directus.was_asked_once("/users/me")


def test_asking_again_leaves_older_sessions_as_they_are(ada, signed_in_client):
    long_ago = timezone.now() - timedelta(hours=1)
    Session.objects.update(validated_at=long_ago)

    webhook.put_off(webhook.Message("users.update", (uuid.UUID(ada.id),)))

    assert row_of(signed_in_client).validated_at == long_ago


# The script in the Flow


@pytest.mark.parametrize(
    "secret", ["s" * 32, "x" * 63, "x" * 64, "x" * 65, 'é"\\{{$trigger}}{}\n' * 4]
)
def test_the_flows_script_signs_as_the_site_expects(secret, tmp_path):
    keys = [str(uuid.uuid4()) for _ in range(3)]
    trigger = {
        "event": "users.update",
        "keys": keys,
        "payload": {"password": "Canary", "status": "active", "first_name": "Canary"},
    }

    signed = run_script(secret, trigger, tmp_path)

    assert signed["signature"] == sign(signed["timestamp"], signed["body"], secret)
    assert abs(int(signed["timestamp"]) - time.time()) < 60
    assert "Canary" not in signed["body"]
    message = webhook.Message.from_body(signed["body"].encode())
    assert [str(key) for key in message.directus_ids] == keys
    assert message.fields == {"password", "status"}


def test_the_flows_script_fits_any_number_of_users_into_a_message(tmp_path):
    keys = [str(uuid.uuid4()) for _ in range(5000)]
    trigger = {"event": "users.delete", "keys": keys, "payload": keys}

    signed = run_script(SECRET, trigger, tmp_path)

    message = webhook.Message.from_body(signed["body"].encode())
    assert (len(message.directus_ids), message.more) == (1000, True)
    assert len(signed["body"]) < 64 * 1024
    assert signed["signature"] == sign(signed["timestamp"], signed["body"])


def test_the_flows_script_holds_nothing_that_directus_takes_for_a_template():
    _send, signing = operations(Webhook("http://site/", "{{x}}" * 8))

    assert "{{" not in signing["options"]["code"]
    assert "}}" not in signing["options"]["code"]


def run_script(secret, trigger, folder):
    """Run the script of the Flow on an event; return what it hands on."""
    code = operations(Webhook("http://site/", secret))[1]["options"]["code"]
    path = folder / "sign.cjs"
    event = json.dumps({"$trigger": trigger})
    path.write_text(
        f"{code}\nconsole.log(JSON.stringify(module.exports({event})));",
        encoding="utf-8",
    )
    node = node_for(chosen_version()).program
    ran = subprocess.run([node, path], capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)
