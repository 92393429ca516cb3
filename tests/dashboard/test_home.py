"""The home page: the greeting, and the cards of apps."""

import pytest

from accounts.directus import DirectusUnavailable, Forbidden, SessionExpired
from accounts.models import User
from dashboard.cards import Card
from tests.accounts.admin.paths import LOCAL
from tests.accounts.steps import log_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_no_cards")]
HERE = "tests.dashboard.test_home."
AWAY = "This can't be shown right now."


@pytest.fixture
def _no_cards(settings):
    """Only the cards that a test names."""
    settings.DASHBOARD_CARDS = ()


class Greeting(Card):
    title = "Greeting"
    template_name = "includes/message.html"

    def get_context(self):
        return {"message": f"Nice to see {self.request.user.first_name}"}


class Missing(Card):
    title = "Missing"

    def get_context(self):
        return None


class Failing(Card):
    title = "Failing"
    error: Exception

    def get_context(self):
        raise self.error


class Profile(Card):
    title = "Profile"
    template_name = "includes/message.html"
    calls = 1

    def get_context(self):
        return {"message": self.request.directus.get_current_user().role_name}


def put(settings, *cards):
    settings.DASHBOARD_CARDS = [HERE + card.__name__ for card in cards]


def test_it_greets_by_name_and_asks_nothing(
    signed_in_client, directus, django_assert_max_num_queries
):
    with django_assert_max_num_queries(1):
        page = signed_in_client.get("/")

    assert "Hello, Ada Lovelace" in page.text
    directus.was_not_asked()


def test_cards_stand_in_the_order_of_the_settings(signed_in_client, settings, directus):
    put(settings, Profile, Missing, Greeting)

    page = signed_in_client.get("/")

    assert [card.title for card in page.context["cards"]] == ["Profile", "Greeting"]
    assert "Nice to see Ada" in page.text
    assert len(directus.calls) == Profile.calls


@pytest.mark.parametrize(
    "error",
    [
        DirectusUnavailable("away"),
        Forbidden(403, "FORBIDDEN", kind="read"),
        ValueError("a defect"),
    ],
)
def test_a_card_that_fails_leaves_the_others_alone(
    signed_in_client, settings, monkeypatch, error
):
    monkeypatch.setattr(Failing, "error", error, raising=False)
    put(settings, Failing, Greeting)

    page = signed_in_client.get("/")

    assert page.status_code == 200
    assert page.text.count(AWAY) == 1
    assert "Nice to see Ada" in page.text


def test_an_ended_session_at_directus_signs_out(
    signed_in_client, settings, monkeypatch
):
    monkeypatch.setattr(Failing, "error", SessionExpired("over"), raising=False)
    put(settings, Failing)

    assert signed_in_client.get("/").url == "/login/?next=/"


def test_in_an_outage_each_card_says_so(signed_in_client, settings, directus):
    put(settings, Profile)
    directus.is_down()

    page = signed_in_client.get("/")

    assert page.status_code == 200
    assert AWAY in page.text


def test_a_local_administrator_gets_no_cards(settings, client):
    put(settings, Profile)
    settings.BREAK_GLASS_ADDRESSES = ["127.0.0.1"]
    settings.AUTHENTICATION_BACKENDS = [
        "accounts.backends.BreakGlassBackend",
        *settings.AUTHENTICATION_BACKENDS,
    ]
    User.objects.create_superuser(*LOCAL)
    log_in(client, *LOCAL)

    page = client.get("/")

    assert page.status_code == 200
    assert page.context["cards"] == []
