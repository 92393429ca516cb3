"""Whose token reads and writes items, what may be done, and what fields are called."""

from types import SimpleNamespace

import pytest
from django.utils import translation

from accounts import own_data
from accounts.core import clients, memory
from accounts.directus import DirectusUnavailable, Forbidden, TryLater
from accounts.own_data import allowed_actions, client_for, describe
from accounts.profile import cached

INFO = "/server/info"
RIGHTS = "/permissions/me"
FIELDS = "/fields/notes"


@pytest.fixture(autouse=True)
def notes(directus):
    """A collection of the operator."""
    label = [{"language": "de-DE", "translation": "Text"}]
    body = {"type": "text", "note": "$t:hint", "translations": label}
    rights = {"read": {"id", "body"}, "create": {"body"}}
    return directus.add_collection(
        "notes", {"body": body, "owner": "uuid"}, owner="owner", rights=rights
    )


@pytest.fixture
def request_of(directus):
    """Return a request of a user; its client acts with the user's token."""

    def make(user):
        tokens = clients.anonymous_client().login(
            email=user.email, password=user.password
        )
        directus.forget_calls()
        return SimpleNamespace(
            directus=clients.client_for_tokens(tokens),
            user=SimpleNamespace(mirrored_id=user.id),
            client_address="198.51.100.7",
            META={},
        )

    return make


@pytest.fixture
def asked(request_of, ada):
    """A request of Ada."""
    return request_of(ada)


def a_minute_passes(monkeypatch, seconds=61):
    memory.clear()
    now = cached.time.time() + seconds
    monkeypatch.setattr(cached, "time", SimpleNamespace(time=lambda: now))


def with_licence(directus, licence):
    directus.answers(200, {"data": {"license": licence}}, path=INFO)


# The token


def test_without_a_service_token_the_customer_acts(asked, directus):
    directus.state.takes_rules = False

    assert client_for(asked) is asked.directus
    directus.was_not_asked()


def test_where_rules_hold_the_customer_acts(asked, directus, service_token):
    assert client_for(asked) is asked.directus
    directus.was_asked_once(INFO)


def test_without_a_licence_the_site_acts(asked, directus, service_token):
    directus.state.takes_rules = False

    client_for(asked).list_items("notes", fields=["id"], rule={}, limit=1)

    call = directus.was_asked_once("/items/notes")
    assert call.token == service_token
    assert call.address == "198.51.100.7"


def test_with_a_licence_the_customer_acts(asked, directus, service_token):
    with_licence(directus, {"source": "key"})

    assert client_for(asked) is asked.directus


@pytest.mark.parametrize("licence", ["Core", [], 0])
def test_a_strange_licence_decides_nothing(asked, directus, service_token, licence):
    with_licence(directus, licence)

    with pytest.raises(DirectusUnavailable):
        client_for(asked)


def test_a_licence_without_a_source_is_none(asked, directus, service_token):
    with_licence(directus, {})

    assert client_for(asked) is not asked.directus


def test_all_users_share_the_answer_of_a_minute(
    request_of, directus, service_token, ada, monkeypatch
):
    bob = directus.add_user("bob@example.com")
    requests = [request_of(ada), request_of(bob), request_of(ada)]

    for each in requests:
        client_for(each)
        memory.clear()
    directus.was_asked_once(INFO)

    a_minute_passes(monkeypatch)
    client_for(requests[0])
    assert len(directus.calls_to(INFO)) == 2


def test_an_outage_does_not_change_the_token(
    asked, directus, service_token, monkeypatch
):
    directus.state.takes_rules = False
    client_for(asked)
    a_minute_passes(monkeypatch)
    directus.is_down()

    assert client_for(asked) is not asked.directus


def test_in_an_outage_nothing_is_guessed(asked, directus, service_token):
    directus.is_down()

    with pytest.raises(TryLater):
        client_for(asked)


def test_a_refusal_does_not_change_the_token(asked, directus, service_token, notes):
    notes.rights = {}

    for _ in range(2):
        with pytest.raises(Forbidden):
            client_for(asked).list_items("notes", fields=["id"], rule={}, limit=1)
    calls = directus.calls_to("/items/notes")
    assert service_token not in {call.token for call in calls}


def test_without_a_service_token_accounts_items_stay():
    with pytest.raises(DirectusUnavailable):
        own_data.client_for_deletion()


# What may be done


def test_directus_says_what_may_be_done(asked, directus, service_token):
    for _ in range(2):
        assert allowed_actions(asked, "notes") == {"read", "create"}
        assert allowed_actions(asked, "others") == set()
    directus.was_asked_once(RIGHTS)


def test_each_user_has_rights_of_their_own(request_of, directus, service_token, ada):
    for user in (ada, directus.add_user("bob@example.com")):
        allowed_actions(request_of(user), "notes")
        assert len(directus.calls_to(RIGHTS)) == 1


def test_version_10_does_not_say_it(asked, directus, service_token):
    directus.state.has_policies = False

    for _ in range(2):
        assert allowed_actions(asked, "notes") is None
    directus.was_asked_once(RIGHTS)


def test_the_sites_token_may_do_everything(asked, directus, service_token):
    directus.state.takes_rules = False

    assert allowed_actions(asked, "notes") is None
    directus.was_not_asked(RIGHTS)


def test_in_an_outage_the_declaration_decides(asked, directus, service_token):
    client_for(asked)
    directus.is_down()

    assert allowed_actions(asked, "notes") is None


@pytest.mark.parametrize(
    "rights", [[1], "all", {"notes": []}, {"notes": None}, {"notes": "all"}]
)
def test_strange_rights_count_as_none(asked, directus, service_token, rights):
    directus.answers(200, {"data": rights}, path=RIGHTS)

    assert allowed_actions(asked, "notes") is None


@pytest.mark.parametrize(
    "right", [None, [], "full", {}, {"access": "none"}, {"access": True}]
)
def test_an_action_without_access_is_not_allowed(asked, directus, service_token, right):
    rights = {"notes": {"read": {"access": "full"}, "delete": right}}
    directus.answers(200, {"data": rights}, path=RIGHTS)

    assert allowed_actions(asked, "notes") == {"read"}


# Descriptions


def test_fields_are_described_for_all_users_once_a_minute(
    request_of, directus, service_token, ada, monkeypatch
):
    made = []
    monkeypatch.setattr(own_data.directus_texts, "look_up", lambda rows: made.append(1))
    for user in (ada, directus.add_user("bob@example.com")):
        names = [field.name for field in describe(request_of(user), "notes")]
        assert names == ["id", "body", "owner"]

    # `request_of` forgets the calls before the second one.
    directus.was_not_asked(FIELDS)
    assert made == [1]

    a_minute_passes(monkeypatch)
    describe(request_of(ada), "notes")
    assert directus.was_asked_once(FIELDS).token == service_token


def test_texts_are_in_the_language_of_the_page(asked, directus, service_token):
    directus.add_text("hint", en_US="Be short", de_DE="Fasse dich kurz")

    for language, label, note in (
        ("de", "Text", "Fasse dich kurz"),
        ("en", "Body", "Be short"),
        ("de", "Text", "Fasse dich kurz"),
    ):
        with translation.override(language):
            (body,) = (f for f in describe(asked, "notes") if f.name == "body")
            assert (body.label, body.note) == (label, note)
    directus.was_asked_once(FIELDS)


def test_descriptions_outlive_an_outage(asked, directus, service_token, monkeypatch):
    describe(asked, "notes")
    a_minute_passes(monkeypatch)
    directus.is_down()

    assert describe(asked, "notes")


def test_a_changed_list_changes_no_other(asked, directus, service_token):
    describe(asked, "notes").clear()

    assert describe(asked, "notes")


def test_nothing_to_describe_is_a_refusal(asked, directus, service_token):
    directus.answers(200, {"data": []}, path=FIELDS)

    with pytest.raises(Forbidden):
        describe(asked, "notes")


@pytest.mark.parametrize("rows", [None, {}, "x", ["x"], [None]])
def test_strange_descriptions_are_no_answer(asked, directus, service_token, rows):
    directus.answers(200, {"data": rows}, path=FIELDS)

    with pytest.raises(DirectusUnavailable):
        describe(asked, "notes")
