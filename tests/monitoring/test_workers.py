"""The figures of a site with several workers, under the real server."""

import http.client
import os
import signal
import time
from contextlib import closing
from pathlib import Path

import pytest

from local.processes import wait_until
from tests.on_wire.directus import DirectusServer
from tests.on_wire.site import Browser, Site

from .figures import samples, total

MANY = 60


@pytest.fixture(scope="module")
def directus_server():
    with DirectusServer() as server:
        yield server


@pytest.fixture
def directus(directus_server):
    """The Directus of one test, instead of the one in memory."""
    return directus_server.start_again()


@pytest.fixture
def site(directus_server, directus, tmp_path):
    """The site with two workers, which may be stopped and started again."""
    site = Site(tmp_path, directus_server.url, "", "")
    site.env["TMPDIR"] = str(tmp_path)
    site.make_tables()
    site.start()
    site.wait()
    yield site
    site.stop()


def ask(site, path):
    """Fetch a page over a connection of its own, which any worker may take."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    with closing(connection):
        # By address, as Prometheus does.
        connection.request("GET", path, headers={"Host": f"10.0.0.5:{site.port}"})
        return connection.getresponse().read().decode()


def counted(site):
    return total(ask(site, "/metrics"), "site_requests_total", view="healthz")


def workers(site):
    children = Path(f"/proc/{site.pid}/task/{site.pid}/children").read_text()
    return [int(pid) for pid in children.split()]


def folders(tmp_path):
    return list(tmp_path.glob("site-metrics-*"))


def test_each_page_has_the_figures_of_all_workers(site):
    before = counted(site)
    for _ in range(MANY):
        ask(site, "/healthz")

    assert [counted(site) - before for _ in range(10)] == [MANY] * 10


def test_sign_ins_and_calls_of_all_workers_are_one_sum(site, directus):
    user = directus.add_user("ada@example.com", "Ada's secret 1815")
    for _ in range(4):
        Browser(site.port).sign_in(user)

    text = ask(site, "/metrics")

    assert total(text, "site_sign_ins_total", kind="password", outcome="done") == 4
    name = "site_directus_calls_total"
    assert total(text, name, endpoint="auth/login", outcome="answered") == 4
    assert total(text, "site_directus_slots", kind="password") == 12
    assert total(text, "site_directus_slots_in_use") == 0
    # One figure for all, not one for each worker.
    assert not any("pid" in dict(labels) for _, labels in samples(text))


def test_counts_outlive_a_killed_worker_and_what_it_did_last_does_not(
    site, directus, directus_server, tmp_path
):
    for _ in range(MANY):
        ask(site, "/healthz")
    before = counted(site)
    first = workers(site)
    for pid in first:
        os.kill(pid, signal.SIGKILL)
    assert wait_until(
        lambda: len(workers(site)) == 2 and not {*first} & {*workers(site)}, seconds=20
    )
    site.wait()

    # The question of `wait` counts, too.
    assert before <= counted(site) <= before + 100
    assert total(ask(site, "/metrics"), "site_directus_slots", kind="password") <= 12
    names = {path.name for path in folders(tmp_path)[0].glob("counter_*")}
    assert names == {"counter_1.db", "counter_2.db"}


def test_a_call_that_died_with_its_worker_holds_no_slot(
    site, directus, directus_server
):
    directus_server.hold("/server/ping")
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    with closing(connection):
        connection.request("GET", "/readyz", headers={"Host": "localhost"})
        directus_server.wait_until_asked()
        for pid in workers(site):
            os.kill(pid, signal.SIGKILL)
    directus_server.release(drop=True)
    site.wait()

    assert wait_until(
        lambda: total(ask(site, "/metrics"), "site_directus_slots_in_use") == 0,
        seconds=20,
    )


def test_a_reload_loses_nothing(site):
    for _ in range(MANY):
        ask(site, "/healthz")
    before = counted(site)
    first = workers(site)
    os.kill(site.pid, signal.SIGHUP)
    assert wait_until(
        lambda: len(workers(site)) == 2 and not {*first} & {*workers(site)}, seconds=30
    )
    time.sleep(0.5)

    assert counted(site) >= before


def test_a_new_start_begins_at_nothing_and_the_end_leaves_nothing(site, tmp_path):
    for _ in range(MANY):
        ask(site, "/healthz")
    assert len(folders(tmp_path)) == 1

    site.stop()
    assert not folders(tmp_path)
    site.start()
    site.wait()

    assert counted(site) < MANY
    assert len(folders(tmp_path)) == 1
