"""The rule of Directus' proxy for versions that cannot name the site, as documented."""

import contextlib
import html
import re
import socket
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests

from accounts.operations.doctor.sso import location_of
from accounts.operations.provisioning.sso import proxy_rules
from local import proxies
from local.ports import free_port
from local.processes import Process, wait_until
from local.provider import CUSTOMER_ROLE
from tests.stack import HUB

pytestmark = pytest.mark.real

PAGE = Path(__file__).resolve().parents[2] / "docs" / "single-sign-on.md"
SITE = "https://www.example.com"
THEIRS = "/auth/login/google/callback"
QUERY = "code=a%2Fb&state=x&iss=https%3A%2F%2Fid.example.com"


def nginx(folder, port, rule):
    server = f"listen 127.0.0.1:{port};\n{rule}\nlocation / {{ return 200; }}\n"
    return proxies.nginx(folder, f"server {{\n{server}}}\n")


def caddy(folder, port, rule):
    site = f"http://127.0.0.1:{port} {{\n\t{rule}\n\trespond 200\n}}\n"
    return proxies.caddy(folder, f"{{\n\tadmin off\n}}\n{site}")


@contextlib.contextmanager
def serving(proxy, folder, site, provider):
    """Start a proxy with the rule; yield its address."""
    name = proxy.__name__
    if proxies.path_of(name) is None:
        pytest.skip(f"{name} is not installed")
    port = free_port()
    process = Process(
        name,
        proxy(folder, port, getattr(proxy_rules(site, provider), name)),
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder)},
        cwd=folder,
        log=folder / "proxy.log",
    )

    def answers():
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port)),
        ):
            return True
        return False

    assert wait_until(answers, seconds=60, running=process), process.last_words(20)
    yield f"http://127.0.0.1:{port}"
    process.stop()


@pytest.fixture(params=[nginx, caddy])
def address(request, tmp_path):
    """The address of a proxy with its rule."""
    with serving(request.param, tmp_path, SITE, "google") as address:
        yield address


def test_an_answer_is_passed_on_with_its_query(address):
    there = f"{SITE}/sso{THEIRS}?{QUERY}"

    assert location_of(f"{address}{THEIRS}?{QUERY}") == there


@pytest.mark.parametrize("path", ["/auth/login/google", f"{THEIRS}/x", "/auth"])
def test_all_else_stays_at_directus(address, path):
    assert location_of(f"{address}{path}?{QUERY}") == ""


@pytest.mark.parametrize("name", ["nginx", "caddy"])
def test_the_page_shows_the_rule(name):
    assert getattr(proxy_rules(SITE, "google"), name) in PAGE.read_text().splitlines()


# A real Directus 10


@pytest.fixture
def visitor():
    with requests.Session() as visitor:
        yield visitor


def choose(visitor, site, person):
    """Press the button, choose a person of Example Hub, and come back by the proxy."""
    form = visitor.get(f"{site}/login/", timeout=20).text
    token = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', form)[1]
    page = visitor.post(
        f"{site}/sso/{HUB}/", {"csrfmiddlewaretoken": token}, timeout=20
    )
    url = html.unescape(re.search('content="0; url=([^"]+)"', page.text)[1])
    return visitor.get(f"{url}&person={person}", timeout=20)


@pytest.mark.versions
@pytest.mark.directus(10)
@pytest.mark.parametrize("proxy", [nginx, caddy])
def test_version_10_signs_users_in_by_the_rule(live_site, visitor, tmp_path, proxy):
    hub, site = live_site.hub, live_site.site_url
    hub.restore()
    hub.people["7"] = {"id": 7, "name": "Octo", "email": "octo@example.com"}
    with serving(proxy, tmp_path, site, HUB) as public:
        hub.redirect_uri = urljoin(public, f"/auth/login/{HUB}/callback")
        live_site.restart_directus(
            PUBLIC_URL=public,
            AUTH_PROVIDERS=HUB,
            **hub.directus_settings(HUB, DEFAULT_ROLE_ID=CUSTOMER_ROLE),
        )
        live_site.restart_site(DIRECTUS_PUBLIC_URL=public, SSO_PROXY_RULE="on")

        cancelled = choose(visitor, site, "cancel")
        home = choose(visitor, site, "7")

    assert cancelled.url == f"{site}/sso/{HUB}/problem/cancelled/"
    assert (home.status_code, home.url) == (200, f"{site}/")
    assert "octo@example.com" in home.text
