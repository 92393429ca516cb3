"""A systemd of its own in namespaces, which runs the units of deploy/systemd."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from local.paths import ROOT
from local.processes import Process, wait_until

UNITS = ROOT / "deploy" / "systemd"
SYSTEMD = Path("/lib/systemd/systemd")
TARGETS = (
    *("default", "sysinit", "basic", "sockets", "timers", "multi-user", "shutdown"),
    *("network", "network-online", "umount", "final", "local-fs"),
)
NAMESPACES = "--fork --pid --mount --mount-proc --uts --ipc --cgroup --kill-child"
BOOT = """
set -e
mount --make-rprivate /
mount -t tmpfs none /run
mkdir /run/systemd /run/lock /run/tests
mount --bind {folder} /run/tests
mount -t tmpfs none /var/lib
mount -t tmpfs none /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
exec {systemd} --system --log-target=console
"""
# Services have a /tmp of their own.
FOLDER = Path("/run/tests")
# Python and the site may lie in root's home folder, which no other user may read, or in
# /tmp, of which a service has another one.
FOR_TESTS = """
[Service]
User=root
Group=root
ProtectHome=read-only
BindReadOnlyPaths={root} {python}
Environment=DJANGO_SETTINGS_MODULE=tests.on_wire.settings
StandardOutput=append:{log}
StandardError=append:{log}
"""


def write_units(folder: Path, port: int) -> None:
    """Write the example units with this checkout's paths and a free port."""
    changes = {
        "/srv/site/current/.venv/bin": str(Path(sys.executable).parent),
        "/srv/site/current": str(ROOT),
        "/etc/site": str(FOLDER),
        "127.0.0.1:8000": f"127.0.0.1:{port}",
    }
    found = set()
    for file in (file for file in UNITS.rglob("*") if file.is_file()):
        text = file.read_text()
        for old, new in changes.items():
            if old in text:
                found.add(old)
                text = text.replace(old, new)
        copy = folder / file.relative_to(UNITS)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text)
    assert found == set(changes)


class Systemd:
    """systemd as the first process of its own namespaces; needs root."""

    def __init__(self, folder: Path, port: int) -> None:
        self.units, self.log = folder / "units", folder / "units.log"
        self.units.mkdir()
        write_units(self.units, port)
        text = FOR_TESTS.format(log=self.log, root=ROOT, python=sys.prefix)
        (self.units / "site-.service.d" / "tests.conf").write_text(text)
        for name in TARGETS:
            (self.units / f"{name}.target").write_text("[Unit]\nDescription=tests\n")
        boot = BOOT.format(systemd=SYSTEMD, folder=folder)
        self._process = Process(
            "systemd",
            ["unshare", *NAMESPACES.split(), "sh", "-c", boot],
            env={
                "PATH": os.environ["PATH"],
                "SYSTEMD_UNIT_PATH": str(self.units),
                "container": "tests",
            },
            cwd=folder,
            log=folder / "systemd.log",
        )

    def wait(self) -> None:
        """Wait until it takes commands."""
        found = wait_until(self._is_up, seconds=30, running=self._process)
        assert found, self._process.last_words(20)

    def ask(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run systemctl."""
        there = ["nsenter", "-t", self._first_process(), "-m", "-p", "-C"]
        return subprocess.run(
            [*there, "systemctl", "--no-pager", "--plain", *args],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def do(self, *args: str) -> str:
        """Run systemctl, which has to succeed; return what it prints."""
        done = self.ask(*args)
        assert done.returncode == 0, (args, done.stderr, self.last_words())
        return done.stdout

    def last_words(self) -> str:
        """Return the end of what the units printed."""
        return self.log.read_text()[-3000:] if self.log.exists() else ""

    def stop(self) -> None:
        """End everything."""
        self._process.stop()

    def _is_up(self) -> bool:
        with contextlib.suppress(OSError, IndexError):
            return self.ask("is-active", "default.target").returncode == 0
        return False

    def _first_process(self) -> str:
        own = self._process.pid
        return Path(f"/proc/{own}/task/{own}/children").read_text().split()[0]


def why_not() -> str:
    """Return why there is no systemd for the tests here; empty if there is one."""
    if not SYSTEMD.exists() or not shutil.which("unshare"):
        return "the machine has no systemd"
    return "" if os.geteuid() == 0 else "namespaces need root"
