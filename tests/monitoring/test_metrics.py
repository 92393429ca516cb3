"""The figures on /metrics: their readers, their counts, their labels."""

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import InterfaceError, OperationalError
from django.test import Client
from django.utils import timezone

from accounts.core import clients, outbox
from accounts.directus import DirectusUnavailable
from accounts.directus.calls import Call
from accounts.directus.endpoints import ENDPOINTS, endpoint_of
from accounts.models import OutgoingMail, SyncEnd
from accounts.throttling.limits import ACCOUNT_FAILURES
from config import __version__, health, monitoring

from ..accounts.flows.test_smoke import log_in
from ..accounts.second_steps import code_for, enrol, recover
from ..accounts.signed_in import make_old, make_stale
from ..accounts.sso_steps import sign_in_with_provider
from ..accounts.steps import OTP_SECRET
from .figures import Page, samples

pytestmark = pytest.mark.django_db

ID = "5f0c1c62-7f0e-4a9f-9a6f-0e6a4b1c2d3e"


@pytest.fixture
def page(directus):
    """The page, with a browser of its own."""
    found = Page(Client())
    directus.forget_calls()
    return found


# Who sees it


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1", "fd00::1"])
def test_a_private_address_sees_it(client, address):
    response = client.get("/metrics", REMOTE_ADDR=address)

    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=")
    assert f'site_build_info{{version="{__version__}"}} 1.0' in response.text


@pytest.mark.parametrize("address", ["8.8.8.8", "2a00::1", "", "unix:"])
def test_a_public_address_finds_nothing(client, address):
    response = client.get("/metrics", REMOTE_ADDR=address)

    assert response.status_code == 404
    assert "site_requests" not in response.text


def test_behind_a_proxy_the_address_of_the_visitor_counts(client, settings):
    settings.TRUSTED_PROXIES = ["127.0.0.1"]

    response = client.get("/metrics", headers={"x-forwarded-for": "8.8.8.8"})

    assert response.status_code == 404


# Requests


def test_requests_are_counted_by_view_method_and_status(signed_in_client, page):
    signed_in_client.get("/account/")
    signed_in_client.post("/account/sessions/", {})

    view = {"view": "accounts:profile"}
    assert page.grew("site_requests_total", **view, method="GET", status="200") == 1
    assert page.grew("site_request_seconds_count", **view) == 1
    assert 0 < page.grew("site_request_seconds_sum", **view) < 30
    assert page.grew("site_requests_total", method="POST") == 1


def test_all_unknown_addresses_and_methods_are_one(client, page):
    for path in ("/wp-login.php", f"/users/{ID}/", "/.env?token=a"):
        client.get(path)
    for method in ("PROPFIND", "X" * 50):
        client.generic(method, "/no-such-page/")

    assert page.grew("site_requests_total", view="none") == 5
    assert page.grew("site_requests_total", view="none", method="other") == 2


def test_static_files_are_one_view(client, page):
    client.get("/static/site.css")
    client.get("/static/no-such-file.css")

    assert page.grew("site_requests_total", view="static") == 2


def test_a_refused_host_is_no_view(client, page):
    client.get("/login/", headers={"host": "evil.example"})

    assert page.grew("site_requests_total", view="none", status="400") == 1


# Calls to Directus


def test_calls_are_counted_by_endpoint_and_outcome(signed_in_client, page, directus):
    make_old(signed_in_client, minutes=2)
    signed_in_client.get("/account/")
    directus.is_down()
    with pytest.raises(DirectusUnavailable):
        clients.anonymous_client().ping()

    users = {"endpoint": "users/me", "outcome": "answered"}
    assert page.grew("site_directus_calls_total", **users) >= 1
    assert page.grew("site_directus_call_seconds_count", endpoint="users/me") >= 1
    lost = page.grew("site_directus_calls_total", endpoint="server/ping")
    # One of the test, and one of each page of figures.
    assert lost >= 1


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/users/me", "users/me"),
        (f"/users/{ID}", "users"),
        ("/users/me/tfa/enable", "users/me/tfa"),
        ("/items/secret_things", "items"),
        (f"/items/secret_things/{ID}", "items"),
        (f"/assets/{ID}", "assets"),
        ("/auth/login", "auth/login"),
        ("/auth/login/acme/callback", "auth/login/provider"),
        ("/auth/login/acme", "auth/login/provider"),
        ("/fields/directus_users/salary", "fields"),
        (f"/flows/{ID}", "other"),
        ("/acme", "other"),
    ],
)
def test_the_name_of_an_endpoint_has_no_ids(path, name):
    assert endpoint_of(path) == Call("GET", path).endpoint == name
    assert name in ENDPOINTS


def test_the_breaker_shows(page, directus, monkeypatch):
    monkeypatch.setattr(health, "KEPT_SECONDS", -1.0)
    directus.is_down()
    for _ in range(5):
        with pytest.raises(DirectusUnavailable):
            clients.anonymous_client().get_server_info()

    assert page.now("site_directus_breaker_state") == 2
    assert page.now("site_directus_up") == 0
    # The last call of all was the question of the page itself.
    assert page.grew("site_directus_calls_total", outcome="not_sent") >= 1


def test_slots_show_how_many_are_in_use_and_refused(page, settings):
    transport = clients.transport()
    bulkhead = next(iter(transport._bulkheads.values()))

    with bulkhead.slot():
        assert page.now("site_directus_slots_in_use", kind="password") == 1
        held = [bulkhead.slot() for _ in range(settings.WEB_THREADS * 3 // 8 - 1)]
        for slot in held:
            slot.__enter__()
        with pytest.raises(DirectusUnavailable), bulkhead.slot(patience=0.01):
            pass
        for slot in held:
            slot.__exit__(None, None, None)

    assert page.now("site_directus_slots_in_use", kind="password") == 0
    assert page.now("site_directus_slots", kind="password") == 6
    assert page.grew("site_directus_slots_refused_total", kind="password") == 1


# Tokens and sessions


def test_renewals_are_counted_by_outcome(signed_in_client, page, directus):
    make_stale(signed_in_client)
    make_old(signed_in_client, minutes=2)
    signed_in_client.get("/")

    assert page.grew("site_token_refreshes_total", outcome="done") == 1


def test_a_refused_renewal_is_counted(signed_in_client, page, directus, ada):
    directus.change(ada, status="suspended")
    make_stale(signed_in_client)
    make_old(signed_in_client, minutes=2)
    signed_in_client.get("/")

    assert page.grew("site_token_refreshes_total", outcome="refused") == 1
    assert page.grew("site_revalidations_total", outcome="ended") == 1


def test_revalidations_are_counted_by_outcome(signed_in_client, page, directus):
    make_old(signed_in_client, minutes=2)
    signed_in_client.get("/")
    directus.is_down()
    make_old(signed_in_client, minutes=2)
    signed_in_client.get("/")

    assert page.grew("site_revalidations_total", outcome="confirmed") == 1
    assert page.grew("site_revalidations_total", outcome="no_answer") == 1


# Sign-ins and limits


def sign_ins(page, kind, outcome):
    return page.grew("site_sign_ins_total", kind=kind, outcome=outcome)


def test_sign_ins_with_a_password(client, page, ada, directus):
    log_in(client, ada, password="wrong")
    log_in(client, ada)
    directus.is_down()
    log_in(Client(), ada)

    assert sign_ins(page, "password", "refused") == 1
    assert sign_ins(page, "password", "done") == 1
    assert sign_ins(page, "password", "no_answer") == 1


def test_sign_ins_above_a_limit(client, page, ada):
    for _ in range(ACCOUNT_FAILURES.attempts + 2):
        log_in(client, ada, password="wrong")

    assert sign_ins(page, "password", "throttled") == 2
    assert page.grew("site_throttled_attempts_total", limit="account") == 2


def test_sign_ins_with_a_code(client, page, directus):
    user = directus.add_user(otp_secret=OTP_SECRET)
    log_in(client, user)
    client.post("/login/code/", {"otp": "000000"})
    client.post("/login/code/", {"otp": code_for(OTP_SECRET)})

    assert sign_ins(page, "password", "code_asked") == 1
    assert sign_ins(page, "code", "refused") == 1
    assert sign_ins(page, "code", "done") == 1


def test_sign_ins_with_a_recovery_code(signed_in_client, page, ada):
    _secret, codes = enrol(signed_in_client, ada)
    browser = Client()
    log_in(browser, ada)
    recover(browser, "aaaa-aaaa-aaaa-aaaa")
    recover(browser, codes[0])

    assert sign_ins(page, "recovery_code", "refused") >= 1
    assert sign_ins(page, "recovery_code", "done") == 1


def test_sign_ins_with_a_provider(client, page, directus, provider):
    sign_in_with_provider(client, directus)

    assert sign_ins(page, "provider", "done") == 1


# Read when Prometheus asks


def test_waiting_mails_and_the_age_of_the_oldest(client, page):
    assert page.now("site_mails_waiting") == 0
    assert page.now("site_oldest_mail_age_seconds") == 0
    for number in range(2):
        message = outbox.Message(f"{number}@example.com", "Subject", "Text", "<p>")
        outbox.put("welcome", message)
    OutgoingMail.objects.update(created_at=timezone.now() - timedelta(minutes=5))

    assert page.now("site_mails_waiting") == 2
    assert 299 < page.now("site_oldest_mail_age_seconds") < 330


@pytest.mark.usefixtures("service_token", "ada")
def test_the_age_of_the_last_sync(client, page):
    assert "site_last_sync_age_seconds" not in client.get("/metrics").text
    call_command("directus_sync", dry_run=True, verbosity=0)
    assert not SyncEnd.objects.exists()

    for _ in range(2):
        call_command("directus_sync", verbosity=0)

    assert 0 <= page.now("site_last_sync_age_seconds") < 30
    SyncEnd.objects.update(ended_at=timezone.now() - timedelta(hours=3))
    assert page.now("site_last_sync_age_seconds") >= 3 * 3600


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_without_a_database_the_other_figures_are_there(client, monkeypatch, error):
    def fail():
        raise error("no connection to db.internal")

    monkeypatch.setattr(monitoring.outbox, "queue", fail)

    response = client.get("/metrics")

    assert response.status_code == 200
    assert "site_requests_total" in response.text
    assert "site_mails_waiting" not in response.text
    assert "db.internal" not in response.text


def test_no_other_page_asks_the_database_for_them(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/healthz")


# Left out

CANARY = "canary-6d1f"
LABEL = re.compile(r"[a-zA-Z0-9_:./+-]{1,64}")


def test_no_label_has_an_address_name_id_token_or_path(
    client, page, directus, provider
):
    user = directus.add_user(
        f"{CANARY}@example.com", f"{CANARY} password", first_name=CANARY
    )
    log_in(client, user, password=f"{CANARY} wrong")
    log_in(client, user)
    client.get(f"/account/?{CANARY}=1", headers={"user-agent": CANARY})
    client.get(f"/{CANARY}/{ID}")
    client.get(f"/reset-password/?token={CANARY}")
    client.get(f"/sso/{CANARY}/problem/expired/")
    client.generic(CANARY, "/login/")
    client.get("/login/", headers={"host": CANARY})

    text = client.get("/metrics").text

    assert CANARY not in text
    assert user.id not in text
    assert ID not in text
    values = {value for _, labels in samples(text) for _, value in labels}
    assert all(LABEL.fullmatch(value) and "@" not in value for value in values), values
    endpoints = {dict(labels).get("endpoint") for _, labels in samples(text)}
    assert endpoints <= ENDPOINTS | {None}
