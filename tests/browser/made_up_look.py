"""A made-up operator's look: a square mark and a name, drawn for tests and pictures."""

from pathlib import Path

NAME = "Lantern & Loom"
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
