"""Sessions in the admin: ended, not edited, and without secrets."""

import pytest
from django.contrib.admin.models import LogEntry

from accounts.models import Session

from .paths import SESSIONS, USERS

pytestmark = pytest.mark.django_db


def test_sessions_are_listed_without_keys_or_tokens(root, shadow, directus):
    session = shadow.sessions.get()
    pages = [
        root.get(SESSIONS),
        root.get(SESSIONS, {"q": "ada"}),
        root.get(f"{SESSIONS}{session.pk}/change/"),
        root.get(f"{SESSIONS}{session.pk}/delete/"),
        root.get(f"{SESSIONS}{session.pk}/history/"),
        root.get(f"{USERS}{shadow.pk}/change/"),
        root.get(USERS),
    ]
    own = Session.objects.get(user__email="root@example.com")
    secrets = {*directus.state.sessions, shadow.password}
    for row in (session, own):
        secrets |= {row.session_key, row.session_data, row.sealed_tokens}

    for page in pages:
        assert page.status_code == 200
        for secret in secrets:
            assert secret not in page.text


@pytest.mark.parametrize("path", ["add/", "{pk}/change/"])
def test_sessions_are_neither_added_nor_changed(root, shadow, path):
    session = shadow.sessions.get()
    path = SESSIONS + path.format(pk=session.pk)

    response = root.post(path, {"client_address": "6.6.6.6", "session_key": "x" * 32})

    assert response.status_code == 403
    session.refresh_from_db()
    assert session.client_address == "127.0.0.1"


@pytest.mark.parametrize("way", ["page", "action"])
def test_a_session_can_be_ended(root, shadow, signed_in_client, caplog, way):
    session = shadow.sessions.get()
    if way == "page":
        root.post(f"{SESSIONS}{session.pk}/delete/", {"post": "yes"})
    else:
        data = {
            "action": "delete_selected",
            "_selected_action": [session.pk],
            "post": "yes",
        }
        root.post(SESSIONS, data)

    assert signed_in_client.get("/").status_code == 302
    events = [getattr(record, "event", "") for record in caplog.records]
    assert "session.ended_by_staff" in events
    assert session.session_key not in str(list(LogEntry.objects.values()))


def test_the_own_session_is_ended_by_signing_out_alone(root):
    own = Session.objects.get(user__email="root@example.com")
    data = {"action": "delete_selected", "_selected_action": [own.pk], "post": "yes"}

    assert root.post(f"{SESSIONS}{own.pk}/delete/", {"post": "yes"}).status_code == 403
    assert root.post(SESSIONS, data).status_code == 403

    assert root.get("/admin/").status_code == 200
