"""Finding the users with an address: all of them, or an error."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.core import clients
from accounts.directus import DirectusUnavailable, client
from accounts.models import MailedLink
from accounts.operations.lookup import Incomplete, find_users

from ..account_pages import ask_email

pytestmark = pytest.mark.django_db

EMAIL = "v_i%c@example.com"


def find(email=EMAIL):
    return {user.email for user in clients.service_client().find_users_by_email(email)}


@pytest.fixture(autouse=True)
def _decoys(directus, service_token):
    """Users with an address that contains this one, or looks like it in a pattern."""
    for n in range(150):
        directus.add_user(f"decoy{n}-{EMAIL}")
        directus.add_user(f"{EMAIL}.decoy{n}.com")
        directus.add_user(f"v{chr(200 + n)}i%c@example.com")


@pytest.mark.parametrize("query_limit_max", [None, 7, 100, 1000])
@pytest.mark.parametrize("email", [EMAIL, EMAIL.upper()])
def test_decoys_do_not_hide_the_user(directus, query_limit_max, email):
    directus.state.query_limit_max = query_limit_max
    directus.add_user("V_I%C@Example.com")

    assert find(email) == {"V_I%C@Example.com"}


def test_all_with_an_address_are_found(directus):
    directus.add_user(EMAIL)
    directus.add_user(EMAIL.upper())

    assert find() == {EMAIL, EMAIL.upper()}


def test_look_alikes_are_not_found():
    assert find() == set()


def test_more_look_alikes_than_can_be_read_are_no_answer(directus, monkeypatch):
    monkeypatch.setattr(client, "MOST_PAGES", 5)
    directus.state.query_limit_max = 10
    directus.add_user(EMAIL)

    with pytest.raises(DirectusUnavailable, match="too many"):
        find()


def test_a_command_names_the_addresses_that_it_may_have_missed(directus, monkeypatch):
    monkeypatch.setattr(client, "MOST_PAGES", 0)

    with pytest.raises(CommandError, match="No user was signed out") as caught:
        call_command("directus_revoke", EMAIL)

    assert caught.value.returncode == 1


def test_a_command_does_what_it_can_and_fails(signed_in_client, monkeypatch):
    monkeypatch.setattr(client, "MOST_PAGES", 0)
    said, trouble = StringIO(), StringIO()

    with pytest.raises(SystemExit) as caught:
        call_command("directus_revoke", "ada@example.com", stdout=said, stderr=trouble)

    assert caught.value.code == 1
    assert "Ended 1 sessions of 1 users" in said.getvalue()
    assert "Directus may have more users ada@example.com" in trouble.getvalue()
    assert signed_in_client.get("/").status_code == 302


def test_a_sync_by_address_is_complete_or_fails(signed_in_client, monkeypatch):
    monkeypatch.setattr(client, "MOST_PAGES", 0)

    with pytest.raises(CommandError, match="too many"):
        call_command("directus_sync", user="ada@example.com")


def test_a_token_that_may_not_list_users_is_an_error(directus):
    directus.answers(
        403, {"errors": [{"extensions": {"code": "FORBIDDEN"}}]}, path="/users"
    )

    with pytest.raises(Incomplete):
        find_users("ada@example.com")


def test_no_new_address_is_promised_when_it_may_be_taken(
    signed_in_client, directus, monkeypatch
):
    monkeypatch.setattr(client, "MOST_PAGES", 0)

    assert ask_email(signed_in_client).status_code == 503
    assert not MailedLink.objects.exists()
