"""directus_sync and directus_revoke when Directus does not answer about a user."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.management.commands import directus_revoke
from accounts.models import Session
from accounts.sync import run

pytestmark = pytest.mark.django_db

SYNC = ("directus_sync", "--user=nobody@example.com")
REVOKE = ("directus_revoke", "nobody@example.com")


@pytest.fixture(params=[401, 503])
def no_answer(request, directus, service_token):
    """Directus refuses the service token, or is away."""
    code = {401: "INVALID_CREDENTIALS", 503: "SERVICE_UNAVAILABLE"}[request.param]
    error = {"errors": [{"message": "x", "extensions": {"code": code}}]}
    directus.answers(request.param, error, path="/users", times=9)


@pytest.mark.parametrize(("command", "user"), [SYNC, REVOKE])
def test_a_user_who_could_not_be_looked_up_is_not_called_unknown(
    no_answer, command, user
):
    with pytest.raises(CommandError, match=r"Directus(:| answered)") as caught:
        call_command(command, user, stdout=StringIO())

    assert caught.value.returncode == 1


@pytest.mark.parametrize(("command", "user"), [SYNC, REVOKE])
def test_a_user_known_nowhere_is_unknown(directus, service_token, command, user):
    with pytest.raises(CommandError, match="nobody@") as caught:
        call_command(command, user, stdout=StringIO())

    assert caught.value.returncode == 2


def test_a_user_known_here_is_signed_out_all_the_same(signed_in_client, ada, no_answer):
    with pytest.raises(SystemExit):
        call_command("directus_revoke", ada.email, stdout=StringIO())

    assert not Session.objects.exists()


def test_an_interruption_is_one_plain_sentence(directus, service_token, monkeypatch):
    def interrupt(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(run._Sync, "run", interrupt)
    monkeypatch.setattr(directus_revoke, "end_sessions_of_everybody", interrupt)

    for command, options in (("directus_sync", {}), ("directus_revoke", {"all": True})):
        with pytest.raises(CommandError, match="Interrupted") as caught:
            call_command(command, stdout=StringIO(), **options)
        assert caught.value.returncode == 1
