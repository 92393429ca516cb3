"""Lists of the admin with parameters that no page of the site has."""

import pytest

from accounts.models import AccountEvent

from .paths import SESSIONS, USERS

pytestmark = pytest.mark.django_db
EVENTS = "/admin/accounts/accountevent/"
BIG = "9" * 20
ODD = ["%00", "x", "-1", "9999", BIG, "9" * 5000, "%C2%B2", "%ED%A0%80", "", "1,2"]
PARAMETERS = {
    "/admin/auth/group/": ("p", "o", "q", "id__in", "name", "name__regex", "unknown"),
    USERS: (
        *("p", "o", "q", "e", "all", "id__in", "status", "role_name"),
        *("is_active__exact", "provider", "deletion", "groups__id__exact", "groups"),
        *("delete_at__year", "directus_id__exact", "unknown", "unknown__x"),
    ),
    SESSIONS: (
        *("p", "o", "q", "user__id__exact", "user", "id__in", "expire_date__year"),
        *("last_seen_at__gte", "last_seen_at__year", "unknown"),
    ),
    EVENTS: (
        *("p", "o", "q", "event", "staff", "user", "id__in", "address_key__range"),
        *("at__year", "at__month", "at__day", "at__gte", "at__year__lt", "unknown"),
    ),
}


@pytest.fixture
def browser(root):
    """A browser of a superuser, which gets error pages; there is an event."""
    AccountEvent.objects.create(event="test.event")
    root.raise_request_exception = False
    return root


@pytest.mark.parametrize("path", PARAMETERS)
def test_an_odd_parameter_is_no_error_of_the_site(browser, path):
    for name in PARAMETERS[path]:
        for value in ODD:
            query = f"{name}={value}&_facets=True"

            answer = browser.get(f"{path}?{query}", follow=True)

            assert answer.status_code == 200, (query[:80], answer.status_code)


@pytest.mark.parametrize(
    "query",
    [
        "at__year=9999",
        f"at__year={BIG}",
        "at__year=9999&at__month=12",
        "at__year=9999&at__month=12&at__day=31",
        "at__year=2026&at__month=2&at__day=30",
    ],
)
def test_a_time_that_cannot_be_leads_to_the_whole_list(browser, query):
    answer = browser.get(f"{EVENTS}?{query}")

    assert (answer.status_code, answer["Location"]) == (302, f"{EVENTS}?e=1")


@pytest.mark.parametrize("query", ["", "?e=1"])
def test_an_error_without_parameters_is_the_sites_own(browser, query, monkeypatch):
    def fail(*args):
        raise ValueError

    monkeypatch.setattr("accounts.admin.events.EventAdmin.get_queryset", fail)

    assert browser.get(EVENTS + query).status_code == 500


def test_an_unknown_event_is_no_filter(browser):
    answer = browser.get(EVENTS, {"event": "unknown"})

    assert "test.event" in answer.text


@pytest.mark.parametrize("index", [{}, {"index": "0"}])
@pytest.mark.parametrize("key", ["abc", "\0", BIG, "9" * 5000, "1.5", "", "²", "-1"])
@pytest.mark.parametrize(
    ("path", "action"), [(USERS, "suspend"), (SESSIONS, "delete_selected")]
)
def test_a_chosen_key_that_no_row_has_is_dropped(browser, path, action, key, index):
    data = {"action": action, "_selected_action": key} | index

    answer = browser.post(path, data, follow=True)

    assert answer.status_code == 200


def test_the_other_chosen_rows_stay_chosen(browser, shadow):
    data = {"action": "suspend", "_selected_action": ["abc", shadow.pk]}

    answer = browser.post(USERS, data)

    assert answer.context["only_user"] == shadow
