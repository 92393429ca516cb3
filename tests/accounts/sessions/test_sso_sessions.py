"""Sessions that a provider began: shown, renewed, and ended by the provider."""

import logging

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.core import clients
from accounts.models import Session, User
from tests.fake_directus import Person

from ..signed_in import TO_LOGIN, key_of, make_old, make_stale, row_of, rows_with
from ..sso_steps import sign_in_with_provider
from ..steps import log_in

pytestmark = pytest.mark.django_db

GRACE = Person("grace@example.com", first_name="Grace")
ENDED = "Your sign-in with Example ID has ended. Sign in again."


@pytest.fixture
def visitor(directus, provider, service_token):
    """A browser in which Grace has signed in with Example ID, due for a check."""
    provider.gives_refresh_token = True
    visitor = Client()
    sign_in_with_provider(visitor, directus, GRACE)
    assert visitor.get("/").status_code == 200
    make_old(visitor, seconds=61)
    directus.forget_calls()
    return visitor


@pytest.fixture
def grace(visitor, directus):
    return directus.state.find(GRACE.email)


def test_the_row_says_how_it_began(visitor, sign_in, ada):
    other = sign_in(ada, Client())

    assert row_of(visitor).provider == "exampleid"
    assert row_of(other).provider == ""


def test_the_sign_in_is_written_down_with_the_provider(
    directus, provider, service_token, caplog
):
    with caplog.at_level(logging.INFO, "accounts.audit"):
        sign_in_with_provider(Client(), directus, GRACE)

    (done,) = [r for r in caplog.records if r.message == "sign_in.done"]
    assert done.provider == "exampleid"


def test_the_list_of_devices_says_how_each_signed_in(visitor, grace, directus):
    user = User.objects.get(email=GRACE.email)
    Session.objects.create(
        session_key="x" * 32, user=user, expire_date="2099-01-01T00:00:00Z"
    )

    page = visitor.get("/account/sessions/")

    assert page.text.count("with Example ID\n") == 1
    assert page.text.count("with your password\n") == 1
    assert "then check your account at Example ID" in page.text
    assert "change your password" not in page.text


def test_a_provider_that_is_there_renews(visitor, directus):
    make_stale(visitor)

    assert visitor.get("/").status_code == 200
    directus.was_asked_once("/auth/refresh")


def test_a_provider_that_refuses_ends_the_session_and_is_named(
    visitor, grace, directus
):
    make_stale(visitor)
    directus.revoke(grace)
    key = key_of(visitor)

    page = visitor.get("/", follow=True)

    assert page.redirect_chain == [(TO_LOGIN, 302)]
    assert ENDED in page.text
    assert "Reset your password" not in page.text.partition("<form")[0]
    assert not rows_with(key).exists()
    # Directus keeps its session then; the site ends it.
    assert directus.sessions_of(grace) == []


def test_a_form_is_told_to_be_lost(visitor, grace, directus):
    make_stale(visitor)
    directus.revoke(grace)

    page = visitor.post("/account/sessions/", {"others": "1"}, follow=True)

    assert ENDED in page.text
    assert "Your last change" in page.text


def away(directus, provider):
    provider.is_down = True


def refusing_directus(directus, provider):
    provider.refuses_client = True


def not_set_up(directus, provider):
    del directus.state.providers["exampleid"]


@pytest.mark.parametrize("trouble", [away, refusing_directus, not_set_up])
def test_a_provider_in_trouble_is_an_outage_for_its_users_alone(
    visitor, directus, provider, ada, trouble
):
    make_stale(visitor)
    trouble(directus, provider)

    for _ in range(7):
        make_old(visitor, seconds=61)
        assert visitor.get("/").status_code == 200

    # A change is not made unchecked.
    assert visitor.post("/account/export/").status_code == 503
    assert rows_with(key_of(visitor)).exists()
    # The others sign in: the breaker is closed.
    clients.anonymous_client().ping()
    assert log_in(Client(), ada.email, ada.password).status_code == 302


def test_after_the_grace_it_is_a_page_that_says_so(visitor, directus, provider):
    make_stale(visitor)
    make_old(visitor, hours=2)
    provider.is_down = True

    assert visitor.get("/").status_code == 503

    provider.is_down = False
    make_old(visitor, hours=2)
    cache.clear()
    assert visitor.get("/").status_code == 200


@pytest.mark.parametrize("knows", [True, False])
def test_a_user_of_another_provider_now(visitor, grace, directus, knows):
    """Directus asks the new provider, which refuses what the old one gave."""
    if knows:
        directus.add_provider("other", label="Other ID")
        directus.revoke(grace)
    directus.change(grace, provider="other")
    make_stale(visitor)

    page = visitor.get("/", follow=True)

    assert (ENDED in page.text) is knows
    assert bool(page.redirect_chain) is knows


def test_a_user_who_was_moved_without_tokens_of_a_provider_stays(
    visitor, grace, directus
):
    grace.grant = None
    directus.add_provider("other", label="Other ID")
    directus.change(grace, provider="other")

    assert visitor.get("/").status_code == 200
    assert User.objects.get(email=GRACE.email).provider == "other"
    assert row_of(visitor).provider == "exampleid"


@pytest.mark.parametrize("status", ["suspended", "archived"])
def test_an_inactive_user_is_signed_out_at_the_next_check(
    visitor, grace, directus, status
):
    directus.change(grace, status=status)

    assert visitor.get("/")["Location"] == TO_LOGIN
    assert not User.objects.get(email=GRACE.email).is_active


def test_a_deleted_user_is_signed_out_at_the_next_check(visitor, grace, directus):
    directus.delete(grace)

    assert visitor.get("/")["Location"] == TO_LOGIN
