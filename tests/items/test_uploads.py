"""Names of uploaded files, and the declaration of their kinds."""

import pytest

from items.uploads import Files, cleaned_title


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Photo.jpg", "Photo"),
        ("/etc/passwd", "passwd"),
        (r"C:\Users\ada\Scan 1.pdf", "Scan 1"),
        ("../../../x.pdf", "x"),
        ("a\x00b\r\nc\x1b.pdf", "a b c"),
        ("gnp.\u202efdp.exe", "gnp. fdp"),
        ("in\u200bvisible\ufeff.pdf", "in visible"),
        ('a"b<c>d|e?.pdf', "a b c d e"),
        ("Überweisung 日本.pdf", "Überweisung 日本"),
        ("U\u0308.pdf", "Ü"),
        ("archive.tar.gz", "archive.tar"),
        (".htaccess", "htaccess"),
        ("...", "file"),
        ("", "file"),
        ("\ud800.pdf", "file"),
        ("x" * 5000 + ".pdf", "x" * 80),
    ],
)
def test_a_title_is_readable_and_harmless(name, title):
    assert cleaned_title(name) == title


def test_an_unknown_kind_is_refused_in_the_declaration():
    with pytest.raises(ValueError, match="text/html"):
        Files(types=["image/*", "text/html"])


def test_kinds_with_the_same_beginning_differ_by_the_ending():
    kinds = Files(types=["application/zip"]).kinds()

    assert [kind.fits("many.zip", b"PK\x03\x04") for kind in kinds] == [True]
    assert [kind.fits("letter.docm", b"PK\x03\x04") for kind in kinds] == [False]


def test_a_field_for_pictures_takes_no_other_files():
    kinds = Files().kinds(only_pictures=True)

    assert [kind.label for kind in kinds] == ["PNG", "JPEG", "WebP"]
