"""Messages of Directus' Flow when its clock differs from the site's."""

import time

import pytest

from .flow import BODY, SECRET, Flow

pytestmark = pytest.mark.django_db


@pytest.fixture
def flow(settings):
    settings.DIRECTUS_WEBHOOK_SECRET = SECRET
    return Flow()


@pytest.mark.parametrize(
    ("seconds", "word"), [(-600, "s old"), (600, "s ahead"), (-86400, "s old")]
)
def test_the_log_says_that_the_clocks_differ(flow, caplog, seconds, word):
    response = flow.sends(BODY, at=int(time.time()) + seconds)

    assert response.status_code == 401
    assert "is refused: its timestamp is" in caplog.text
    assert word in caplog.text


def test_of_a_forged_one_it_does_not(flow, caplog):
    flow.sends(BODY, at=int(time.time()) - 600, secret="another")

    assert "timestamp" not in caplog.text


@pytest.mark.parametrize("seconds", [-280, 280])
def test_five_minutes_are_nothing(flow, caplog, seconds):
    assert flow.sends(BODY, at=int(time.time()) + seconds).status_code == 200
    assert "timestamp" not in caplog.text
