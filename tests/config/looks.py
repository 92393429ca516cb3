"""A made-up operator's look, and the smallest pictures of each type."""

import io

from PIL import Image

SVG = b"""<?xml version="1.0"?>
<!-- A made-up logo. -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 32"><rect width="9"/></svg>
"""
SQUARE_SVG = SVG.replace(b"0 0 120 32", b"0 0 32 32")
LINKS = {
    "HOME_URL": "https://www.example.com/",
    "TERMS_URL": "https://www.example.com/legal?a=1&b=2#terms",
    "PRIVACY_URL": "https://www.example.com/privacy",
    "IMPRINT_URL": "https://www.example.com/imprint",
    "SUPPORT_EMAIL": "help@example.com",
}


def picture(kind="PNG", size=(4, 2)):
    """Return a picture that Pillow makes: PNG, JPEG or WEBP."""
    buffer = io.BytesIO()
    Image.new("RGB", size, "#6d28d9").save(buffer, kind)
    return buffer.getvalue()
