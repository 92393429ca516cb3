"""The alerts and the dashboard, with the real Prometheus."""

import json
import re
import sqlite3
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.urls import get_resolver

from accounts.throttling.limits import ACCOUNT_FAILURES
from accounts.urls import urlpatterns as account_urls
from local.processes import wait_until
from local.prometheus import Prometheus, promtool
from tests.on_wire.directus import DirectusServer
from tests.on_wire.site import Browser, Site

DEPLOY = Path(settings.BASE_DIR) / "deploy/monitoring"
RULES = DEPLOY / "alerts.yml"
CASES = Path(__file__).parent / "alerts_test.yml"
PANELS = json.loads((DEPLOY / "dashboard.json").read_text())["panels"]
DOCUMENT = Path(settings.BASE_DIR) / "docs/monitoring.md"
METRIC = re.compile(r"\b(?:site_\w+|up)\b(?=\{|\[| |\))")


def alerts():
    return re.findall(r"- alert: (\w+)", RULES.read_text())


def expressions():
    return [target["expr"] for panel in PANELS for target in panel.get("targets", [])]


# The rules


def test_the_rules_are_valid():
    code, output = promtool("check", "rules", "--lint-fatal", RULES)

    assert code == 0, output
    assert f"{len(alerts())} rules found" in output


def test_each_alert_fires_for_its_fault_and_not_while_all_is_well(tmp_path):
    cases = tmp_path / "cases.yml"
    cases.write_text(CASES.read_text().replace("ALERTS", str(RULES)))

    code, output = promtool("test", "rules", cases)

    assert code == 0, output
    text = CASES.read_text()
    assert alerts()
    for name in alerts():
        # Once without alerts, for the site that is well; once with.
        assert f"alertname: {name}}}" in text, name
        assert re.search(rf"alertname: {name}\n +exp_alerts:\n +- exp_labels", text), (
            name
        )


def test_a_rule_that_does_not_fire_is_found(tmp_path):
    """The tests of promtool can fail."""
    rules, cases = tmp_path / "alerts.yml", tmp_path / "cases.yml"
    rules.write_text(
        RULES.read_text().replace("site_database_up == 0", "vector(1) < 0")
    )
    cases.write_text(CASES.read_text().replace("ALERTS", str(rules)))

    code, output = promtool("test", "rules", cases)

    assert code != 0
    assert "alertname: DatabaseAway" in output


def test_the_views_that_an_alert_leaves_out_exist():
    names = [
        *(name for name in get_resolver().reverse_dict if isinstance(name, str)),
        *(f"accounts:{url.name}" for url in account_urls),
    ]

    (left_out,) = re.findall(r'view!~"([^"]+)"', RULES.read_text())

    for pattern in re.sub(r"(\w+:)\(([^)]+)\)(\S+)", spread, left_out).split("|"):
        assert any(re.fullmatch(pattern, name) for name in names), pattern
    # It waits for a second on purpose.
    assert re.fullmatch(left_out, "accounts:sign_up")


def spread(match):
    """Return `a:x.*|a:y.*` for `a:(x|y).*`."""
    before, words, after = match.groups()
    return "|".join(f"{before}{word}{after}" for word in words.split("|"))


def test_the_document_says_what_to_do_about_each_alert():
    text = DOCUMENT.read_text()

    named = re.findall(r"^\| `([A-Z]\w+)` \|", text, re.MULTILINE)
    assert named == alerts()


# The dashboard


# The library prefers dashboards that older versions of Grafana cannot read.
@pytest.mark.filterwarnings("ignore:Prefer using dashboardv2:DeprecationWarning")
def test_grafana_knows_each_field_of_the_dashboard():
    """Grafana's own types leave out what they do not know."""
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models.dashboard import Dashboard

    written = json.loads((DEPLOY / "dashboard.json").read_text())

    read = json.loads(JSONEncoder().encode(Dashboard.from_json(written)))

    assert not list(lost(written, read))


def lost(written, read, path=""):
    """Yield the paths of what is not read back."""
    if isinstance(written, dict):
        for name, value in written.items():
            if value in (None, "", [], {}, False):
                continue
            if not isinstance(read, dict) or name not in read:
                yield f"{path}.{name}"
            else:
                yield from lost(value, read[name], f"{path}.{name}")
    elif isinstance(written, list):
        if not isinstance(read, list) or len(read) != len(written):
            yield path
        else:
            for number, (one, other) in enumerate(zip(written, read, strict=True)):
                yield from lost(one, other, f"{path}[{number}]")
    elif written != read:
        yield f"{path}: {written!r} is {read!r}"


def test_panels_do_not_overlap_and_have_ids_of_their_own():
    places = set()
    for panel in PANELS:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & places, panel["title"]
        assert max(x for x, _ in cells) < 24
        places |= cells
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)


# A real Prometheus asks a real site


@pytest.fixture(scope="module")
def directus_server():
    with DirectusServer() as server:
        yield server


@pytest.fixture(scope="module")
def watched(directus_server, tmp_path_factory):
    """The site with two workers, its Directus, and a Prometheus that asks both."""
    folder = tmp_path_factory.mktemp("site")
    directus = directus_server.start_again()
    site = Site(folder, directus_server.url, "", "")
    # Each page asks Directus, and an alert waits for seconds.
    site.env["DIRECTUS_REVALIDATE_SECONDS"] = "0"
    rules = folder / "alerts.yml"
    rules.write_text(re.sub(r"for: \d+m", "for: 2s", RULES.read_text()))
    config = (
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        f"rule_files: [{rules}]\n"
        "scrape_configs: [{job_name: site, static_configs: "
        f"[{{targets: ['127.0.0.1:{site.port}']}}]}}]\n"
    )
    with site.serving(), Prometheus(config) as prometheus:
        yield site, directus, prometheus


def visit(site, directus):
    """Cause each kind of figure; return the browser of a signed-in user."""
    stranger, browser = Browser(site.port), Browser(site.port)
    for _ in range(ACCOUNT_FAILURES.attempts + 2):
        email = f"{stranger.address}@example.com"
        stranger.post("/login/", email=email, password="wrong")
    browser.sign_in(directus.add_user(f"{browser.address}@example.com", "A secret 18"))
    connection = sqlite3.connect(urlsplit(site.database).path, timeout=5)
    with connection:
        connection.execute(
            "REPLACE INTO accounts_syncend (id, ended_at) VALUES (1, datetime('now'))"
        )
    connection.close()
    return browser


def test_each_panel_has_figures_of_a_real_site(watched):
    site, directus, prometheus = watched
    visit(site, directus)
    last = 'site_sign_ins_total{outcome="done"}'
    assert wait_until(lambda: prometheus.query(last), seconds=30)
    # A figure that begins with its first value has no rate yet.
    browser = visit(site, directus)

    def asked(expression):
        browser.get("/account/")
        text = expression.replace("$instance", ".*").replace("$__rate_interval", "5m")
        return prometheus.query(text)

    assert len(expressions()) > 20
    for expression in expressions():
        assert wait_until(lambda: asked(expression), seconds=30), expression  # noqa: B023


def test_no_rule_and_no_panel_names_a_figure_that_does_not_exist(watched):
    site, directus, prometheus = watched
    visit(site, directus)
    code = " ".join([RULES.read_text(), *expressions()])
    names = set(METRIC.findall(code))

    assert len(names) > 12
    for name in names:
        assert wait_until(lambda: prometheus.query(name), seconds=20), name  # noqa: B023


def test_an_alert_fires_when_directus_is_really_away(watched):
    _site, directus, prometheus = watched
    assert "DirectusAway" not in prometheus.firing()

    directus.is_down()
    assert wait_until(lambda: "DirectusAway" in prometheus.firing(), seconds=60)
    assert prometheus.query("site_directus_up")[0]["value"][1] == "0"
    assert "DatabaseAway" not in prometheus.firing()

    directus.is_up()
    assert wait_until(lambda: "DirectusAway" not in prometheus.firing(), seconds=60)


def test_an_alert_fires_when_the_site_has_ended(watched):
    site, _directus, prometheus = watched
    site.stop()
    try:
        assert wait_until(lambda: "SiteDown" in prometheus.firing(), seconds=60)
    finally:
        site.start()
        site.wait()
