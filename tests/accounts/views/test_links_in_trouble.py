"""Links in mails during outages: requests that may have had an effect, or had none."""

from contextlib import ExitStack

import pytest
import requests

from accounts.core import clients
from accounts.directus import DirectusUnavailable, bulkhead
from accounts.directus.calls import Kind
from accounts.views import floors

from ..steps import (
    NEW_PASSWORD,
    ask_reset,
    choose_password,
    confirm,
    open_link,
    sign_up,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def reset_page(client, directus, ada):
    """A browser on the page to choose a new password."""
    ask_reset(client)
    open_link(client, directus.last_link(ada.email))
    directus.forget_calls()
    return client


def test_a_reset_that_was_not_sent_keeps_its_link(reset_page, ada, directus):
    directus.is_down()

    assert choose_password(reset_page).status_code == 503
    directus.is_up()
    clients._transport.cache_clear()

    assert choose_password(reset_page).url == "/reset-password/done/"
    assert ada.password == NEW_PASSWORD


def test_a_reset_while_too_many_hash_at_once_keeps_its_link(
    reset_page, ada, directus, monkeypatch
):
    """No call was sent, because too many were under way."""
    slots = clients.transport()._bulkheads[Kind.PASSWORD]
    monkeypatch.setattr(bulkhead, "PATIENCE_SECONDS", 0)
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(slots.slot())
            except DirectusUnavailable:
                break
        assert choose_password(reset_page).status_code == 503

    directus.was_not_asked()
    assert choose_password(reset_page).url == "/reset-password/done/"


def test_a_reset_in_a_rush_keeps_its_link(reset_page, ada, directus):
    """No call was sent: too many were under way, or Directus throttles."""
    directus.answers(503, {}, path="/auth/password/reset", headers={"Retry-After": "2"})

    response = choose_password(reset_page)

    assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert choose_password(reset_page).url == "/reset-password/done/"


def test_a_reset_whose_answer_was_lost_is_sent_once(reset_page, ada, directus):
    directus.loses_answer("/auth/password/reset")

    response = choose_password(reset_page, follow=True)

    assert response.redirect_chain == [("/reset-password/unsure/", 302)]
    assert "may have been changed" in response.text
    directus.was_asked_once("/auth/password/reset")
    # A second try gets the page of a used link.
    assert "no longer valid" in choose_password(reset_page).text


def test_a_lost_reset_that_never_happened_can_be_repeated(reset_page, ada, directus):
    directus.fails(requests.ReadTimeout("late"), "/auth/password/reset")

    assert choose_password(reset_page).url == "/reset-password/unsure/"
    assert choose_password(reset_page).url == "/reset-password/done/"


def test_a_password_that_directus_refuses_keeps_the_link(reset_page, ada, directus):
    directus.state.password_policy = "/^never$/"
    refused = choose_password(reset_page)
    directus.state.password_policy = None

    assert refused.status_code == 200
    assert refused.context["form"].errors["new_password"]
    assert choose_password(reset_page).url == "/reset-password/done/"


def test_a_confirmation_that_was_not_sent_keeps_its_link(client, directus):
    sign_up(client)
    open_link(client, directus.last_link("new@example.com"))
    directus.is_down()
    away = confirm(client)
    directus.is_up()
    clients._transport.cache_clear()

    assert away.status_code == 503
    assert confirm(client).url == "/verify-email/done/"


def test_a_sign_up_whose_answer_was_lost_is_sent_once(client, directus):
    """The visitor may send it again; this is harmless."""
    directus.loses_answer("/users/register")

    lost = sign_up(client)

    assert lost.status_code == 503
    directus.was_asked_once("/users/register")
    assert sign_up(client).status_code == 302


def test_a_reset_in_a_browser_that_is_signed_in_ends_its_session_too(
    signed_in_client, ada, directus
):
    ask_reset(signed_in_client)
    open_link(signed_in_client, directus.last_link(ada.email))

    done = choose_password(signed_in_client, follow=True)

    assert done.status_code == 200
    assert done.redirect_chain == [("/reset-password/done/", 302)]
    assert signed_in_client.get("/").status_code == 302


def test_a_reset_for_another_user_leaves_the_own_session(
    signed_in_client, ada, directus
):
    other = directus.add_user("grace@example.com")
    ask_reset(signed_in_client, other.email)
    open_link(signed_in_client, directus.last_link(other.email))

    assert choose_password(signed_in_client).url == "/reset-password/done/"
    assert signed_in_client.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/register/", "/request-reset-password/"])
def test_few_threads_take_their_time_for_what_tells_nothing(
    client, directus, settings, path
):
    """Otherwise visitors could occupy all threads."""
    places = [floors._places() for _ in range(settings.WEB_THREADS // 2)]
    form = {"email": "new@example.com", "password": NEW_PASSWORD, "first_name": "New"}
    with ExitStack() as taken:
        for place in places:
            place.acquire()
            taken.callback(place.release)

        page = client.post(path, form)

    assert (page.status_code, page["Retry-After"]) == (503, "2")
    directus.was_not_asked()
    assert client.post(path, form).status_code == 302
