"""What a sign-in with a provider asks of the database and of Directus."""

import pytest
from django.test import Client

from ..sso_steps import begin, come_back, press, sign_in_with_provider
from .test_sso_users import GRACE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]
HOP = "/auth/login/exampleid"


@pytest.fixture
def visitor(directus):
    """A browser without a past; Grace has signed in with another one."""
    sign_in_with_provider(Client(), directus, GRACE)
    directus.forget_calls()
    return Client()


def asked(directus):
    return [(call.method, call.path) for call in directus.calls]


def test_the_sign_in_page_costs_nothing(visitor, directus, django_assert_num_queries):
    with django_assert_num_queries(0):
        page = visitor.get("/login/")

    assert "Continue with Example ID" in page.text
    directus.was_not_asked()


def test_the_start_costs_one_call(visitor, directus, django_assert_num_queries):
    with django_assert_num_queries(9):
        press(visitor)

    assert asked(directus) == [("GET", HOP)]


def test_the_callback_costs_four_calls(visitor, directus, django_assert_num_queries):
    query = directus.approve(begin(visitor), GRACE)
    directus.forget_calls()

    # One of them stores the event.
    with django_assert_num_queries(16):
        assert come_back(visitor, query).url == "/"

    assert asked(directus) == [
        ("GET", f"{HOP}/callback"),
        ("POST", "/auth/refresh"),
        ("GET", "/users/me"),
        ("GET", "/policies/me/globals"),
    ]
