"""The overview of the account: each part with its present value."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from accounts.flows import mailed_links
from accounts.models import User
from tests.accounts.sso_steps import sign_in_with_provider

PATH = "/account/overview/"
pytestmark = pytest.mark.django_db


def words_of(page):
    """Return the text of the page itself on one line."""
    main = page.text.partition('id="page"')[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def test_it_says_how_the_account_is(signed_in_client, sign_in, ada):
    sign_in(ada, Client())

    words = words_of(signed_in_client.get(PATH))

    assert "Ada Lovelace" in words
    assert "ada@example.com Confirmed" in words
    assert "Two-step verification Off" in words
    assert "Signed-in devices 2 devices" in words
    assert "Last sign-in:" in words


def test_two_step_verification_that_is_on(signed_in_client):
    User.objects.update(has_two_factor=True)

    assert "Two-step verification On" in words_of(signed_in_client.get(PATH))


def test_an_address_that_waits_for_its_confirmation(signed_in_client):
    user = User.objects.get()
    purpose = mailed_links.Purpose.EMAIL_CHANGE
    mailed_links.make(purpose, str(user.pk), "new@example.com", user.directus_id)

    words = words_of(signed_in_client.get(PATH))

    assert "new@example.com is waiting for confirmation" in words


@pytest.mark.usefixtures("provider")
def test_a_provider_keeps_what_its_users_sign_in_with(directus):
    browser = Client()
    sign_in_with_provider(browser, directus)

    words = words_of(browser.get(PATH))

    assert "Password Managed at Example ID" in words
    assert "Two-step verification Managed at Example ID" in words


def test_it_costs_one_query_more_than_others_and_no_call(
    signed_in_client, directus, django_assert_num_queries
):
    with django_assert_num_queries(1):
        signed_in_client.get("/account/export/")
    with django_assert_num_queries(2):
        signed_in_client.get(PATH)

    directus.was_not_asked()


def test_an_outage_is_said_and_the_rest_shown(signed_in_client, directus):
    User.objects.get().sessions.update(
        validated_at=timezone.now() - timezone.timedelta(minutes=2)
    )
    directus.is_down()

    page = signed_in_client.get(PATH)

    assert page.status_code == 200
    assert "may be a few minutes old" in page.text
