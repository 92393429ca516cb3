"""mail_samples: the folder that it writes."""

from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from accounts.operations.mail_samples import SAMPLES


def write(folder):
    call_command("mail_samples", str(folder), stdout=StringIO())


def test_a_second_run_replaces_its_own_files_alone(tmp_path):
    write(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    (tmp_path / names[0]).write_text("old")
    others = ("of-a-customer.eml", "note.de.eml")
    for name in others:
        (tmp_path / name).write_text("kept")

    write(tmp_path)

    assert len(names) == len(SAMPLES) * len(settings.LANGUAGES)
    assert (tmp_path / names[0]).read_text() != "old"
    assert [(tmp_path / name).read_text() for name in others] == ["kept", "kept"]


def test_a_folder_that_is_a_file_is_wrong_usage(tmp_path):
    path = tmp_path / "file"
    path.touch()

    with pytest.raises(CommandError, match="file cannot be written") as caught:
        write(path)

    assert caught.value.returncode == 2


def test_a_name_that_is_taken_by_a_folder_is_one_sentence(tmp_path):
    (tmp_path / f"{SAMPLES[0].label}.{settings.LANGUAGES[0][0]}.eml").mkdir()

    with pytest.raises(CommandError, match=r"eml cannot be written: Is a directory"):
        write(tmp_path)
