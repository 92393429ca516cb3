"""The provider of a user, as a column of the local row."""

import uuid
from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.directus import DirectusUser
from accounts.mirror.users import as_known, clock, mirror_user
from accounts.models import User
from accounts.signals import user_mirrored
from accounts.sync import bulk

from ..signed_in import make_old

pytestmark = pytest.mark.django_db
ADA = DirectusUser(
    id=uuid.uuid4(), email="ada@example.com", status="active", provider="exampleid"
)


def by_mirror(profile):
    mirror_user(profile)


def by_sync(profile):
    bulk.write([profile], clock())


@pytest.mark.parametrize("write", [by_mirror, by_sync])
@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("exampleid", "exampleid"),
        ("other", "other"),
        ("default", "default"),
        ("", "exampleid"),
    ],
)
def test_it_follows_directus_and_an_unreadable_one_erases_nothing(
    write, told, expected
):
    write(ADA)

    write(replace(ADA, provider=told, first_name="Ada"))

    row = User.objects.get()
    assert (row.provider, row.first_name) == (expected, "Ada")


@pytest.mark.parametrize(
    ("name", "expected"), [("", False), ("default", False), ("exampleid", True)]
)
def test_a_user_has_one_if_it_is_not_for_passwords(name, expected):
    profile = replace(ADA, provider=name)

    assert profile.has_provider is expected
    assert mirror_user(profile).has_provider is expected
    assert User(email="a@example.com").has_provider is False


def test_an_unreadable_profile_keeps_it(service_token):
    mirror_user(ADA)

    assert as_known(DirectusUser(id=ADA.id)).provider == "exampleid"


def test_a_change_of_it_is_an_update(django_capture_on_commit_callbacks):
    mirror_user(ADA)
    heard = []

    def hear(user, **kwargs):
        heard.append(user.provider)

    user_mirrored.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            mirror_user(replace(ADA, provider="other"))
            mirror_user(replace(ADA, provider="other"))
    finally:
        user_mirrored.disconnect(hear)

    assert heard == ["other"]


def test_a_sync_counts_it(directus, ada, service_token):
    printed = StringIO()
    call_command("directus_sync", stdout=StringIO())
    directus.change(ada, provider="exampleid")

    call_command("directus_sync", stdout=printed)

    assert User.objects.get(email=ada.email).provider == "exampleid"
    assert "updated 1" in printed.getvalue()


def test_the_next_check_of_a_session_shows_it(
    sign_in, directus, ada, provider, service_token
):
    browser = sign_in(ada, Client())
    directus.change(ada, provider="exampleid")
    make_old(browser, minutes=2)

    assert "You sign in with Example ID." in browser.get("/account/").text


def test_explaining_a_user_names_it():
    user = mirror_user(ADA)
    printed = StringIO()

    call_command("directus_explain", str(user.pk), stdout=printed)

    assert "provider    exampleid" in printed.getvalue()
