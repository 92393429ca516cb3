"""Sessions with tokens that Directus refuses."""

import pytest

from accounts.models import User
from tests.fake_directus import answers

from ...signed_in import TO_LOGIN, key_of, make_stale, rows_with, store_of

pytestmark = pytest.mark.django_db


def refuse(directus, path, refusal, **options):
    """Let Directus refuse the next request to a path."""
    answer = refusal.answer
    directus.answers(
        answer.status, path=path, body=answer.body, headers=answer.headers, **options
    )


def test_tokens_of_another_user_are_not_accepted(due, directus):
    grace = directus.add_user("grace@example.com")
    payload = {"id": grace.id, "email": grace.email, "status": "active", "role": None}
    directus.answers(200, {"data": payload}, path="/users/me", times=3)

    assert due.get("/")["Location"] == TO_LOGIN
    assert User.objects.count() == 1


def test_a_token_that_only_looked_fresh_is_renewed_once(due, directus):
    refuse(directus, "/users/me", answers.token_expired())

    assert due.get("/").status_code == 200

    directus.was_asked_once("/auth/refresh")
    assert len(directus.calls_to("/users/me")) == 2


def test_there_is_no_loop_when_the_renewed_token_is_refused_too(due, directus):
    refuse(directus, "/users/me", answers.token_expired(), times=99)

    assert due.get("/")["Location"] == TO_LOGIN

    directus.was_asked_once("/auth/refresh")


def test_a_refused_refresh_ends_the_session_and_says_so(due, directus, ada):
    make_stale(due)
    directus.state.end_sessions(ada)
    key = key_of(due)

    response = due.get("/?page=2")

    assert response["Location"] == "/login/?next=/%3Fpage%3D2"
    assert not rows_with(key).exists()
    assert "been signed out. Sign in to continue." in due.get(response["Location"]).text


def test_a_form_that_comes_too_late_leads_to_the_sign_in(due, directus, ada):
    make_stale(due)
    directus.state.end_sessions(ada)

    response = due.post("/", {"any": "form"}, follow=True)

    assert response.redirect_chain == [(TO_LOGIN, 302)]
    assert "been signed out. Sign in to continue." in response.text


def test_a_stale_token_is_renewed_on_the_way(due, directus):
    make_stale(due)

    assert due.get("/").status_code == 200

    directus.was_asked_once("/auth/refresh")
    assert store_of(due).tokens.load().is_fresh()
