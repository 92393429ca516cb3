"""System checks of the look: a readable accent, and logos that can be shown."""

from django.core import checks

from . import brand_files, colours
from .brand_files import UnusableLogo
from .branding import chosen_accent, logo_settings

LARGE_BYTES = 200 * 1024


@checks.register
def check_branding(app_configs, **kwargs):
    """Return warnings about colours and logos; the site works in spite of them."""
    found = [_check_logo(name, path) for name, path in logo_settings().items()]
    accent = chosen_accent()
    found += _check_accent(accent) if accent else []
    if "BRAND_LOGO_DARK" in logo_settings() and "BRAND_LOGO" not in logo_settings():
        found.append(_warning(1, "BRAND_LOGO_DARK needs BRAND_LOGO.", ""))
    return [message for message in found if message]


def _check_logo(name: str, path: str) -> checks.CheckMessage | None:
    try:
        logo = brand_files.read_logo("logo", path)
    except UnusableLogo as error:
        return _warning(2, f"{name} {error}.", "Until then pages show the site's name.")
    if len(logo.content) > LARGE_BYTES:
        size = f"{name} has {len(logo.content) // 1024} KB."
        return _warning(3, size, "Every visitor loads it; 200 KB are plenty.")
    return None


def _check_accent(accent: str) -> list[checks.CheckMessage]:
    ratio = colours.contrast(accent, colours.PAGE)
    if ratio >= colours.READABLE:
        return []
    # Buttons are readable in any case: their text is white or black.
    link = colours.light(accent).link
    text = f"BRAND_ACCENT has a contrast of {ratio:.1f}:1 with the page, below 4.5:1."
    hint = f"Links are {link} instead, the nearest readable colour. Use it for all."
    return [_warning(4, text, hint)]


def _warning(number: int, text: str, hint: str) -> checks.Warning:
    return checks.Warning(text, hint=hint or None, id=f"branding.W{number:03}")
