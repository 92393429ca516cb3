"""What directus_doctor says of the site itself and of Directus' licence."""

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from accounts.directus import ids
from accounts.operations.doctor import here, licence
from accounts.operations.doctor.findings import Verdict
from accounts.operations.doctor.site import NotReadable, Site

DAY = 24 * 3600


@pytest.fixture
def core():
    """A site on Directus 12 without a licence."""
    site = Site()
    site.info = {"version": "12.4.0"}
    site.public_info = {"license": {"source": None}}
    return site


@pytest.mark.parametrize(
    ("idle", "absolute", "verdict"),
    [
        (DAY, 7 * DAY, "ok"),
        (7 * DAY, 30 * DAY, "ok"),
        (8 * DAY, 30 * DAY, "warning"),
        (30 * DAY, 7 * DAY, "ok"),
    ],
)
def test_sessions_that_outlive_those_of_directus(settings, idle, absolute, verdict):
    settings.SESSION_IDLE_SECONDS, settings.SESSION_COOKIE_AGE = idle, absolute

    answer = here.lifetime(Site())

    assert answer.verdict == verdict
    assert ("REFRESH_TOKEN_TTL" in answer.line) is (verdict == "warning")


@pytest.mark.django_db
def test_a_database_with_all_tables():
    assert here.database(Site()).verdict is Verdict.OK


@pytest.mark.django_db
def test_a_database_that_lacks_a_migration():
    recorder = MigrationRecorder(connection)
    newest = max(name for app, name in recorder.applied_migrations() if app == "auth")
    recorder.record_unapplied("auth", newest)

    answer = here.database(Site())

    assert answer.verdict is Verdict.PROBLEM
    assert f"auth.{newest}" in answer.reason


def test_a_database_that_is_away(monkeypatch):
    def away(connection):
        raise OperationalError("Canary-7f3a9")

    monkeypatch.setattr(here, "MigrationExecutor", away)

    answer = here.database(Site())

    assert answer.verdict is Verdict.PROBLEM
    assert "Canary" not in answer.reason


def test_a_cache_that_works():
    assert here.cached(Site()).verdict is Verdict.OK


def test_a_cache_that_does_not(monkeypatch):
    def away(*args, **options):
        raise ConnectionError("redis://:Canary-7f3a9@cache")

    monkeypatch.setattr(cache, "set", away)

    answer = here.cached(Site())

    assert answer.verdict is Verdict.WARNING
    assert "Canary" not in answer.reason


@pytest.mark.parametrize(
    ("name", "value", "id"),
    [
        ("DIRECTUS_ROLE_GROUPS", [], "accounts.E010"),
        ("PUBLIC_URL", "http://www.example.com", "accounts.W002"),
    ],
)
def test_what_djangos_checks_find(settings, name, value, id):
    settings.PUBLIC_URL = "http://localhost:8000"
    setattr(settings, name, value)

    answer = here.system_checks(Site())

    assert answer.verdict in {Verdict.WARNING, Verdict.PROBLEM}
    assert id in answer.reason
    assert answer.line.endswith("--deploy") is (name == "PUBLIC_URL")


@pytest.mark.parametrize(("taken", "verdict"), [(2, "ok"), (3, "warning")])
def test_seats(core, taken, verdict):
    core.count_seats = lambda: taken

    assert licence.seats(core).verdict == verdict


@pytest.mark.parametrize("check", [licence.seats, licence.hidden])
def test_what_a_licence_hides(core, check):
    core.public_info["license"]["source"] = "env"

    with pytest.raises(NotReadable, match="Only administrators"):
        check(core)


@pytest.mark.parametrize(
    ("policy", "verdict"), [(ids.CUSTOMER_POLICY, "ok"), ("another", "warning")]
)
def test_permissions_without_effect(core, policy, verdict):
    rows = {
        "permissions": [{"id": 1}, {}],
        "policies": [
            {"id": policy, "name": "Editors", "permissions": [1, 2]},
            {"id": "p", "name": "Whole", "permissions": [1]},
        ],
    }
    core._rows = lambda path, fields: rows[path]

    answer = licence.hidden(core)

    assert answer.verdict == verdict
    assert ("Editors" in answer.reason) is (verdict == "warning")
