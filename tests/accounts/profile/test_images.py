"""Checking and re-encoding an uploaded file before it is stored."""

import io
import struct
import threading
import time
import zlib
from math import isqrt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from accounts.directus import DirectusUnavailable
from accounts.profile import image_worker, images
from accounts.profile.image_worker import LONGEST_SIDE, MOST_PIXELS, Refused, clean
from accounts.profile.images import NotAPicture, clean_picture

from ..samples import HTML, SVG, bomb, picture, with_place


def cleaned(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(clean_picture(io.BytesIO(content))))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_comes_out_as_webp_and_looks_the_same(kind):
    image = cleaned(picture(kind))

    assert (image.format, image.size) == ("WEBP", (60, 40))
    red, _, blue = image.convert("RGB").getpixel((5, 20))
    assert red > 200
    assert blue < 60


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_pixel_is_taken(mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    buffer = io.BytesIO()
    Image.new(mode, (8, 8)).save(buffer, kind)

    assert cleaned(buffer.getvalue()).size == (8, 8)


@pytest.mark.parametrize("transparent", [None, 300])
def test_grey_of_16_bits_does_not_become_white(transparent):
    buffer = io.BytesIO()
    options = {} if transparent is None else {"transparency": transparent}
    Image.new("I;16", (8, 8), 0x4000).save(buffer, "PNG", **options)

    red, green, blue = cleaned(buffer.getvalue()).convert("RGB").getpixel((4, 4))

    assert red == green == blue
    assert abs(red - 0x40) < 4


def test_what_can_be_seen_through_stays_so():
    buffer = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(buffer, "PNG")

    assert cleaned(buffer.getvalue()).convert("RGBA").getpixel((4, 4))[3] == 0


def test_a_large_picture_is_scaled_down_and_nothing_is_cut_off():
    assert cleaned(picture("JPEG", (3000, 1500))).size == (
        LONGEST_SIDE,
        LONGEST_SIDE // 2,
    )


def test_a_longer_side_can_be_wanted():
    stored = clean_picture(io.BytesIO(picture("JPEG", (3000, 1500))), 2048)

    assert Image.open(io.BytesIO(stored)).size == (2048, 1024)


def test_a_photo_is_turned_upright_and_loses_what_it_knew():
    content = with_place()
    assert b"canary-in-exif" in content

    stored = clean_picture(io.BytesIO(content))

    assert Image.open(io.BytesIO(stored)).size == (40, 60)
    assert b"canary" not in stored
    assert b"EXIF" not in stored


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_second_file_behind_the_picture_is_gone(kind):
    stored = clean_picture(io.BytesIO(picture(kind) + HTML))

    assert b"script" not in stored


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_of_an_animation_there_is_the_first_picture(kind):
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:])

    image = cleaned(buffer.getvalue())

    assert getattr(image, "n_frames", 1) == 1
    assert image.convert("RGB").getpixel((4, 4))[0] > 200


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        SVG,
        HTML,
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a" + picture("GIF")[6:],
        picture("BMP"),
        picture("TIFF"),
        picture("GIF"),
    ],
    ids=["empty", "text", "svg", "html", "head", "gif", "bmp", "tiff", "gif-2"],
)
def test_what_is_no_picture_is_refused(content):
    with pytest.raises(NotAPicture, match="Choose a PNG, JPEG or WebP image"):
        clean_picture(io.BytesIO(content))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_truncated_picture_is_refused(kind):
    content = picture(kind, (300, 300))

    with pytest.raises(NotAPicture):
        clean_picture(io.BytesIO(content[: len(content) // 2]))


@pytest.mark.parametrize("size", [(30_000, 30_000), (6000, 4100)])
def test_a_small_file_that_unfolds_into_millions_of_pixels_is_refused(size):
    content = bomb(*size)
    assert len(content) < 200_000

    with pytest.raises(NotAPicture, match="million pixels"):
        clean_picture(io.BytesIO(content))


def with_chunk(kind: bytes, data: bytes) -> bytes:
    """Return a PNG with one more chunk before its pixels."""
    content = picture()
    checksum = zlib.crc32(kind + data)
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
    place = content.index(b"IDAT") - 4
    return content[:place] + chunk + content[place:]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 3_000_000)),
        (b"iTXt", b"XML\0\1\0\0\0" + zlib.compress(b"x" * 3_000_000)),
        (b"tEXt", b"Comment\0" + b"x" * 1_500_000),
        (b"iCCP", b"profile\0\0" + zlib.compress(b"x" * 3_000_000)),
        (b"iCCP", b"no profile"),
    ],
    ids=["packed text", "text with a language", "text", "profile", "broken profile"],
)
def test_texts_and_profiles_of_a_png_are_not_read(kind, data):
    assert cleaned(with_chunk(kind, data)).size == (60, 40)


@pytest.mark.parametrize(
    ("mode", "kind"), [("RGB", "PNG"), ("RGBA", "PNG"), ("RGBA", "WEBP")]
)
def test_the_largest_picture_stays_within_the_limit(mode, kind):
    side = isqrt(MOST_PIXELS)
    buffer = io.BytesIO()
    Image.new(mode, (side, side), "green").save(buffer, kind)
    buffer.seek(0)

    stored = Image.open(io.BytesIO(clean_picture(buffer)))

    assert stored.size == (LONGEST_SIDE, LONGEST_SIDE)
    assert stored.convert("RGB").getpixel((9, 9))[1] > 100


def test_a_decoder_that_takes_more_than_the_limit_is_ended(monkeypatch, tmp_path):
    greedy = tmp_path / "greedy.py"
    limits = Path(image_worker.__file__).read_text().partition("def clean(")[0]
    greedy.write_text(
        f"{limits}\nresource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY,) * 2)\n"
        "bytearray(MOST_MEMORY)"
    )
    monkeypatch.setattr(image_worker, "__file__", str(greedy))

    with pytest.raises(NotAPicture, match="damaged"):
        clean_picture(io.BytesIO(picture()))


def test_few_wait_while_another_picture_is_decoded(monkeypatch):
    """Each upload that waits holds a thread that could show pages."""
    monkeypatch.setattr(images, "WAIT_SECONDS", 60)
    outcomes = []

    def upload():
        try:
            clean_picture(io.BytesIO(picture()))
            outcomes.append("stored")
        except DirectusUnavailable as error:
            outcomes.append(error.retry_after)

    threads = [threading.Thread(target=upload) for _ in range(8)]
    with images._decoding:
        for thread in threads:
            thread.start()
        while len(outcomes) < len(threads) - images.MOST_WAITING - 1:
            time.sleep(0.01)
        assert set(outcomes) == {5}
    for thread in threads:
        thread.join()

    assert outcomes.count("stored") == images.MOST_WAITING + 1


def test_a_wait_that_is_too_long_ends(monkeypatch):
    monkeypatch.setattr(images, "WAIT_SECONDS", 0.05)

    with images._decoding, pytest.raises(DirectusUnavailable):
        clean_picture(io.BytesIO(picture()))


@settings(max_examples=100, deadline=None)
@given(
    kind=st.sampled_from(["PNG", "JPEG", "WEBP"]),
    place=st.integers(0, 10_000),
    junk=st.binary(min_size=1, max_size=12),
)
def test_damage_anywhere_is_a_picture_or_a_refusal(kind, place, junk):
    content = bytearray(picture(kind, (40, 30)))
    place %= len(content)
    content[place : place + len(junk)] = junk

    try:
        clean(io.BytesIO(bytes(content)))
    except Refused:
        pass
