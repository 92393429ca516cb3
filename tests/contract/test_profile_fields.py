"""Fields that operators added to users: how Directus describes and keeps them."""

import secrets
from types import SimpleNamespace

import pytest
from django.utils import translation

from accounts.directus import Forbidden, InvalidPayload
from accounts.profile.fields import Description, describe

pytestmark = pytest.mark.directus(10, 11)


@pytest.fixture
def own(world, person):
    """The client of the person; make it after the fields: rights are read then."""
    return lambda: world.as_owner_of(world.sign_in(person))


def test_a_field_is_described(world):
    world.add_profile_field(
        "company",
        schema={"max_length": 40},
        note="Where you work",
        required=True,
        translations=[{"language": "de-DE", "translation": "Firma"}],
    )

    described = Description.from_payload(world.service().get_user_field("company"))

    assert (described.name, described.type) == ("company", "string")
    assert (described.max_length, described.is_nullable) == (40, True)
    assert (described.note, described.is_required) == ("Where you work", True)
    assert described.translations == {"de": "Firma"}


@pytest.mark.directus(10, 11, 12)
def test_a_text_is_looked_up_by_its_key(world, own, settings):
    key = f"where_you_work_{secrets.token_hex(4)}"
    world.add_text(key, en_US="Where you work", de_DE="Wo Sie arbeiten")
    world.add_text(f"{key}_not", en_US="Another text")
    world.add_profile_field("company", note=f"$t:{key}")
    settings.DIRECTUS_URL = world.url
    settings.DIRECTUS_SERVICE_TOKEN = world.service_token
    settings.DIRECTUS_PROFILE_FIELDS = ["company"]

    for language, text in (("de", "Wo Sie arbeiten"), ("fr", "Where you work")):
        with translation.override(language):
            ((described,), _missing) = describe(SimpleNamespace(directus=None))
        assert described.note == text
    assert len(world.service().list_translations([key])) == 2
    assert len(world.service().list_translations([key, "x" * 2000])) >= 3
    with pytest.raises(Forbidden):
        own().list_translations([key])


@pytest.mark.directus(11)
def test_a_user_who_may_read_it_has_it_described(world, own):
    world.add_profile_field("company")

    assert own().get_user_field("company")["field"] == "company"


def test_no_field_of_that_name(world):
    with pytest.raises(Forbidden):
        world.service().get_user_field("no_such_field")


@pytest.mark.parametrize(
    ("type", "described", "value"),
    [
        ("string", {}, "Engines"),
        ("text", {}, "a\nb"),
        ("integer", {}, 42),
        ("float", {}, 1.5),
        ("boolean", {"special": ["cast-boolean"]}, True),
        ("date", {}, "1815-12-10"),
        ("time", {}, "12:30:00"),
        ("dateTime", {}, "2026-01-02T03:04:05"),
        ("json", {"special": ["cast-json"]}, ["a", "b"]),
        ("csv", {"special": ["cast-csv"]}, ["a", "b"]),
    ],
)
def test_what_is_written_is_read_again(world, person, own, type, described, value):
    name = f"kept_{type.lower()}"
    world.add_profile_field(name, type, **described)
    client = own()

    client.update_user(person.id, {name: value})

    assert client.get_user_values(person.id, [name])[name] == value
    client.update_user(person.id, {name: None})
    assert client.get_user_values(person.id, [name])[name] is None


def test_a_moment_is_kept_to_the_second_and_in_utc(world, person, own):
    world.add_profile_field("call_me", "timestamp", special=["cast-timestamp"])
    client = own()

    client.update_user(person.id, {"call_me": "2026-07-01T11:00:00Z"})

    kept = client.get_user_values(person.id, ["call_me"])["call_me"]
    assert kept.startswith("2026-07-01T11:00:00")
    assert kept.endswith("Z")


def test_a_large_number_is_kept_to_the_last_digit(world, person, own):
    world.add_profile_field("large", "bigInteger")
    client = own()

    client.update_user(person.id, {"large": 9007199254740991})

    kept = client.get_user_values(person.id, ["large"])["large"]
    # PostgreSQL's come as a text.
    assert int(kept) == 9007199254740991


def test_a_decimal_may_be_sent_as_a_text(world, person, own):
    world.add_profile_field(
        "price", "decimal", schema={"numeric_precision": 8, "numeric_scale": 2}
    )
    client = own()

    client.update_user(person.id, {"price": "12.50"})

    kept = client.get_user_values(person.id, ["price"])["price"]
    assert float(kept) == 12.5


def test_null_is_refused_where_it_may_not_be(world, person, own):
    world.add_profile_field(
        "team", schema={"is_nullable": False, "default_value": "none"}
    )

    with pytest.raises(InvalidPayload) as refused:
        own().update_user(person.id, {"team": None})

    assert (refused.value.field, refused.value.kind) == ("team", "nnull")


def test_a_rule_of_the_field_is_refused_by_its_name(world, person, own):
    world.add_profile_field("phone", validation={"phone": {"_regex": "^\\+"}})

    with pytest.raises(InvalidPayload) as refused:
        own().update_user(person.id, {"phone": "030"})

    assert (refused.value.field, refused.value.kind) == ("phone", "regex")


def test_a_column_that_may_not_be_read_hides_the_others(world, person, own):
    world.add_profile_field("company")
    client = own()

    try:
        values = client.get_user_values(person.id, ["company", "no_such_field"])
    except Forbidden:
        values = None

    assert values is None
