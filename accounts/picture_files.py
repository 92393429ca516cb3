"""Uploaded pictures: nothing that was sent is stored, only what it looks like.

A picture is decoded and written anew, so that what else was in the file (EXIF with a
place, a second file behind the first, a script) is gone.
"""

import io
import threading
from typing import BinaryIO

from django.utils.translation import gettext as _
from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "WEBP")
EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".webp"})
# Decoded, a pixel takes four bytes: a small file can unfold into any number.
MOST_PIXELS = 24_000_000
# Longer sides are scaled down to this; nothing is cut off.
LONGEST_SIDE = 1024
QUALITY = 85

STORED_NAME = "picture.webp"
STORED_TYPE = "image/webp"

# One at a time in a process: the memory for one is the memory for all.
_decoding = threading.Lock()


class NotAPicture(ValueError):
    """What was sent is no picture that this site takes; the text is for people."""


def clean_picture(file: BinaryIO) -> bytes:
    """Return a picture as WebP, upright and no longer than LONGEST_SIDE.

    Raises:
        NotAPicture: it is something else, damaged, or has too many pixels.
    """
    with _decoding:
        image = _open(file)
        if image.width * image.height > MOST_PIXELS:
            raise _too_many_pixels()
        try:
            return _write(_upright(image))
        except Exception:  # noqa: BLE001 - decoders fail in many ways
            raise NotAPicture(_("The picture is damaged or incomplete.")) from None


def _open(file: BinaryIO) -> Image.Image:
    """Read the beginning of a file; the pixels are not decoded yet."""
    try:
        return Image.open(file, formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except Exception:  # noqa: BLE001 - decoders fail in many ways
        raise NotAPicture(_("This is no PNG, JPEG or WebP picture.")) from None


def _too_many_pixels() -> NotAPicture:
    return NotAPicture(
        _("The picture has too many pixels: at most %(count)d million.")
        % {"count": MOST_PIXELS // 1_000_000}
    )


def _upright(image: Image.Image) -> Image.Image:
    # JPEG can be decoded at a fraction of its size.
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    image.load()
    turned = ImageOps.exif_transpose(image)
    if turned.mode.startswith("I"):
        turned = _with_8_bits(turned)
    has_alpha = "A" in turned.getbands() or "transparency" in turned.info
    whole = turned.convert("RGBA" if has_alpha else "RGB")
    whole.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
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
