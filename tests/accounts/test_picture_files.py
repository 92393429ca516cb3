"""What becomes of an uploaded file before anything is stored."""

import io
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from accounts.picture_files import LONGEST_SIDE, NotAPicture, clean_picture

from .samples import HTML, SVG, bomb, picture, with_place


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
    with pytest.raises(NotAPicture, match="no PNG, JPEG or WebP"):
        clean_picture(io.BytesIO(content))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_truncated_picture_is_refused(kind):
    content = picture(kind, (300, 300))

    with pytest.raises(NotAPicture):
        clean_picture(io.BytesIO(content[: len(content) // 2]))


@pytest.mark.parametrize("size", [(30_000, 30_000), (6000, 4100)])
def test_a_small_file_that_unfolds_into_millions_of_pixels_is_refused_unread(size):
    content = bomb(*size)
    assert len(content) < 200_000
    started = time.monotonic()

    with pytest.raises(NotAPicture, match="too many pixels"):
        clean_picture(io.BytesIO(content))

    assert time.monotonic() - started < 0.5


@settings(max_examples=60, deadline=None)
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
        clean_picture(io.BytesIO(bytes(content)))
    except NotAPicture:
        pass
