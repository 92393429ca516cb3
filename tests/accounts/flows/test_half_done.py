"""A sign-in or a sign-up that succeeds in Directus and fails here, or the reverse."""

import pytest
from django.db import DatabaseError

from accounts.models import Session, User

from ..steps import PASSWORD, log_in, sign_up

pytestmark = pytest.mark.django_db


def test_a_session_that_ended_at_directus_leads_to_the_sign_in_and_back(
    signed_in_client, ada, directus, settings
):
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    directus.expires_access_tokens()
    directus.state.end_sessions(ada)

    response = signed_in_client.get("/?page=2", follow=True)

    assert response.redirect_chain == [("/login/?next=/%3Fpage%3D2", 302)]
    assert "been signed out. Sign in to continue." in response.text
    back = log_in(signed_in_client, ada.email, ada.password, data={"next": "/?page=2"})
    assert back.url == "/?page=2"


@pytest.mark.parametrize("error", [DatabaseError("gone"), RuntimeError("bug")])
def test_tokens_of_a_sign_in_that_fails_here_are_taken_back(
    client, ada, directus, monkeypatch, error
):
    def fail(*args, **kwargs):
        raise error

    client.raise_request_exception = False
    monkeypatch.setattr("accounts.flows.sign_in.mirror_sign_in", fail)

    response = log_in(client, ada.email, ada.password)

    assert response.status_code in {500, 503}
    if isinstance(error, DatabaseError):
        assert directus.sessions_of(ada) == []
    assert not Session.objects.exclude(user=None).exists()


def test_a_sign_up_needs_no_row_that_could_be_missing_later(client, directus):
    sign_up(client, password=PASSWORD)

    assert not User.objects.exists()
