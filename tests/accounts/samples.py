"""Files that people upload: pictures, and what only looks like one."""

import io
import struct
import zlib

from PIL import Image

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"


def picture(kind="PNG", size=(60, 40), mode="RGB", **options) -> bytes:
    """Return a picture, red on its left half and blue on its right."""
    image = Image.new(mode, size, "red")
    image.paste("blue", (size[0] // 2, 0, size[0], size[1]))
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def with_place() -> bytes:
    """Return a photo that was taken with the camera on its side, and knows where."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "canary-in-exif"
    return picture("JPEG", exif=exif)


def bomb(width=30_000, height=30_000) -> bytes:
    """Return a small PNG that claims to be huge, and is as black as it claims."""
    line = b"\x00" * (1 + width // 8 + 1)
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(line) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
