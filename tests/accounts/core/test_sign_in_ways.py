"""The list of providers: asked for seldom, and never a reason for a page to fail."""

import pytest

from accounts.core import background, cache, memory, sign_in_ways

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _new_process(directus):
    memory.clear()
    directus.add_provider("exampleid", label="Example ID")


@pytest.fixture
def later(monkeypatch):
    """What runs in the background, which a test does when it wants to."""
    work = []
    monkeypatch.setattr(background, "run", work.append)
    return work


def a_minute_passes():
    sign_in_ways._asked.clear()
    shared = cache.get(sign_in_ways.CACHE_KEY)
    if shared:
        aged = shared | {"at": shared["at"] - 60}
        cache.set(sign_in_ways.CACHE_KEY, aged, 60)


def labels():
    return [each.label for each in sign_in_ways.sign_in_ways().providers]


def test_the_first_page_has_the_buttons(client, later):
    assert "Continue with Example ID" in client.get("/login/").text


def test_the_list_is_asked_for_once_a_minute(client, directus):
    for _ in range(3):
        client.get("/login/")
    directus.was_asked_once("/auth")

    a_minute_passes()
    client.get("/login/")

    assert len(directus.calls_to("/auth")) == 2


def test_later_pages_do_not_wait_for_it(client, directus, later):
    client.get("/login/")
    directus.add_provider("other", label="Other ID")
    a_minute_passes()

    assert labels() == ["Example ID"]
    later.pop()()

    assert labels() == ["Example ID", "Other ID"]


def test_during_an_outage_the_last_list_stays(client, directus):
    client.get("/login/")
    directus.is_down()
    a_minute_passes()

    assert "Continue with Example ID" in client.get("/login/").text
    assert labels() == ["Example ID"]


def test_an_outage_from_the_beginning_leaves_the_password(client, directus, later):
    directus.is_down()

    page = client.get("/login/")
    a_minute_passes()
    again = client.get("/login/")

    assert page.status_code == again.status_code == 200
    assert 'name="password"' in page.text
    assert "Continue with" not in page.text
    # The first page has waited; no other one does.
    assert len(later) == 1


def test_another_process_has_asked(directus, later):
    labels()
    memory.clear()
    directus.forget_calls()

    assert labels() == ["Example ID"]
    directus.was_not_asked()


def test_an_old_shared_list_is_better_than_none(directus, later):
    labels()
    a_minute_passes()
    memory.clear()
    directus.forget_calls()

    assert labels() == ["Example ID"]
    directus.was_not_asked()
    later.pop()()
    directus.was_asked_once("/auth")


@pytest.mark.parametrize("shared", [1, [], {"at": "x"}, {"providers": [{"x": 1}]}])
def test_a_shared_list_of_another_version_is_not_used(shared):
    cache.set(sign_in_ways.CACHE_KEY, shared, 60)

    assert labels() == ["Example ID"]


def test_an_unknown_provider_is_called_by_its_name():
    assert sign_in_ways.label_of("exampleid") == "Example ID"
    assert sign_in_ways.label_of("gone") == "gone"
    assert sign_in_ways.label_of("") == ""


def test_the_first_page_waits_for_a_second_at_most(directus, monkeypatch):
    seen = []

    def note(url, timeout=None):
        seen.append(timeout)

    monkeypatch.setattr(sign_in_ways, "_ask", note)
    labels()
    a_minute_passes()
    labels()

    assert seen == [sign_in_ways.FIRST_SECONDS, None]
