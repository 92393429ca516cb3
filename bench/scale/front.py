"""nginx in front of the hosts, which asks another host when one does not answer."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from local.problem import Problem
from local.processes import Process, wait_until
from local.proxies import path_of

from .network import Host

# As deploy/nginx.conf has it, without TLS and with several hosts.
CONFIG = """\
{user}daemon off; pid {folder}/pid; error_log stderr;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off;
    {paths}
    upstream site {{
        {servers}
    }}
    server {{
        listen {netloc};
        client_max_body_size 2112k;
        proxy_buffer_size 16k;
        proxy_buffers 8 16k;
        location / {{
            proxy_pass http://site;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $http_x_visitor;
            proxy_connect_timeout 1s;
            proxy_read_timeout 35s;
            proxy_next_upstream error timeout;
        }}
    }}
}}
"""
KINDS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Front:
    """The proxy; what it listens at is the address of the site."""

    def __init__(self, host: Host, folder: Path) -> None:
        self._host = host
        self._folder = folder
        self.netloc = host.netloc
        self._process: Process | None = None
        folder.mkdir()

    def start(self, servers: Sequence[str]) -> None:
        """Start nginx before these hosts."""
        program = path_of("nginx")
        if program is None:
            raise Problem("nginx is missing: `make test` unpacks it from Debian.")
        self.pass_to(servers)
        args = [program, "-p", self._folder, "-e", "stderr", "-c", self._config]
        with self._host.entered():
            self._process = Process(
                "nginx",
                args,
                env=os.environ,
                cwd=self._folder,
                log=self._folder / "log",
            )
        pid = self._folder / "pid"
        if not wait_until(pid.exists, seconds=10, running=self._process):
            raise Problem(f"nginx did not start: {self._process.last_words()}")

    def pass_to(self, servers: Sequence[str]) -> None:
        """Pass requests to these hosts from now on; running ones are finished."""
        # nginx may be reading the file for an earlier change.
        partial = self._config.with_suffix(".partial")
        partial.write_text(self._text(servers))
        partial.rename(self._config)
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGHUP)

    def stop(self) -> None:
        """Stop nginx."""
        if self._process is not None:
            self._process.stop()

    @property
    def _config(self) -> Path:
        return self._folder / "nginx.conf"

    def _text(self, servers: Sequence[str]) -> str:
        lines = (f"server {server} max_fails=1 fail_timeout=1s;" for server in servers)
        paths = (f"{kind}_temp_path {self._folder}/{kind};" for kind in KINDS)
        return CONFIG.format(
            # Its workers write to this folder, too.
            user="user root; " if os.geteuid() == 0 else "",
            folder=self._folder,
            paths=" ".join(paths),
            servers="\n        ".join(lines),
            netloc=self.netloc,
        )
