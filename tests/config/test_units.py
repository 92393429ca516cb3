"""The units of deploy/systemd, as systemd-analyze judges them."""

import shutil
import subprocess

import pytest

from .systemd import write_units


def analyze(folder, *args):
    """Run systemd-analyze for the units in a folder."""
    return subprocess.run(
        ["systemd-analyze", *args],
        env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{folder}:"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def units(tmp_path):
    """The folder of units with paths of this machine."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("the machine has no systemd")
    write_units(tmp_path, 8000)
    return tmp_path


def test_systemd_accepts_every_unit(units):
    files = [file for file in units.glob("site-*.*") if file.is_file()]
    done = analyze(units, "verify", *files)

    assert len(files) == 9
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize(
    "name", ["site-web", "site-manage@clearsessions", "site-sync-changed"]
)
def test_a_service_may_do_little(units, name):
    unit = f"{name}.service"
    done = analyze(units, "security", "--offline=true", "--threshold=20", unit)

    assert done.returncode == 0, done.stdout
