"""Convert uploaded pictures: only the pixels are stored.

A picture is decoded and encoded again, which removes all other data of the file (EXIF
with a place, an appended file, a script). `image_worker` does it in a separate process
with limits of memory and time.
"""

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from django.utils.translation import gettext as _

from ..directus import DirectusUnavailable
from . import image_worker

logger = logging.getLogger(__name__)

STORED_NAME = "picture.webp"
STORED_TYPE = "image/webp"

TIMEOUT = 10.0
# One at a time per process of the site. Few requests wait, and not for long, because
# each holds a thread that serves pages.
WAIT_SECONDS = 3.0
MOST_WAITING = 2
_decoding = threading.Lock()
_waiting = threading.BoundedSemaphore(MOST_WAITING + 1)


class NotAPicture(ValueError):
    """The file is not an accepted picture; the text is for the user."""


def clean_picture(file: BinaryIO, longest: int = image_worker.LONGEST_SIDE) -> bytes:
    """Return a picture as WebP, upright, with sides of at most `longest` pixels.

    Raises:
        NotAPicture: it is not a picture, damaged, or has too many pixels.
        DirectusUnavailable: others are being converted; try again in some seconds.
    """
    content = file.read()
    with _turn():
        code, stored = _run(content, longest)
    if code == 0 and stored:
        return stored
    raise NotAPicture(_reason(code))


@contextmanager
def _turn() -> Iterator[None]:
    """Wait for the turn to decode."""
    if not _waiting.acquire(blocking=False):
        raise _busy()
    try:
        if not _decoding.acquire(timeout=WAIT_SECONDS):
            raise _busy()
        try:
            yield
        finally:
            _decoding.release()
    finally:
        _waiting.release()


def _busy() -> DirectusUnavailable:
    return DirectusUnavailable("other pictures are being decoded", retry_after=5)


def _run(content: bytes, longest: int) -> tuple[int, bytes]:
    """Return the exit code and the output of the process."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", image_worker.__file__, str(longest)],
            input=content,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return image_worker.DAMAGED, b""
    except OSError as error:
        logger.error("The process that decodes a picture did not start: %s", error)
        raise DirectusUnavailable(
            "the process that decodes pictures did not start"
        ) from None
    if done.returncode not in _REFUSALS:
        # Without its output, which may quote the file.
        logger.warning(
            "Decoding a picture ended with exit code %d",
            done.returncode,
        )
    return done.returncode, done.stdout


_REFUSALS = {
    0,
    image_worker.NO_PICTURE,
    image_worker.TOO_MANY_PIXELS,
    image_worker.DAMAGED,
}


def _reason(code: int) -> str:
    if code == image_worker.NO_PICTURE:
        return _("Choose a PNG, JPEG or WebP image.")
    if code == image_worker.TOO_MANY_PIXELS:
        return _("Choose an image with at most %(count)d million pixels.") % {
            "count": image_worker.MOST_PIXELS // 1_000_000
        }
    return _("This image is damaged. Choose a different one.")
