"""Deleting the own account: asked for, revocable for a while, then done."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core import mail
from django.db import OperationalError
from django.db.models import F
from django.test import Client
from django.utils import timezone

from accounts.core import audit, mails, postman
from accounts.directus.ids import PICTURE_FOLDER
from accounts.flows import deletion, mailed_links
from accounts.models import (
    AccountEvent,
    Attempts,
    MailedLink,
    OutgoingMail,
    RecoveryCode,
    RoleMembership,
    Session,
    SignUp,
    User,
)
from accounts.signals import user_deactivated, user_deleted
from tests.fake_directus import one_time_code

from ..steps import (
    OTP_SECRET,
    ask_reset,
    choose_password,
    confirm,
    log_in,
    open_link,
    sign_up,
)
from .deleting import KEEP, PATH, ask, days_pass, run, subjects

pytestmark = pytest.mark.django_db
THERE = "203.0.113.7"
PICTURE = "8b1d2e1c-4b6e-4d2f-9d55-0f4d2f2b3c4d"


@pytest.fixture(autouse=True)
def _service_token(service_token):
    pass


@pytest.fixture
def her_browser(signed_in_client):
    mail.outbox.clear()
    return signed_in_client


# Asking


def test_it_takes_the_password(her_browser, directus, ada):
    page = ask(her_browser, "wrong")

    assert "Incorrect password. Try again." in page.text
    assert User.objects.get().delete_at is None
    assert ada.id in directus.state.users


def test_the_mail_says_how_to_stop_it(her_browser):
    ask(her_browser)

    text = mail.outbox[-1].body
    assert "cancel the deletion, then change your password" in text
    assert "\nhttp://testserver/account/delete/\n" in text


def test_a_password_reset_by_mail_cancels_it(her_browser, ada, directus, caplog):
    caplog.set_level("INFO")
    ask(her_browser)
    browser = Client()
    ask_reset(browser, ada.email)
    open_link(browser, directus.last_link(ada.email))

    assert choose_password(browser).url == "/reset-password/done/"

    assert User.objects.get().delete_at is None
    assert any("which also cancels it" in sent.body for sent in mail.outbox)
    assert "deletion.revoked" in caplog.text
    days_pass()
    assert run()[1] == 0
    assert ada.id in directus.state.users


def test_a_password_reset_cancels_no_deletion_of_others(her_browser, directus):
    ask(her_browser)
    grace = directus.add_user("grace@example.com", "Grace's secret 1906")
    browser = Client()
    ask_reset(browser, grace.email)
    open_link(browser, directus.last_link(grace.email))

    assert choose_password(browser).url == "/reset-password/done/"

    assert User.objects.get(email="ada@example.com").delete_at


def test_wrong_passwords_are_counted(her_browser):
    pages = [ask(her_browser, "wrong") for _ in range(6)]

    assert pages[-1].status_code == 429


def test_it_takes_the_code_of_a_user_with_a_second_factor(her_browser, ada):
    ada.otp_secret = OTP_SECRET

    page = ask(her_browser)
    assert "Enter the 6-digit code." in page.text
    assert User.objects.get().delete_at is None

    code = one_time_code(OTP_SECRET)
    assert ask(her_browser, otp=code).status_code == 302
    assert User.objects.get().delete_at


def test_the_page_says_what_happens(her_browser, settings):
    page = her_browser.get(PATH).text
    assert "will be deleted in 14 days" in page

    settings.ACCOUNT_DELETION_DAYS = 0
    assert "will be deleted immediately" in her_browser.get(PATH).text


def test_asking_sets_a_date_and_signs_other_browsers_out(her_browser, sign_in, ada):
    other = sign_in(ada, Client())
    mail.outbox.clear()

    page = her_browser.post(PATH, {"current_password": ada.password}, follow=True)

    due = User.objects.get().delete_at - timezone.now()
    assert timedelta(days=13.9) < due < timedelta(days=14)
    assert "Your account will be deleted" in page.text
    assert "<title>Account deletion requested" in page.text
    assert 'You can use your account until <time datetime="' in page.text
    assert other.get("/")["Location"] == "/login/?next=/"
    (subject,) = subjects()
    assert subject.startswith("Your Directus site account will be deleted on ")


def test_the_tokens_that_proved_the_password_are_revoked(her_browser, directus, ada):
    ask(her_browser)

    assert len(directus.sessions_of(ada)) == 1


def test_every_page_of_the_account_shows_it_with_a_way_back(her_browser):
    ask(her_browser)

    for path in ("/", "/account/sessions/", PATH):
        page = her_browser.get(path).text
        assert "Your account will be deleted" in page
        assert page.count("Cancel deletion") == 1


def test_asking_twice_keeps_the_first_date(her_browser):
    ask(her_browser)
    first = User.objects.get().delete_at

    ask(her_browser)

    assert User.objects.get().delete_at == first
    assert len(mail.outbox) == 1


def test_without_a_service_token_no_user_can(her_browser, settings, directus):
    settings.DIRECTUS_SERVICE_TOKEN = ""

    assert "You can't delete your account here." in her_browser.get(PATH).text
    assert ask(her_browser)["Location"] == PATH
    assert User.objects.get().delete_at is None


def test_it_can_be_off(her_browser, settings):
    settings.ACCOUNT_DELETION = "off"

    assert "You can't delete your account here." in her_browser.get(PATH).text


# Cancelling


def test_one_button_keeps_the_account(her_browser):
    ask(her_browser)
    mail.outbox.clear()

    page = her_browser.post(KEEP, follow=True)

    assert "Deletion cancelled." in page.text
    assert User.objects.get().delete_at is None
    assert subjects() == ["Your Directus site account will not be deleted"]
    days_pass()
    assert run() == ("Deleted 0 accounts.\n", 0)


def test_signing_in_again_shows_the_way_back(her_browser, sign_in, ada):
    ask(her_browser)
    her_browser.post("/logout/")

    sign_in(ada, her_browser)

    assert "Cancel deletion" in her_browser.get("/").text


def test_keeping_an_account_that_is_kept_sends_no_mail(her_browser):
    assert her_browser.get(KEEP).url == "/account/delete/"
    assert her_browser.post(KEEP).status_code == 302
    assert mail.outbox == []


# Doing it


def test_no_user_is_deleted_early(her_browser, directus, ada):
    ask(her_browser)
    days_pass(13)

    assert run() == ("Deleted 0 accounts.\n", 0)
    assert ada.id in directus.state.users


def test_a_dry_run_deletes_no_user(her_browser, directus, ada):
    ask(her_browser)
    days_pass()

    assert run(dry_run=True) == ("Would delete 1 account.\n", 0)
    assert ada.id in directus.state.users


def test_a_user_who_is_due_is_deleted_from_directus_and_here(
    her_browser, directus, ada
):
    ask(her_browser)
    days_pass()
    mail.outbox.clear()

    assert run() == ("Deleted 1 account.\n", 0)

    assert ada.id not in directus.state.users
    assert her_browser.get("/")["Location"] == "/login/?next=/"
    (sent,) = mail.outbox
    assert sent.to == [ada.email]
    assert sent.subject == "Your Directus site account was deleted"
    assert run() == ("Deleted 0 accounts.\n", 0)


def test_mails_that_wait_for_a_deleted_user_are_deleted(her_browser, ada, monkeypatch):
    ask(her_browser)
    days_pass()
    monkeypatch.setattr(postman, "call", lambda: None)
    mails.send("deletion_cancelled", None, to=ada.email)

    run()

    assert OutgoingMail.objects.get().name == "deletion_done"


def test_nothing_here_identifies_the_deleted_user(her_browser, directus):
    """A new column or table makes this test fail until deletion covers it."""
    ask(her_browser)
    user = fill_every_column(User.objects.get())
    row = user.pk
    days_pass()
    refusal = {"errors": [{"extensions": {"code": "FORBIDDEN"}}]}
    directus.answers(403, refusal, path=f"/files/{PICTURE}")

    assert run()[1] == 0

    user = User.objects.get(pk=row)
    kept = {"id", "directus_id", "password", "created_at", "deleted_at"}
    for field in User._meta.concrete_fields:
        if field.name not in kept:
            assert not getattr(user, field.name), field.name
    assert user.deleted_at
    assert not user.has_usable_password()
    assert not user.groups.exists()
    assert not user.user_permissions.exists()
    for model in (Session, RecoveryCode, MailedLink, RoleMembership, SignUp):
        assert not model.objects.exists(), model
    assert not Attempts.objects.exclude(key__startswith="address-").exists()
    assert LogEntry.objects.get().object_repr == str(user.directus_id)


def fill_every_column(user):
    """Give a user one row of each kind."""
    User.objects.filter(pk=user.pk).update(
        time_zone="Europe/London",
        picture_id=PICTURE,
        has_two_factor=True,
        must_use_two_factor=False,
        policies=["x"],
        language="en-GB",
        first_name="Canary",
    )
    group = Group.objects.create(name="readers")
    user.groups.add(group)
    user.user_permissions.add(Permission.objects.first())
    RoleMembership.objects.create(user=user, group=group)
    RecoveryCode.objects.create(user=user, digest="d", sealed_secret="s")
    for purpose in MailedLink.Purpose:
        mailed_links.make(purpose, "s", user.email, user.directus_id)
    SignUp.objects.create(email_digest=audit.email_digest(user.email))
    log_in(Client(), user.email, "wrong")
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(user.pk),
        object_repr=str(user),
        action_flag=CHANGE,
    )
    user.refresh_from_db()
    return user


def test_the_audit_trail_keeps_events_and_times_alone(her_browser, ada):
    log_in(Client(), ada.email, "wrong", HTTP_USER_AGENT="Canary", REMOTE_ADDR=THERE)
    user = User.objects.get()
    AccountEvent.objects.create(
        user=user, event="x", user_agent="Canary", client_address=THERE, facts={"a": 1}
    )
    before = AccountEvent.objects.count()
    ask(her_browser)
    days_pass()

    assert run()[1] == 0

    rows = AccountEvent.objects.filter(user=user)
    assert {"sign_in.done", "deletion.asked", "x"} <= {row.event for row in rows}
    assert AccountEvent.objects.count() > before
    for row in rows.exclude(event="deletion.done"):
        assert row.client_address is None
        assert (row.address_key, row.user_agent, row.facts) == ("", "", {})
    done = rows.get(event="deletion.done")
    assert (done.client_address, done.user_agent) == (None, "")
    # That browser may have been a stranger's, and names no account any more.
    assert set(AccountEvent.objects.values_list("email_digest", flat=True)) == {""}


def test_an_account_that_is_deleted_at_once_leaves_no_browser(
    her_browser, settings, directus
):
    settings.ACCOUNT_DELETION_DAYS = 0

    ask(her_browser)

    rows = AccountEvent.objects.filter(user=User.objects.get())
    assert "deletion.done" in {row.event for row in rows}
    assert not rows.exclude(client_address=None).exists()
    assert not rows.exclude(user_agent="").exists()


def test_the_picture_goes_too(her_browser, directus, ada):
    User.objects.update(picture_id=PICTURE)
    ask(her_browser)
    days_pass()
    path = f"/files/{PICTURE}"
    facts = {"id": PICTURE, "folder": PICTURE_FOLDER, "title": ada.id, "type": "x"}
    directus.answers(200, {"data": facts}, path=path)
    directus.answers(204, path=path)

    assert run()[1] == 0
    assert [call.method for call in directus.calls_to(path)] == ["GET", "DELETE"]


def test_a_file_that_is_no_picture_of_a_person_stays(her_browser, directus):
    User.objects.update(picture_id=PICTURE)
    ask(her_browser)
    days_pass()
    path = f"/files/{PICTURE}"
    facts = {"id": PICTURE, "folder": None, "title": "Logo", "type": "image/png"}
    directus.answers(200, {"data": facts}, path=path)

    assert run()[1] == 0
    assert directus.was_asked_once(path).method == "GET"


def test_other_apps_are_told(her_browser, django_capture_on_commit_callbacks):
    heard = []

    def deactivated(sender, user, **kwargs):
        heard.append(("deactivated", user.pk))

    def deleted(sender, user, **kwargs):
        heard.append(("deleted", user.pk, user.email))

    user_deactivated.connect(deactivated)
    user_deleted.connect(deleted)
    pk = User.objects.get().pk
    ask(her_browser)
    days_pass()
    with django_capture_on_commit_callbacks(execute=True):
        run()
    user_deactivated.disconnect(deactivated)
    user_deleted.disconnect(deleted)

    assert heard == [("deactivated", pk), ("deleted", pk, "")]


def test_the_same_address_can_sign_up_again(her_browser, directus, ada):
    ask(her_browser)
    days_pass()
    run()
    email, password = ada.email, "another good passphrase"

    visitor = Client()
    assert sign_up(visitor, email, password).status_code == 302
    open_link(visitor, directus.last_link(email))
    confirm(visitor)

    assert log_in(visitor, email, password)["Location"] == "/"
    assert User.objects.count() == 2
    assert User.objects.get(email=email).is_active


def test_at_once_where_there_are_no_days(her_browser, settings, directus, ada):
    settings.ACCOUNT_DELETION_DAYS = 0

    page = her_browser.post(PATH, {"current_password": ada.password}, follow=True)

    assert "Your account has been deleted." in page.text
    assert page.redirect_chain == [("/login/", 302)]
    assert ada.id not in directus.state.users
    assert User.objects.get().deleted_at
    assert subjects() == ["Your Directus site account was deleted"]


def test_at_once_and_directus_is_away_deletes_nothing(
    her_browser, settings, directus, ada
):
    settings.ACCOUNT_DELETION_DAYS = 0
    directus.answers(503, {"errors": []}, path=f"/users/{ada.id}", times=3)

    assert ask(her_browser).status_code == 503

    user = User.objects.get()
    assert (user.is_active, user.delete_at, user.deleted_at) == (True, None, None)
    assert her_browser.get("/").status_code == 200
    assert mail.outbox == []


def test_at_once_and_twice_at_the_same_time_is_no_failure(
    her_browser, settings, monkeypatch
):
    settings.ACCOUNT_DELETION_DAYS = 0
    claim = deletion._claim

    def claim_late(user):
        # The other request asks as well, and for a moment later.
        User.objects.update(delete_at=F("delete_at") + timedelta(seconds=1))
        claim(user)

    monkeypatch.setattr(deletion, "_claim", claim_late)

    assert ask(her_browser)["Location"] == PATH


def test_at_once_and_the_database_fails_is_finished_by_the_command(
    her_browser, settings, directus, ada, monkeypatch
):
    settings.ACCOUNT_DELETION_DAYS = 0

    def fail(*args, **kwargs):
        raise OperationalError

    with monkeypatch.context() as patched:
        patched.setattr(deletion, "erase", fail)
        assert ask(her_browser).status_code == 503

    assert ada.id not in directus.state.users
    assert run() == ("Deleted 1 account.\n", 0)
    assert User.objects.get().deleted_at
