"""Decode one uploaded picture in a separate process.

Reads a file from standard input, and writes it as WebP to standard output. The exit
code tells the fault of the file. A few kilobytes can expand to hundreds of megabytes,
so the process has its own limits of memory and time. It runs as a script without
Django, to start quickly.
"""

import io
import resource
import struct
import sys
from typing import BinaryIO

from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "WEBP")
# A decoded pixel takes four bytes.
MOST_PIXELS = 24_000_000
# Longer sides are scaled down to this, unless the command says otherwise; nothing is
# cropped.
LONGEST_SIDE = 1024
QUALITY = 85
# A WebP picture of MOST_PIXELS needs the most, about 400 MB.
MOST_MEMORY = 640 * 1024 * 1024
MOST_SECONDS = 10
ROWS_AT_ONCE = 64

NO_PICTURE, TOO_MANY_PIXELS, DAMAGED = 10, 11, 12

# The pixels and the orientation of a PNG; texts and profiles are not read.
PNG_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf"}
PNG_START = b"\x89PNG\r\n\x1a\n"


class Refused(Exception):
    """The file is refused; `args[0]` is the exit code."""


def clean(file: BinaryIO, longest: int = LONGEST_SIDE) -> bytes:
    """Return a picture as WebP, upright, with sides of at most `longest` pixels.

    Raises:
        Refused: it is not a picture, damaged, or has too many pixels.
    """
    image = _open(io.BytesIO(_without_texts(file.read())))
    if image.width * image.height > MOST_PIXELS:
        raise Refused(TOO_MANY_PIXELS)
    try:
        return _write(_upright(image, longest))
    except Exception:  # noqa: BLE001 - decoders fail in many ways
        raise Refused(DAMAGED) from None


def _without_texts(content: bytes) -> bytes:
    """Return a PNG without the chunks that do not concern its pixels.

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
    """Read the header of a file, without decoding the pixels."""
    try:
        return Image.open(file, formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused(TOO_MANY_PIXELS) from None
    except Exception:  # noqa: BLE001 - decoders fail in many ways
        raise Refused(NO_PICTURE) from None


def _upright(image: Image.Image, longest: int) -> Image.Image:
    # JPEG can be decoded at a reduced size.
    image.draft("RGB", (longest, longest))
    image.load()
    orientation = image.getexif().get(0x0112)
    small = _reduced(image, longest)
    small.thumbnail((longest, longest))
    small.getexif()[0x0112] = orientation or 1
    return ImageOps.exif_transpose(small)


def _reduced(image: Image.Image, longest: int) -> Image.Image:
    """Return a picture with 8 bits per channel, at least twice as large as wanted.

    Converted in strips: a copy of the whole would double the memory.
    """
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    mode = "RGBA" if has_alpha else "RGB"
    factor = max(1, max(image.size) // (2 * longest))
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
    """Return a grey picture with 8 instead of 16 bits; Pillow would make it white."""
    scaled = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    # The value of a transparent grey would have 16 bits.
    scaled.info.pop("transparency", None)
    return scaled


def _write(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY, exif=b"", icc_profile=b"", xmp=b"")
    return buffer.getvalue()


def main() -> int:
    """Convert standard input within the limits; return the exit code.

    The one argument, if there is one, is the longest side.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    try:
        stored = clean(sys.stdin.buffer, *map(int, sys.argv[1:]))
    except Refused as refused:
        return refused.args[0]
    sys.stdout.buffer.write(stored)
    return 0


if __name__ == "__main__":
    sys.exit(main())
