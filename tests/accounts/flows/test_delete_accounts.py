"""delete_accounts: the users in Directus, and its failures."""

from io import StringIO

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client

from accounts.core import clients
from accounts.directus import DirectusUnavailable
from accounts.flows import deletion
from accounts.mirror.users import mirror_user
from accounts.models import AccountEvent, User

from ..signed_in import row_of
from ..steps import log_in, sign_up
from .deleting import KEEP, ask, days_pass, run

pytestmark = pytest.mark.django_db
PICTURE = "8b1d2e1c-4b6e-4d2f-9d55-0f4d2f2b3c4d"


@pytest.fixture(autouse=True)
def _service_token(service_token):
    pass


@pytest.fixture
def her_browser(signed_in_client):
    mail.outbox.clear()
    return signed_in_client


# Anonymising


def test_anonymised_nothing_identifies_the_user(her_browser, settings, directus, ada):
    settings.ACCOUNT_DELETION = "anonymise"
    directus.change(ada, language="en-GB", avatar=PICTURE)
    ask(her_browser)
    days_pass()

    assert run() == ("Deleted 1 account.\n", 0)

    assert (ada.first_name, ada.last_name, ada.language, ada.avatar) == (None,) * 4
    assert ada.email.startswith("deleted-")
    assert ada.email.endswith("@example.com")
    assert ada.status == "suspended"
    assert ada.password != "Ada's secret 1815"
    assert not directus.sessions_of(ada)


@pytest.fixture
def custom_fields(directus, settings, ada):
    """Two fields of Ada's profile, one of which may not be null."""
    settings.ACCOUNT_DELETION = "anonymise"
    settings.DIRECTUS_PROFILE_FIELDS = ["team", "company"]
    rule = {"_regex": "^$|^[A-Z]"}
    directus.add_field("team", schema={"is_nullable": False}, validation=rule)
    directus.add_field("company")
    ada.team, ada.company = "Engines", "Analytical"


def test_anonymised_a_field_that_may_not_be_null_keeps_no_other(
    custom_fields, her_browser, directus, ada
):
    directus.change(ada, avatar=PICTURE)
    ask(her_browser)
    days_pass()

    assert run() == ("Deleted 1 account.\n", 0)

    assert (ada.avatar, ada.team, ada.company) == (None, "", None)


def test_anonymised_what_takes_nothing_in_its_place_is_told(
    custom_fields, her_browser, ada, monkeypatch, caplog
):
    monkeypatch.setattr("accounts.flows.deletion_remote.NOTHINGS", (None, "-"))
    ask(her_browser)
    days_pass()

    _, code = run()

    assert code != 0
    assert "FAILED_VALIDATION" in caplog.text
    assert (ada.team, ada.company) == ("Engines", None)


def test_anonymised_the_same_address_can_sign_up_again(
    her_browser, settings, directus, ada
):
    settings.ACCOUNT_DELETION = "anonymise"
    email = ada.email
    ask(her_browser)
    days_pass()
    run()

    sign_up(Client(), email, "another good passphrase")

    assert directus.last_link(email)
    call_command("directus_sync", stdout=StringIO())
    assert not User.objects.get(directus_id=ada.id).email


# Failures of Directus


def test_an_outage_deletes_nothing_and_is_made_up_for(her_browser, directus, ada):
    ask(her_browser)
    days_pass()
    directus.is_down()

    printed, code = run()

    assert code == 1
    assert "was not deleted: DirectusUnavailable. Run it again." in printed
    assert User.objects.get().is_active
    directus.is_up()
    assert run() == ("Deleted 1 account.\n", 0)


def test_a_user_suspended_during_an_outage_is_not_let_in_again(
    her_browser, directus, ada, monkeypatch
):
    ask(her_browser)
    days_pass()

    def fails(user):
        directus.suspend(ada)
        mirror_user(clients.service_client().get_user(ada.id))
        raise DirectusUnavailable("timed out")

    monkeypatch.setattr(deletion, "erase_at_directus", fails)

    assert run()[1] == 1
    assert not User.objects.get().is_active


def test_a_user_deleted_in_directus_is_deleted_here(her_browser, directus, ada):
    ask(her_browser)
    days_pass()
    directus.delete(ada)

    assert run() == ("Deleted 1 account.\n", 0)
    assert User.objects.get().deleted_at


def test_a_user_whom_directus_keeps_is_deleted_here_and_tried_again(
    her_browser, directus, ada
):
    ask(her_browser)
    days_pass()
    directus.state.service_deletes = False

    printed, code = run()

    assert code == 3
    assert f"Directus keeps {ada.id}: 403 FORBIDDEN" in printed
    user = User.objects.get()
    assert (user.email, user.is_active) == ("", False)
    assert log_in(Client(), ada.email, ada.password).status_code == 200
    mail.outbox.clear()

    printed, code = run()
    assert code == 3
    assert printed.startswith(
        "Deleted 0 accounts. Asked Directus again about 1 deleted before.\n"
    )
    assert run(dry_run=True)[0] == (
        "Would delete 0 accounts. Would ask Directus again about 1 deleted before.\n"
    )
    directus.state.service_deletes = True
    printed, code = run()
    assert (code, printed) == (
        0,
        "Deleted 0 accounts. Asked Directus again about 1 deleted before.\n",
    )
    assert ada.id not in directus.state.users
    assert run() == ("Deleted 0 accounts.\n", 0)
    assert mail.outbox == []


def test_a_service_token_that_is_refused_deletes_no_user(her_browser, settings):
    ask(her_browser)
    days_pass()
    settings.DIRECTUS_SERVICE_TOKEN = "refused"

    assert run()[1] == 1
    assert not User.objects.get().deleted_at


def test_without_a_token_the_command_fails(her_browser, settings):
    ask(her_browser)
    days_pass()
    settings.DIRECTUS_SERVICE_TOKEN = ""

    printed, code = run()

    assert code == 1
    assert "cannot be deleted (1)" in printed


def test_one_that_fails_does_not_stop_the_others(her_browser, directus, ada, sign_in):
    grace = directus.add_user("grace@example.com")
    second = sign_in(grace, Client())
    ask(her_browser)
    ask(second)
    days_pass()
    path = f"/users/{ada.id}"
    directus.answers(503, {"errors": []}, path=path, times=3)

    printed, code = run()

    assert code == 1
    assert "Deleted 1 account." in printed
    assert grace.id not in directus.state.users
    assert ada.id in directus.state.users


def test_an_interruption_tells_what_was_deleted(
    her_browser, directus, sign_in, monkeypatch
):
    second = sign_in(directus.add_user("grace@example.com"), Client())
    ask(her_browser)
    ask(second)
    days_pass()
    delete, seen = deletion.delete, []

    def interrupted(user):
        seen.append(user)
        if len(seen) > 1:
            raise KeyboardInterrupt
        return delete(user)

    monkeypatch.setattr(deletion, "delete", interrupted)

    printed, code = run()

    assert code == 1
    assert printed == "Deleted 1 account.\nInterrupted: run it again for the rest.\n"
    event = AccountEvent.objects.get(event="command.run")
    assert (event.facts["deleted"], event.facts["exit_code"]) == (1, 1)
    monkeypatch.undo()
    assert run() == ("Deleted 1 account.\n", 0)


def test_a_user_who_cancels_meanwhile_is_kept(her_browser, directus, ada):
    ask(her_browser)
    days_pass()
    user = User.objects.get()
    her_browser.post(KEEP)

    with pytest.raises(deletion.Cancelled):
        deletion.delete(user)
    assert ada.id in directus.state.users
    assert row_of(her_browser).user.is_active


def test_no_secret_and_no_address_is_logged(her_browser, caplog, directus, ada):
    caplog.set_level("DEBUG")
    ask(her_browser)
    days_pass()
    run()

    assert "deletion.asked" in caplog.text
    assert "deletion.done" in caplog.text
    everything = " ".join(str(vars(record)) for record in caplog.records)
    assert ada.password not in everything
    assert ada.email not in everything


def test_a_user_held_by_a_row_in_directus_is_deleted_here(her_browser, directus, ada):
    ask(her_browser)
    days_pass()
    failed = {"errors": [{"extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}
    directus.answers(500, failed, path=f"/users/{ada.id}")

    printed, code = run()

    assert code == 3
    assert "Directus answered 500 INTERNAL_SERVER_ERROR" in printed
    assert User.objects.get().deleted_at
