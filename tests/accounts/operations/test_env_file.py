"""The environment file that directus_setup writes: lines, owner and rights."""

import errno
import os

import pytest

from accounts.operations.provisioning import ProvisioningError, env_file
from accounts.operations.provisioning.env_file import (
    read_value,
    require_writable,
    write_values,
)
from config.environment import Environment, read_file

is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
OTHER_USER, OTHER_GROUP = 4711, 4712


@pytest.fixture
def path(tmp_path):
    """A file with a line."""
    path = tmp_path / "site.env"
    path.write_text("TOKEN=old\n")
    return path


def test_other_lines_are_kept(tmp_path):
    path = tmp_path / ".env"
    path.write_text("# kept\nA=1\nexport TOKEN=old\nB=2\n")

    write_values(path, {"TOKEN": "new", "ROLE": "r"})

    assert path.read_text() == "# kept\nA=1\nTOKEN=new\nB=2\nROLE=r\n"
    assert read_value(path, "TOKEN") == "new"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"NAME=Andr\xe9\x0cA\nTOKEN=old\n", b"NAME=Andr\xe9\x0cA\nTOKEN=new\n"),
        (b"A=1\r\nTOKEN=old\r\nB=2\r\n", b"A=1\r\nTOKEN=new\r\nB=2\r\n"),
        (b"A=1\r\n", b"A=1\r\nTOKEN=new\r\n"),
        (b"\xef\xbb\xbfTOKEN=old\nA=1\n", b"TOKEN=new\nA=1\n"),
        (b"A=1", b"A=1\nTOKEN=new\n"),
        (b"", b"TOKEN=new\n"),
    ],
)
def test_other_bytes_stay_as_they_are(tmp_path, before, after):
    path = tmp_path / ".env"
    path.write_bytes(before)

    write_values(path, {"TOKEN": "new"})

    assert path.read_bytes() == after
    assert read_value(path, "TOKEN") == "new"


@pytest.mark.parametrize(
    "line",
    [
        "ACCOUNT_MAILS=site  # comment",
        "ACCOUNT_MAILS='site' # comment",
        'export ACCOUNT_MAILS = "site"',
        "ACCOUNT_MAILS='si\\'te'",
        "ACCOUNT_MAILS=si#te",
        'ACCOUNT_MAILS="it\'s"',
        "ACCOUNT_MAILS=$HOME",
        "'ACCOUNT_MAILS'=site",
        "ACCOUNT_MAILS=a\nACCOUNT_MAILS=",
        'OTHER="\nACCOUNT_MAILS=inside\n"',
        "#ACCOUNT_MAILS=site",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_value_is_read_as_the_site_reads_it(tmp_path, line, end):
    path = tmp_path / ".env"
    path.write_bytes(f"A=1{end}{line}{end}".encode())

    of_the_site = Environment(read_file(path)).text("ACCOUNT_MAILS")
    assert read_value(path, "ACCOUNT_MAILS") == of_the_site


def test_a_line_that_the_site_refuses_is_refused(tmp_path):
    path = tmp_path / ".env"
    path.write_text('A=1\nTOKEN="lacks a quote\n')

    with pytest.raises(ProvisioningError, match=r"line 2, is not like NAME=value"):
        read_value(path, "TOKEN")


def test_a_new_file_belongs_to_its_owner_alone(tmp_path):
    path = tmp_path / "new.env"

    require_writable(path)
    assert not path.exists()
    write_values(path, {"TOKEN": "x"})

    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["new.env"]


@pytest.mark.parametrize("mode", [0o640, 0o600, 0o664, 0o440])
def test_the_rights_stay(path, mode):
    path.chmod(mode)

    write_values(path, {"TOKEN": "new"})

    assert path.stat().st_mode & 0o7777 == mode


@is_root
def test_the_owner_and_the_group_stay(path):
    os.chown(path, OTHER_USER, OTHER_GROUP)
    path.chmod(0o640)

    write_values(path, {"TOKEN": "new"})

    found = path.stat()
    assert (found.st_uid, found.st_gid) == (OTHER_USER, OTHER_GROUP)
    assert found.st_mode & 0o7777 == 0o640
    assert read_value(path, "TOKEN") == "new"


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="needs Linux")
def test_what_the_file_system_knows_besides_stays(path):
    try:
        os.setxattr(path, "user.note", b"kept")
    except OSError:
        pytest.skip("this file system keeps no such thing")

    write_values(path, {"TOKEN": "new"})

    assert os.getxattr(path, "user.note") == b"kept"


def test_a_file_that_would_change_hands_is_left_alone(path, monkeypatch):
    def refuse(*args):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(env_file.os, "fchown", refuse)
    real = os.fstat
    monkeypatch.setattr(env_file.os, "fstat", lambda handle: _of_another(real(handle)))

    for write in (require_writable, lambda path: write_values(path, {"TOKEN": "new"})):
        with pytest.raises(ProvisioningError, match="change its owner or group"):
            write(path)

    assert path.read_text() == "TOKEN=old\n"
    assert [each.name for each in path.parent.iterdir()] == ["site.env"]


def _of_another(stat):
    values = list(stat)
    values[5] += 1
    return os.stat_result(values)


def test_a_link_stays_a_link(path, tmp_path):
    link = tmp_path / ".env"
    link.symlink_to(path)
    path.chmod(0o640)

    write_values(link, {"TOKEN": "2"})

    assert link.is_symlink()
    assert path.read_text() == "TOKEN=2\n"
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("number", [errno.EBUSY, errno.ENOSPC, errno.EROFS])
def test_what_keeps_a_file_from_being_replaced_is_one_sentence(
    path, monkeypatch, number
):
    def refuse(*args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(env_file.os, "replace", refuse)

    with pytest.raises(ProvisioningError) as caught:
        write_values(path, {"TOKEN": "new"})

    assert str(caught.value).startswith(f"{path} cannot be ")
    assert path.read_text() == "TOKEN=old\n"
    assert [each.name for each in path.parent.iterdir()] == ["site.env"]


def test_what_is_no_file_is_not_replaced(tmp_path):
    with pytest.raises(ProvisioningError, match="is not a file"):
        require_writable(tmp_path)
    with pytest.raises(ProvisioningError, match="is not a file"):
        write_values(tmp_path, {"TOKEN": "new"})


def test_a_file_that_cannot_be_read_is_said_to_be(path, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(env_file.Path, "read_bytes", refuse)

    with pytest.raises(ProvisioningError, match="cannot be read: Permission denied"):
        read_value(path, "TOKEN")


def test_a_folder_that_is_not_there_is_said_to_be(tmp_path):
    with pytest.raises(ProvisioningError, match="cannot be written: No such file"):
        require_writable(tmp_path / "missing" / "site.env")
