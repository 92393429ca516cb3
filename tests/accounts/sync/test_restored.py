"""Signed-in users after Directus was restored from an older database."""

import shutil
from contextlib import closing
from sqlite3 import connect

import pytest

from tests.on_wire.site import Browser, put_into_past
from tests.stack import is_on_postgresql

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(is_on_postgresql(), reason="copies the file of SQLite"),
]


@pytest.fixture
def sign_in(live_site):
    def sign_in(person):
        browser = Browser(live_site.ports.site)
        browser.sign_in(person)
        return browser

    return sign_in


@pytest.fixture
def renewal_is_due(live_site):
    """A function that lets all access tokens and confirmations be old."""
    database = live_site.site_settings()["DATABASE_URL"]
    return lambda: put_into_past(database, "access_expires_at", "validated_at")


def test_only_users_whose_tokens_were_renewed_since_are_signed_out(
    live_site, make_customer, sign_in, renewal_is_due, without_flow
):
    quiet, renewing, later = (make_customer() for _ in range(3))
    quiets, renewings = sign_in(quiet), sign_in(renewing)
    file = live_site.state.folder / "directus" / "data.db"
    backup = file.with_name("backup.db")
    with closing(connect(file)) as running, closing(connect(backup)) as copy:
        running.backup(copy)
    renewal_is_due()
    assert renewings.get("/").status == 200
    laters = sign_in(later)

    live_site.stop_directus()
    newest = file.with_name("newest.db")
    shutil.copyfile(file, newest)
    try:
        shutil.copyfile(backup, file)
        live_site.start_directus()
        # The access token is still good.
        put_into_past(live_site.site_settings()["DATABASE_URL"], "validated_at")
        assert renewings.get("/").status == 200

        renewal_is_due()

        assert quiets.get("/").status == 200
        assert renewings.get("/").location == "/login/?next=/"
        assert laters.get("/").location == "/login/?next=/"
        assert sign_in(renewing).get("/").status == 200
    finally:
        live_site.stop_directus()
        shutil.copyfile(newest, file)
        live_site.start_directus()
