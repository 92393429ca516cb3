"""The rule of Directus' proxy for versions that cannot name the site, as documented."""

import contextlib
import os
import socket
from pathlib import Path

import pytest

from accounts.operations.doctor.sso import location_of
from accounts.operations.provisioning.sso import proxy_rules
from local.ports import Ports
from local.processes import Process, wait_until
from local.proxies import path_of

pytestmark = pytest.mark.real

PAGE = Path(__file__).resolve().parents[2] / "docs" / "single-sign-on.md"
SITE = "https://www.example.com"
THEIRS = "/auth/login/google/callback"
QUERY = "code=a%2Fb&state=x&iss=https%3A%2F%2Fid.example.com"


def nginx(folder, port, rule):
    config = folder / "nginx.conf"
    user = "user root; " if os.geteuid() == 0 else ""
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config.write_text(
        f"{user}daemon off; pid {folder}/pid; error_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{paths}server {{\nlisten 127.0.0.1:{port};\n"
        f"{rule}\nlocation / {{ return 200; }}\n}}\n}}\n"
    )
    return [path_of("nginx"), "-p", folder, "-e", "stderr", "-c", config]


def caddy(folder, port, rule):
    config = folder / "Caddyfile"
    site = f"http://127.0.0.1:{port} {{\n\t{rule}\n\trespond 200\n}}\n"
    config.write_text(f"{{\n\tadmin off\n}}\n{site}")
    return [path_of("caddy"), "run", "--config", config, "--adapter", "caddyfile"]


@pytest.fixture(params=[nginx, caddy])
def address(request, tmp_path):
    """The address of a proxy with its rule."""
    command = request.param
    name = command.__name__
    if path_of(name) is None:
        pytest.skip(f"{name} is not installed")
    port = Ports.free().directus
    rule = getattr(proxy_rules(SITE, "google"), name)
    proxy = Process(
        name,
        command(tmp_path, port, rule),
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(tmp_path)},
        cwd=tmp_path,
        log=tmp_path / "proxy.log",
    )

    def answers():
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port)),
        ):
            return True
        return False

    assert wait_until(answers, seconds=60, running=proxy), proxy.last_words(20)
    yield f"http://127.0.0.1:{port}"
    proxy.stop()


def test_an_answer_is_passed_on_with_its_query(address):
    there = f"{SITE}/sso{THEIRS}?{QUERY}"

    assert location_of(f"{address}{THEIRS}?{QUERY}") == there


@pytest.mark.parametrize("path", ["/auth/login/google", f"{THEIRS}/x", "/auth"])
def test_all_else_stays_at_directus(address, path):
    assert location_of(f"{address}{path}?{QUERY}") == ""


@pytest.mark.parametrize("name", ["nginx", "caddy"])
def test_the_page_shows_the_rule(name):
    assert getattr(proxy_rules(SITE, "google"), name) in PAGE.read_text().splitlines()
