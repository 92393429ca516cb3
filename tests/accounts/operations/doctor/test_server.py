"""directus_doctor: Directus itself, its version, its clock and its limits."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.operations.doctor import server
from accounts.operations.doctor.findings import Verdict
from accounts.operations.doctor.site import NotReadable
from accounts.operations.doctor.times import Dated


@pytest.mark.parametrize(
    ("version", "verdict", "reason"),
    [
        ("11.17.0", "ok", "11.17.0"),
        ("11.16.9", "problem", "older than 11.17.0"),
        ("11.16.9", "problem", "GHSA-6q22-g298-grjh"),
        ("11.14.0", "problem", "CVE-2026-26185"),
        ("11.4.0", "problem", "GHSA-56p6-qw3c-fq2g"),
        ("10.13.4", "warning", "no more corrections. GHSA-56p6-qw3c-fq2g"),
        ("10.13.3", "problem", "older than 10.13.4"),
        ("9.26.0", "problem", "older than 10.13.4"),
        ("12.4.0", "ok", "12.4.0"),
        ("12.3.0", "problem", "older than 12.3.1"),
        ("13.0.0", "warning", "not supported yet"),
        ("", "warning", "does not report its version"),
        ("nonsense", "warning", "does not report its version"),
    ],
)
def test_versions(site, version, verdict, reason):
    site.info = {"version": version}

    answer = server.version(site)

    assert answer.verdict == verdict
    assert reason in answer.reason


def test_directus_that_is_away_is_a_problem(site, directus):
    directus.is_down()

    assert server.reach(site).verdict is Verdict.PROBLEM


@pytest.mark.parametrize(
    ("apart", "verdict"), [(0, "ok"), (-29, "ok"), (30, "problem"), (-3600, "problem")]
)
def test_clocks(site, monkeypatch, apart, verdict):
    monkeypatch.setattr(server, "seconds_apart", lambda: apart)

    assert server.clock(site).verdict == verdict


@pytest.mark.parametrize(
    ("theirs", "ours", "line"),
    [(None, 25, "DIRECTUS_LOGIN_ATTEMPTS=0"), (3, 25, "DIRECTUS_LOGIN_ATTEMPTS=3")],
)
def test_limits_that_differ(site, settings, theirs, ours, line):
    settings.DIRECTUS_LOGIN_ATTEMPTS = ours
    site.settings["auth_login_attempts"] = theirs

    assert server.login_attempts(site).line == line


def test_no_limit_on_both_sides(site, settings):
    settings.DIRECTUS_LOGIN_ATTEMPTS = 0
    site.settings["auth_login_attempts"] = None

    assert server.login_attempts(site).verdict is Verdict.OK


@pytest.fixture
def seen(site, monkeypatch):
    """Let a user have signed in, and Directus tell the time in a zone of its own."""

    def at(*, ago, zone=0):
        told = timezone.now() - timedelta(seconds=ago) + timedelta(hours=zone)
        text = told.strftime("%Y-%m-%dT%H:%M:%S")
        site.dated = Dated("users", "1", "last_access", text)
        site.is_aged = lambda row, seconds, most: abs(seconds - ago) <= most
        monkeypatch.setattr(server, "seconds_apart", lambda: 0)

    return at


@pytest.mark.parametrize("ago", [0, 90, 3600, 40 * 24 * 3600])
@pytest.mark.parametrize(
    ("zone", "verdict"),
    [(0, "ok"), (9, "warning"), (-5, "warning"), (0.5, "warning"), (-12, "warning")],
)
def test_times_of_another_zone(site, seen, ago, zone, verdict):
    seen(ago=ago, zone=zone)

    answer = server.time_zone(site)

    assert answer.verdict == verdict
    assert (answer.line == 'TZ="UTC"') is (verdict == "warning")


def test_before_any_sign_in_there_is_no_time_to_compare(site):
    site.dated = None

    with pytest.raises(NotReadable):
        server.time_zone(site)
