"""Links in mails of the site: made, found, spent and put back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.flows import email_change, mailed_links
from accounts.flows.mailed_links import Purpose
from accounts.models import MailedLink, User

pytestmark = pytest.mark.django_db
ACCOUNT = uuid4()
EMAIL = "ada@example.com"


def token_of(link):
    (token,) = parse_qs(urlsplit(link).query)["token"]
    return token


def made(purpose=Purpose.PASSWORD_RESET, subject="s", account=ACCOUNT, **values):
    """Make a link; return its token."""
    return token_of(mailed_links.make(purpose, subject, EMAIL, account, **values))


def found(token, purpose=Purpose.PASSWORD_RESET):
    return mailed_links.find(purpose, token)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_link_leads_to_the_page_of_its_purpose(purpose, client):
    link = mailed_links.make(purpose, "s", EMAIL, ACCOUNT)

    assert link.startswith("http://testserver/")
    assert mailed_links.is_own(token_of(link))
    row = found(token_of(link), purpose)
    assert (row.email, row.directus_id) == (EMAIL, ACCOUNT)
    lifetime = row.expires_at - timezone.now()
    assert lifetime <= timedelta(hours=mailed_links.hours(purpose))
    path = link.removeprefix("http://testserver")
    assert client.get(path)["Referrer-Policy"] == "no-referrer"


def test_the_database_has_no_token():
    token = made()

    assert token not in str(vars(MailedLink.objects.get()))


def test_a_newer_link_voids_the_older_one_of_the_same_subject_alone():
    others = made(subject="other"), made(Purpose.EMAIL_CHANGE)
    older, newer = made(), made()

    assert found(older) is None
    assert found(newer)
    assert found(others[0])
    assert found(others[1], Purpose.EMAIL_CHANGE)


def test_a_newer_link_replaces_all_values_of_the_older_one():
    made(old_email="old@example.com", account=uuid4())
    mailed_links.spend(MailedLink.objects.get())

    row = found(made())

    assert (row.directus_id, row.old_email, row.used_at) == (ACCOUNT, "", None)


def test_a_newer_link_costs_what_the_first_one_costs(django_assert_num_queries):
    for account in (None, ACCOUNT, None):
        with django_assert_num_queries(1):
            made(account=account)


@pytest.mark.parametrize("purpose", [p for p in Purpose if p != Purpose.SIGN_UP])
def test_a_link_serves_no_other_purpose(purpose):
    token = made(Purpose.SIGN_UP)

    assert found(token, purpose) is None


def test_a_link_without_account_is_never_found():
    assert found(made(account=None)) is None


def test_an_expired_link_is_not_found_and_not_spent():
    token = made()
    link = found(token)
    MailedLink.objects.update(expires_at=timezone.now())

    assert found(token) is None
    assert not mailed_links.spend(link)
    assert mailed_links.waiting(Purpose.PASSWORD_RESET, "s") is None


@pytest.mark.parametrize("token", ["", "x", "\x00", "é" * 43, "a.b.c", "x" * 5000])
def test_nothing_else_is_a_link(token):
    made()

    assert found(token) is None


def test_a_link_is_spent_once():
    token = made()
    link = found(token)

    assert mailed_links.spend(link)
    assert not mailed_links.spend(link)
    assert found(token) is None
    assert mailed_links.waiting(Purpose.PASSWORD_RESET, "s") is None


def test_a_replaced_link_is_not_spent():
    link = found(made())
    newer = made()

    assert not mailed_links.spend(link)
    assert found(newer)


def test_a_link_that_was_put_back_works_again():
    token = made()
    link = found(token)
    mailed_links.spend(link)

    mailed_links.put_back(link)

    assert mailed_links.spend(found(token))


def test_putting_back_leaves_a_newer_one_alone():
    link = found(made())
    mailed_links.spend(link)
    newer = found(made())
    mailed_links.spend(newer)

    mailed_links.put_back(link)

    assert MailedLink.objects.get().used_at


@pytest.mark.django_db(transaction=True)
def test_of_parallel_requests_one_spends_a_link():
    link = found(made())

    def spend(_number):
        try:
            return mailed_links.spend(link)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        spent = list(pool.map(spend, range(16)))

    assert sorted(spent) == [False] * 15 + [True]


@pytest.mark.django_db(transaction=True)
def test_of_parallel_links_the_last_one_is_valid():
    def make(_number):
        try:
            return made()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(make, range(16)))

    assert [found(token) is not None for token in tokens].count(True) == 1


def test_voiding_says_whether_a_link_was_valid():
    assert not mailed_links.void(Purpose.PASSWORD_RESET, "s")
    token = made()

    assert mailed_links.void(Purpose.PASSWORD_RESET, "s")
    assert found(token) is None


def test_all_links_of_an_account_are_voided_and_no_others():
    for purpose in Purpose:
        made(purpose)
    other = made(subject="other", account=uuid4())

    mailed_links.void_all([ACCOUNT])

    assert MailedLink.objects.get() == found(other)


def test_ended_links_are_deleted():
    waits = made()
    long_ago = timezone.now() - timedelta(hours=2)
    for subject, values in {
        "expired": {"expires_at": long_ago},
        "used": {"used_at": long_ago},
        "just used": {"used_at": timezone.now()},
    }.items():
        made(subject=subject)
        MailedLink.objects.filter(subject=subject).update(**values)

    call_command("clearsessions")

    kept = MailedLink.objects.values_list("subject", flat=True)
    assert sorted(kept) == ["just used", "s"]
    assert found(waits)


# Links of earlier versions


@pytest.fixture
def earlier(transactional_db):
    """The tables of the version before these links; afterwards, the present ones."""
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes("accounts")
    executor = MigrationExecutor(connection)
    executor.migrate([("accounts", "0014_sso")])
    yield executor.loader.project_state([("accounts", "0014_sso")]).apps
    MigrationExecutor(connection).migrate(newest)


def test_a_change_that_waits_keeps_its_link(earlier):
    user = earlier.get_model("accounts", "User").objects.create(
        email=EMAIL, directus_id=ACCOUNT, is_active=True, password="!"
    )
    token = "t" * 43
    digest = salted_hmac("accounts.email_change", token, algorithm="sha256")
    earlier.get_model("accounts", "EmailChange").objects.create(
        user=user,
        old_email=EMAIL,
        new_email="new@example.com",
        token_digest=digest.hexdigest(),
        expires_at=timezone.now() + timedelta(hours=1),
    )

    MigrationExecutor(connection).migrate([("accounts", "0015_site_mails")])

    link = email_change.find(token)
    assert (link.email, link.old_email) == ("new@example.com", EMAIL)
    assert link.directus_id == ACCOUNT
    assert link.subject == str(user.pk)


def test_the_version_before_goes_on_with_its_links_until_it_ends(earlier):
    user = earlier.get_model("accounts", "User").objects.create(
        email=EMAIL, directus_id=ACCOUNT, is_active=True, password="!"
    )
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("accounts"))

    links = earlier.get_model("accounts", "EmailChange").objects
    links.create(
        user=user,
        old_email=EMAIL,
        new_email="new@example.com",
        token_digest="d" * 64,
        expires_at=timezone.now() + timedelta(hours=1),
    )
    assert links.get(user=user).new_email == "new@example.com"
    # What it leaves behind keeps no user from being deleted.
    User.objects.get(pk=user.pk).delete()
    connection.check_constraints()
    links.all().delete()
