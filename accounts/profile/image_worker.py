"""Decode one uploaded picture in a process of its own, which ends afterwards.

Reads a file from standard input and writes it anew as WebP to standard output. The
exit code says what is wrong with the file. A few kilobytes can unfold into hundreds of
megabytes: the limits hold for this process alone, and its memory goes with it. It runs
as a script, without Django, so that starting it takes little time.
"""

import io
import resource
import struct
import sys
from typing import BinaryIO

from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "WEBP")
# Decoded, a pixel takes four bytes.
MOST_PIXELS = 24_000_000
# Longer sides are scaled down to this; nothing is cut off.
LONGEST_SIDE = 1024
QUALITY = 85
# A WebP picture of MOST_PIXELS takes most, about 400 MB.
MOST_MEMORY = 640 * 1024 * 1024
MOST_SECONDS = 10
ROWS_AT_ONCE = 64

NO_PICTURE, TOO_MANY_PIXELS, DAMAGED = 10, 11, 12

# What a PNG looks like and which side is up; texts and profiles are not read at all.
PNG_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf"}
PNG_START = b"\x89PNG\r\n\x1a\n"


class Refused(Exception):
    """The file is not taken; `args[0]` is the exit code."""


def clean(file: BinaryIO) -> bytes:
    """Return a picture as WebP, upright and no longer than LONGEST_SIDE.

    Raises:
        Refused: it is something else, damaged, or has too many pixels.
    """
    image = _open(io.BytesIO(_without_texts(file.read())))
    if image.width * image.height > MOST_PIXELS:
        raise Refused(TOO_MANY_PIXELS)
    try:
        return _write(_upright(image))
    except Exception:  # noqa: BLE001 - decoders fail in many ways
        raise Refused(DAMAGED) from None


def _without_texts(content: bytes) -> bytes:
    """Return a PNG without the chunks that say nothing about its pixels.

    Pillow refuses a picture with long texts or a large colour profile.
    """
    if not content.startswith(PNG_START):
        return content
    kept, at = [PNG_START], len(PNG_START)
    while at + 12 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + size
        if kind in PNG_CHUNKS:
            kept.append(content[at:end])
        at = end
    return b"".join(kept)


def _open(file: BinaryIO) -> Image.Image:
    """Read the beginning of a file; the pixels are not decoded yet."""
    try:
        return Image.open(file, formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused(TOO_MANY_PIXELS) from None
    except Exception:  # noqa: BLE001 - decoders fail in many ways
        raise Refused(NO_PICTURE) from None


def _upright(image: Image.Image) -> Image.Image:
    # JPEG can be decoded at a fraction of its size.
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    image.load()
    orientation = image.getexif().get(0x0112)
    small = _reduced(image)
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    small.getexif()[0x0112] = orientation or 1
    return ImageOps.exif_transpose(small)


def _reduced(image: Image.Image) -> Image.Image:
    """Return a picture with pixels of 8 bits, at least twice as large as wanted.

    Some rows at a time: a copy of the whole would need as much memory again.
    """
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    mode = "RGBA" if has_alpha else "RGB"
    factor = max(1, max(image.size) // (2 * LONGEST_SIDE))
    width, height = (-(-side // factor) for side in image.size)
    whole = Image.new(mode, (width, height))
    for top in range(0, image.height, factor * ROWS_AT_ONCE):
        bottom = min(image.height, top + factor * ROWS_AT_ONCE)
        rows = image.crop((0, top, image.width, bottom))
        if rows.mode.startswith("I"):
            rows = _with_8_bits(rows)
        whole.paste(rows.convert(mode).reduce(factor), (0, top // factor))
    return whole


def _with_8_bits(image: Image.Image) -> Image.Image:
    """Return a grey picture of 16 bits a pixel as one of 8; Pillow makes it white."""
    scaled = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    # A transparent grey would be one of 16 bits.
    scaled.info.pop("transparency", None)
    return scaled


def _write(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY, exif=b"", icc_profile=b"", xmp=b"")
    return buffer.getvalue()


def main() -> int:
    """Clean what comes in, within the limits; return the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    try:
        stored = clean(sys.stdin.buffer)
    except Refused as refused:
        return refused.args[0]
    sys.stdout.buffer.write(stored)
    return 0


if __name__ == "__main__":
    sys.exit(main())
