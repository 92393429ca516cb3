"""A made-up operator's look, for tests and for the pictures in docs/branding.md."""

from pathlib import Path

NAME = "Lantern & Loom"
LINKS = {
    "SITE_NAME": NAME,
    "HOME_URL": "https://www.example.com/",
    "TERMS_URL": "https://www.example.com/terms",
    "PRIVACY_URL": "https://www.example.com/privacy",
    "IMPRINT_URL": "https://www.example.com/imprint",
    "SUPPORT_EMAIL": "help@example.com",
}
MARK = (
    '<rect x="2" y="2" width="44" height="44" rx="12" fill="{ground}"/>'
    '<path d="M14 12v24h20" fill="none" stroke="{figure}" stroke-width="6"/>'
    '<circle cx="31" cy="17" r="5" fill="{figure}"/>'
)
WORDMARK = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 290 48">'
    f"{MARK}"
    '<text x="60" y="33" font-family="system-ui, sans-serif" font-size="26" '
    'textLength="222" lengthAdjust="spacingAndGlyphs" '
    'font-weight="700" fill="{ink}">Lantern &amp; Loom</text></svg>'
)


def draw_logos(folder: Path, accent: str) -> dict[str, str]:
    """Write the logo for light and for dark screens; return the settings for both."""
    light = {"ground": accent, "figure": "#ffffff", "ink": "#1d1d2b"}
    dark = {"ground": accent, "figure": "#ffffff", "ink": "#f4f1ff"}
    found = {}
    for setting, shades in (("BRAND_LOGO", light), ("BRAND_LOGO_DARK", dark)):
        path = folder / f"{setting.lower()}.svg"
        path.write_text(WORDMARK.format(**shades))
        found[setting] = str(path)
    return found
