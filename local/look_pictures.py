"""Make the pictures in docs/branding.md.

Run `python3 -m local.bootstrap -m local.look_pictures`. They show the sign-in page
without and with a made-up look, light and dark. Directus is not there.
"""

import io
import os
import sys
import tempfile
from pathlib import Path
from typing import Literal

from cryptography.fernet import Fernet
from PIL import Image
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from .install import chromium
from .made_up_look import LINKS, draw_logos
from .paths import ROOT
from .ports import free_port
from .problem import report
from .website import Website

ACCENT = "#6d28d9"
SIZE: ViewportSize = {"width": 640, "height": 660}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# Few colours make a small file.
COLOURS = 96


def main() -> int:
    """Write both pictures."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        looks: dict[str, dict[str, str]] = {
            "before": {},
            "after": LINKS | {"BRAND_ACCENT": ACCENT} | draw_logos(folder, ACCENT),
        }
        for title, look in looks.items():
            _picture(browser, folder, look).save(
                ROOT / f"docs/branding-{title}.png", optimize=True
            )
    return 0


def _picture(browser: Browser, folder: Path, look: dict[str, str]) -> Image.Image:
    """Return the page on a light and a dark screen beside each other."""
    site = _site(folder, look)
    site.manage("migrate", "--no-input")
    site.manage("collectstatic", "--no-input")
    site.start()
    try:
        site.wait()
        halves = [_page(browser, site.url, scheme) for scheme in SCHEMES]
    finally:
        site.stop()
    whole = Image.new("RGB", (2 * SIZE["width"], SIZE["height"]))
    for number, half in enumerate(halves):
        whole.paste(half, (number * SIZE["width"], 0))
    return whole.quantize(COLOURS, dither=Image.Dither.NONE)


def _page(browser: Browser, url: str, scheme: Literal["light", "dark"]) -> Image.Image:
    page = browser.new_page(viewport=SIZE, color_scheme=scheme)
    page.goto(f"{url}/login/")
    content = page.screenshot()
    page.close()
    return Image.open(io.BytesIO(content)).convert("RGB")


def _site(folder: Path, look: dict[str, str]) -> Website:
    port = free_port()
    env = {
        "PATH": os.environ["PATH"],
        "DJANGO_ENV_FILE": "/nonexistent",
        "DJANGO_SECRET_KEY": "pictures-" + "x" * 60,
        "TOKEN_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "PUBLIC_URL": f"http://localhost:{port}",
        "DIRECTUS_URL": "http://localhost:9",
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "STATIC_ROOT": str(folder / "static"),
    }
    return Website(env | look, port, folder / "site.log")


if __name__ == "__main__":
    sys.exit(report(main))
