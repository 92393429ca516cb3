"""A backup of the site and of Directus, on SQLite, and its restore, as documented."""

import json
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local.mail import mails, read_mail
from local.paths import ROOT
from local.processes import run
from tests.on_wire.site import Browser

pytestmark = pytest.mark.real
NO_SERVER = "smtp://127.0.0.1:1"


@pytest.fixture
def ada(make_customer):
    return make_customer(first_name="Ada")


@pytest.fixture
def databases(live_site):
    """The files of both databases, the site's first: the order of a backup."""
    site = urlsplit(live_site.site_settings()["DATABASE_URL"]).path
    return [Path(site), Path(live_site.directus.env["DB_FILENAME"])]


def copy(database, folder):
    """Copy a database that is in use; return the copy."""
    target = folder / database.name
    with closing(sqlite3.connect(database, timeout=20)) as connection:
        connection.execute("VACUUM INTO ?", [str(target)])
    return target


def replace(database, backup):
    """Put a backup in place of a database that is not in use."""
    for name in ("", "-wal", "-shm", "-journal"):
        Path(f"{database}{name}").unlink(missing_ok=True)
    shutil.copyfile(backup, database)


def end_all_sessions(stack):
    """Run `directus_revoke --all`, which ends the sessions of each customer.

    Those of administrators and others that earlier tests signed in may remain: the
    service token may not change such users, or they have no address to write.
    """
    command = [sys.executable, "manage.py", "directus_revoke", "--all", "--format=json"]
    code, output = run(command, env=stack.site.env, cwd=ROOT)
    report = json.loads(next(row for row in output.splitlines() if '"left"' in row))
    left = [stack.admin.get_user(one["directus_id"]) for one in report["left"]]
    assert code == (3 if left else 0), output
    customers = [user for user in left if user["role"] == stack.customer_role]
    assert not any(user["email"] for user in customers), output


def test_a_restore_revives_no_session_and_sends_no_mail_twice(
    live_site, databases, mailbox, ada, make_customer, tmp_path
):
    kept, ended = (Browser(live_site.ports.site) for _ in range(2))
    for browser in (kept, ended):
        browser.sign_in(ada)
    # Of the second sign-in; it must not wait, too.
    mailbox.wait_for(ada.email, "New sign-in")
    live_site.restart_site(EMAIL_URL=NO_SERVER)
    Browser(live_site.ports.site).post("/request-reset-password/", email=ada.email)
    backups = [copy(database, tmp_path) for database in databases]
    # What the backup does not know: a sign-out, a mail that was sent, a new customer.
    cookies = dict(ended.cookies)
    ended.post("/logout/")
    live_site.restart_site()
    # It was tried without a server, and is tried again after a pause.
    sent = mailbox.wait_for(ada.email, seconds=120)["Message-ID"]
    late = make_customer()
    live_site.stop_site()
    live_site.stop_directus()

    for database, backup in zip(databases, backups, strict=True):
        replace(database, backup)
    live_site.start_directus()
    assert "given up: 1" in live_site.site.manage("send_mails", "--give-up")
    end_all_sessions(live_site)
    live_site.start_site()

    ended.cookies = cookies
    assert ended.get("/account/").status == 302
    assert kept.get("/account/").status == 302
    kept.sign_in(ada)
    assert kept.get("/account/").status == 200
    assert (
        Browser(live_site.ports.site)
        .post("/login/", email=late.email, password=late.password)
        .status
        == 200
    )
    arrived = [read_mail(path)["Message-ID"] for path in mails(live_site.state.mail)]
    assert arrived.count(sent) == 1
