"""Users are asked about a demanded second factor only where there may be one."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.core import memory
from accounts.models import Session, User
from accounts.two_factor import demand

from ..second_steps import START
from ..steps import log_in

pytestmark = pytest.mark.django_db

GLOBALS, ACCESS = "/policies/me/globals", "/access"


@pytest.fixture
def grace(directus):
    """Another user with the role of Ada."""
    return directus.add_user("grace@example.com", "Grace's secret 1906")


@pytest.fixture
def asked(directus):
    """Return what a sign-in asks about the second factor."""

    def asked(user):
        directus.forget_calls()
        browser = Client()
        assert log_in(browser, user.email, user.password).status_code == 302
        asked.browser = browser
        paths = [call.path for call in directus.calls]
        return [path for path in paths if path in {GLOBALS, ACCESS}]

    return asked


def test_the_answer_about_one_user_counts_for_all_of_the_role(
    ada, grace, asked, service_token
):
    assert asked(ada) == [GLOBALS]
    assert asked(grace) == [ACCESS]
    assert asked(ada) == asked(grace) == []


def test_without_a_service_token_each_sign_in_asks(ada, grace, asked):
    for user in (ada, grace, ada, grace):
        assert asked(user) == [GLOBALS]


def test_a_user_with_a_policy_of_their_own_is_asked_about(
    ada, grace, asked, directus, service_token
):
    directus.state.access.append(
        {"id": "1", "role": None, "user": ada.id, "policy": "any"}
    )
    assert asked(grace) == [GLOBALS]
    directus.demands_second_factor(of=ada)

    assert asked(ada) == [ACCESS, GLOBALS]
    assert asked.browser.get("/").url == START
    assert asked(grace) == []


def test_users_that_have_to_are_asked_about_each_time(
    ada, grace, asked, directus, service_token
):
    asked(ada)
    asked(grace)
    User.objects.filter(email=ada.email).update(must_use_two_factor=True)

    assert asked(ada) == [GLOBALS]
    assert not User.objects.get(email=ada.email).must_use_two_factor


def test_a_demand_of_the_role_is_in_the_tokens(
    ada, grace, asked, directus, service_token
):
    asked(ada)
    asked(grace)
    directus.demands_second_factor()

    assert asked(ada) == []
    assert asked.browser.get("/").url == START


def test_a_demand_that_no_token_has_holds_within_a_minute(
    ada, grace, asked, directus, service_token
):
    """Such as that of a parent role."""
    asked(ada)
    asked(grace)
    directus.demands_second_factor(of=ada)
    assert asked(ada) == []

    session = User.objects.get(email=ada.email).sessions.order_by("created_at").last()
    session.validated_at -= timedelta(minutes=1)
    session.save()
    demand.forget()

    assert asked.browser.get("/").url == START


def test_sessions_of_a_role_that_come_due_at_once_ask_together(
    ada, grace, asked, directus, service_token
):
    """A user with a policy of their own is asked about in any case."""
    directus.state.access.append(
        {"id": "1", "role": None, "user": ada.id, "policy": "any"}
    )
    browsers = []
    for user in (grace, ada):
        asked(user)
        browsers.append(asked.browser)
    for session in Session.objects.all():
        session.validated_at -= timedelta(minutes=2)
        session.save()
    demand.forget()
    directus.forget_calls()

    for browser in (*browsers, *browsers):
        assert browser.get("/").status_code == 200

    paths = [call.path for call in directus.calls if call.path != "/users/me"]
    assert paths == [GLOBALS, ACCESS, GLOBALS]


def test_where_each_request_is_validated_each_sign_in_asks(
    ada, grace, asked, settings, service_token
):
    settings.DIRECTUS_REVALIDATE_SECONDS = 0

    assert asked(ada) == asked(grace) == asked(ada) == [GLOBALS]


def test_a_token_that_may_not_read_it_spares_nothing(
    ada, grace, asked, directus, service_token
):
    asked(ada)
    body = {"errors": [{"extensions": {"code": "FORBIDDEN"}}]}
    directus.answers(403, body, path=ACCESS)

    assert asked(grace) == [ACCESS, GLOBALS]
    assert asked(ada) == [GLOBALS]


@pytest.mark.parametrize(
    "odd", [{}, [{}], [{"user": None}], ["x"], None, [{"user": 1}]]
)
def test_an_odd_answer_spares_nothing(ada, grace, asked, directus, service_token, odd):
    asked(ada)
    directus.answers(200, {"data": odd}, path=ACCESS)

    assert asked(grace) == [ACCESS, GLOBALS]


def test_directus_may_send_few_rows_at_once(ada, grace, asked, directus, service_token):
    directus.state.query_limit_max = 2
    asked(ada)

    assert asked(grace) == [ACCESS]

    memory.clear()
    directus.state.access += [
        {"id": str(n), "role": None, "user": ada.id, "policy": "any"} for n in range(2)
    ]
    asked(ada)
    # There may be more of them.
    assert asked(grace) == [ACCESS, GLOBALS]


def test_version_10_has_no_policies_of_users(
    ada, grace, asked, directus, service_token
):
    directus.state.has_policies = False
    asked(ada)

    assert asked(grace) == [ACCESS]
    assert asked(ada) == []
