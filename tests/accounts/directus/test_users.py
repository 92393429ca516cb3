"""Profiles and users: the requests, and the values that are accepted."""

import json
import re
import uuid
from datetime import UTC, datetime

import pytest

from accounts.directus import DirectusUnavailable, DirectusUser, Forbidden

from .wire import ADA, ID, ROLE, URL, query, refuse, sent

# The own profile


def test_the_current_user_is_read_in_one_call(wire, client):
    wire.get(f"{URL}/users/me", json={"data": ADA})

    profile = client.get_current_user()

    assert profile == DirectusUser(
        id=uuid.UUID(ID),
        email="ada@example.com",
        first_name="Ada",
        status="active",
        role_id=uuid.UUID(ROLE),
        role_name="Customer",
        last_access=datetime(2026, 11, 23, 18, 45, 15, tzinfo=UTC),
        provider="default",
    )
    assert profile.is_complete
    assert profile.is_active
    assert wire.calls[0].request.headers["Authorization"] == "Bearer service"
    assert "role.name" in query(wire)["fields"]


def test_when_all_collapses_to_the_id_less_is_asked(wire, client):
    wire.get(f"{URL}/users/me", json={"data": {"id": ID}})
    wire.get(f"{URL}/users/me", json={"data": ADA})

    profile = client.get_current_user()

    assert query(wire, 1)["fields"].endswith("last_access,provider")
    assert profile.role_name == "Customer"
    assert profile.has_two_factor is None


def test_what_the_account_pages_show_is_read_too(wire, client):
    secret = {"avatar": "8b1d2e1c-4b6e-4d2f-9d55-0f4d2f2b3c4d", "tfa_secret": "*****"}
    wire.get(f"{URL}/users/me", json={"data": ADA | secret})

    profile = client.get_current_user()

    assert str(profile.picture_id) == secret["avatar"]
    assert profile.has_two_factor is True


def test_a_picture_that_is_no_id_is_none(wire, client):
    odd = {"avatar": "a file", "tfa_secret": None}
    wire.get(f"{URL}/users/me", json={"data": ADA | odd})

    profile = client.get_current_user()

    assert profile.picture_id is None
    assert profile.has_two_factor is False


def test_when_that_collapses_too_the_least_is_asked(wire, client):
    wire.get(f"{URL}/users/me", json={"data": {"id": ID}})
    wire.get(f"{URL}/users/me", json={"data": {"id": ID}})
    few = {"id": ID, "email": "ada@example.com", "status": "suspended", "role": ROLE}
    wire.get(f"{URL}/users/me", json={"data": few})

    profile = client.get_current_user()

    assert query(wire, 2)["fields"] == "id,email,first_name,last_name,status,role"
    assert profile.role_id == uuid.UUID(ROLE)
    assert profile.is_complete
    assert not profile.is_active


def test_a_hidden_profile_is_incomplete(wire, client):
    wire.get(f"{URL}/users/me", json={"data": {"id": ID}})
    wire.get(f"{URL}/users/me", json={"data": {"id": ID}})
    wire.get(f"{URL}/users/me", json={"data": {"id": ID}})

    profile = client.get_current_user()

    assert profile == DirectusUser(id=uuid.UUID(ID))
    assert not profile.is_complete
    assert not profile.is_active


def test_a_role_whose_name_is_hidden_is_still_a_role(wire, client):
    wire.get(f"{URL}/users/me", json={"data": ADA | {"role": None}})
    wire.get(f"{URL}/users/me", json={"data": {"id": ID, "role": ROLE}})

    profile = client.get_current_user()

    assert profile.role_id == uuid.UUID(ROLE)
    assert profile.provider == "default"


def test_a_user_without_a_role_has_none(wire, client):
    wire.get(f"{URL}/users/me", json={"data": ADA | {"role": None}})
    wire.get(f"{URL}/users/me", json={"data": {"id": ID, "role": None}})

    assert client.get_current_user().role_id is None


# DirectusUser


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": 7},
        {"id": "ada"},
        {"id": ""},
        {"email": 7},
        {"first_name": []},
        {"status": True},
        {"status": {}},
        {"role": 7},
        {"role": "admin"},
        {"role": []},
        {"role": {"name": "Customer"}},
        {"role": {"id": 7}},
        {"role": {"id": ROLE, "name": 7}},
        {"last_access": "yesterday"},
        {"last_access": 7},
        {"last_access": "0001-01-01T00:00:00+23:59"},
    ],
)
def test_a_user_of_the_wrong_shape_is_no_answer(changes):
    with pytest.raises(DirectusUnavailable):
        DirectusUser.from_payload(ADA | changes)


@pytest.mark.parametrize("payload", [None, [], "x", 7, {}])
def test_what_is_no_user_is_no_answer(payload):
    with pytest.raises(DirectusUnavailable):
        DirectusUser.from_payload(payload)


def test_times_are_utc_whatever_the_database():
    with_zone = DirectusUser.from_payload(
        ADA | {"last_access": "2026-11-23T19:10:18.062Z"}
    )
    other_zone = DirectusUser.from_payload(
        ADA | {"last_access": "2026-11-23T19:10:18+02:00"}
    )

    moment = datetime(2026, 11, 23, 19, 10, 18, 62000, tzinfo=UTC)
    assert with_zone.last_access == moment
    assert other_zone.last_access == datetime(2026, 11, 23, 17, 10, 18, tzinfo=UTC)
    assert other_zone.last_access.utcoffset().total_seconds() == 0


def test_texts_fit_into_a_database():
    profile = DirectusUser.from_payload(
        ADA | {"first_name": "A\x00da", "last_name": "L\ud800ove", "email": None}
    )

    assert profile.first_name == "Ada"
    assert profile.last_name == "L?ove"
    assert profile.email == ""


# Users


def test_a_user_is_read_by_id(wire, client):
    wire.get(f"{URL}/users/{ID}", json={"data": ADA})

    assert client.get_user(ID).email == "ada@example.com"


def test_a_user_is_read_with_less_when_the_role_is_hidden(wire, client):
    wire.get(f"{URL}/users/{ID}", json={"data": ADA | {"role": None}})
    wire.get(f"{URL}/users/{ID}", json={"data": {"id": ID, "role": ROLE}})

    assert client.get_user(ID).role_id == uuid.UUID(ROLE)


def test_a_missing_user_is_forbidden(wire, client):
    refuse(wire, "GET", f"/users/{ID}", 403, "FORBIDDEN")

    with pytest.raises(Forbidden):
        client.get_user(uuid.UUID(ID))


@pytest.mark.parametrize("status", [200, 204])
def test_a_user_is_changed(wire, client, status):
    body = {"json": {"data": ADA}} if status == 200 else {}
    wire.patch(f"{URL}/users/{ID}", status=status, **body)

    client.update_user(uuid.UUID(ID), {"first_name": "Augusta"})

    assert sent(wire) == {"first_name": "Augusta"}


@pytest.mark.parametrize("user_id", ["me", "../roles", "", "1", f"{ID}/x", f"{ID}?a"])
def test_an_odd_id_never_becomes_part_of_a_path(wire, client, user_id):
    with pytest.raises(ValueError, match="UUID"):
        client.get_user(user_id)
    with pytest.raises(ValueError, match="UUID"):
        client.update_user(user_id, {})


@pytest.mark.parametrize(
    "path", ["users", "/", "//evil.example", "/users/../x", "/a?b", "/a#b", "/a%2f", ""]
)
def test_an_odd_path_is_not_asked(wire, client, path):
    with pytest.raises(ValueError, match="path"):
        client.get(path)


def test_users_are_found_by_address_however_it_is_cased(wire, client):
    other = ADA | {"id": str(uuid.uuid4()), "email": "xada@example.com"}
    wire.get(f"{URL}/users", json={"data": [ADA | {"email": "Ada@Example.COM"}, other]})

    found = client.find_users_by_email("ADA@example.com")

    assert [user.email for user in found] == ["Ada@Example.COM"]
    address = "ada@example.com"
    rule = [{"email": {"_istarts_with": address}}, {"email": {"_iends_with": address}}]
    assert json.loads(query(wire)["filter"]) == {"_and": rule}


@pytest.mark.parametrize("text", ["", "a" * 250 + "@b.example"])
def test_a_text_that_is_no_address_is_not_looked_for(wire, client, text):
    assert client.find_users_by_email(text) == []


@pytest.mark.parametrize("address", ["a_b%c@example.com", r"a\_%b@example.com"])
def test_what_means_more_in_a_pattern_finds_every_way_to_write_it(
    wire, client, address
):
    wire.get(f"{URL}/users", json={"data": [ADA | {"email": address.upper()}]})

    (found,) = client.find_users_by_email(address)

    assert found.email == address.upper()
    rule = json.loads(query(wire)["filter"])["_and"][0]["email"]["_istarts_with"]
    assert re.fullmatch(rule.replace("_", "."), address)
    assert not {"%", "\\"} & set(rule)


def test_a_value_that_directus_would_compute_is_not_sent(wire, client):
    wire.get(f"{URL}/users", json={"data": []})

    client.find_users_by_email("$NOW@example.com")

    assert "$NOW" not in query(wire)["filter"]


def test_hidden_addresses_are_an_error(wire, client):
    wire.get(f"{URL}/users", json={"data": [ADA | {"email": None}]})

    with pytest.raises(DirectusUnavailable, match="hidden"):
        client.find_users_by_email("ada@example.com")


def people(*numbers):
    rows = [ADA | {"id": str(uuid.UUID(int=number))} for number in numbers]
    return {"data": rows}


def numbers(users):
    return [user.id.int for user in users]


def test_all_users_are_listed_page_by_page(wire, client):
    for page in (people(1, 2), people(3, 4), people(5)):
        wire.get(f"{URL}/users", json=page)

    assert numbers(client.list_users(page_size=2)) == [1, 2, 3, 4, 5]
    assert [query(wire, i)["page"] for i in range(3)] == ["1", "2", "3"]
    assert query(wire)["limit"] == "2"
    assert query(wire)["sort"] == "id"


def test_a_full_last_page_is_followed_by_an_empty_one(wire, client):
    for page in (people(1, 2), people()):
        wire.get(f"{URL}/users", json=page)

    assert numbers(client.list_users(page_size=2)) == [1, 2]


def test_a_user_pushed_to_the_next_page_is_listed_once(wire, client):
    for page in (people(1, 3), people(3, 4), people(4)):
        wire.get(f"{URL}/users", json=page)

    assert numbers(client.list_users(page_size=2)) == [1, 3, 4]


def test_a_list_that_never_ends_is_given_up(wire, client):
    wire.get(f"{URL}/users", json=people(1, 2))

    with pytest.raises(DirectusUnavailable):
        list(client.list_users(page_size=2))
    assert len(wire.calls) == 2


@pytest.mark.parametrize("rows", [None, {}, "x", [None], [{"id": "x"}]])
def test_a_list_of_the_wrong_shape_is_no_answer(wire, client, rows):
    wire.get(f"{URL}/users", json={"data": rows})

    with pytest.raises(DirectusUnavailable):
        list(client.list_users())


@pytest.mark.parametrize("count", [54, "54"])
def test_users_are_counted(wire, client, count):
    wire.get(f"{URL}/users", json={"data": [{"count": {"id": count}}]})

    assert client.count_users() == 54


@pytest.mark.parametrize("rows", [None, [], {}, [{}], [{"count": 3}], [{"count": {}}]])
def test_a_count_of_the_wrong_shape_is_no_answer(wire, client, rows):
    wire.get(f"{URL}/users", json={"data": rows})

    with pytest.raises(DirectusUnavailable):
        client.count_users()
