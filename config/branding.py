"""The look of the site in one place: name, logo, accent colour, links, sender.

The only module that reads settings.BRAND_* and the links of the footer. Pages, mails,
error pages, the admin and the icon of the browser tab take it from here.
"""

import hashlib
import logging
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from django.conf import settings

from accounts.core.memory import kept

from . import brand_files, colours
from .brand_files import BrandFile, UnusableLogo

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Branding:
    """What operators may choose. Empty values are not set.

    Attributes:
        name: of the site.
        accent, accent_dark: colours of buttons, on light and dark screens.
        on_accent, on_accent_dark: colours of text on them.
        link, link_dark: colours of links on a page.
        logo_url, logo_dark_url: absolute addresses of the logo; for mails.
        home_url, terms_url, privacy_url, imprint_url, support_email: links.
        logo, logo_dark, style_sheet, icon: addresses on this site; for pages.
        files: what these addresses serve, by the stem of its name.
    """

    name: str
    accent: str = colours.LIGHT.accent
    accent_dark: str = colours.DARK.accent
    on_accent: str = colours.LIGHT.on_accent
    on_accent_dark: str = colours.DARK.on_accent
    link: str = colours.LIGHT.link
    link_dark: str = colours.DARK.link
    logo_url: str = ""
    logo_dark_url: str = ""
    home_url: str = ""
    terms_url: str = ""
    privacy_url: str = ""
    imprint_url: str = ""
    support_email: str = ""
    logo: str = ""
    logo_dark: str = ""
    style_sheet: str = ""
    icon: str = ""
    files: dict[str, BrandFile] = field(default_factory=dict)

    @cached_property
    def key(self) -> str:
        """A digest of the look, for the cache of parts of pages."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    @property
    def home_host(self) -> str:
        """The host of the operator's site, as people read it."""
        host = urlsplit(self.home_url).hostname or ""
        return host.encode().decode("idna")


def branding() -> Branding:
    """Return the look that the settings name."""
    return _branding(
        settings.SITE_NAME,
        settings.BRAND_ACCENT,
        (settings.BRAND_LOGO, settings.BRAND_LOGO_DARK),
        (
            ("home_url", settings.HOME_URL),
            ("terms_url", settings.TERMS_URL),
            ("privacy_url", settings.PRIVACY_URL),
            ("imprint_url", settings.IMPRINT_URL),
            ("support_email", settings.SUPPORT_EMAIL),
        ),
    )


def logo_settings() -> dict[str, str]:
    """Return the paths of the logos by the names of their settings."""
    paths = {
        "BRAND_LOGO": settings.BRAND_LOGO,
        "BRAND_LOGO_DARK": settings.BRAND_LOGO_DARK,
    }
    return {name: path for name, path in paths.items() if path}


def chosen_accent() -> str:
    """Return the operator's colour; empty where none is set."""
    return settings.BRAND_ACCENT


@kept
def _branding(
    name: str,
    accent: str,
    logo_paths: tuple[str, str],
    links: tuple[tuple[str, str], ...],
) -> Branding:
    light = colours.light(accent) if accent else colours.LIGHT
    dark = colours.dark(accent) if accent else colours.DARK
    logo = _logo("logo", "BRAND_LOGO", logo_paths[0])
    logo_dark = logo and _logo("logo-dark", "BRAND_LOGO_DARK", logo_paths[1])
    sheet = brand_files.style_sheet(light, dark) if accent else None
    icon = _icon(name, light, logo, is_default=not accent)
    files = [file for file in (logo, logo_dark, sheet, icon) if file]
    return Branding(
        name=name,
        accent=light.accent,
        accent_dark=dark.accent,
        on_accent=light.on_accent,
        on_accent_dark=dark.on_accent,
        link=light.link,
        link_dark=dark.link,
        logo=_address(logo),
        logo_dark=_address(logo_dark),
        logo_url=_mail_address(logo),
        logo_dark_url=_mail_address(logo_dark),
        style_sheet=_address(sheet),
        icon=_address(icon),
        files={file.stem: file for file in files},
        **dict(links),
    )


def _logo(stem: str, setting: str, path: str) -> BrandFile | None:
    if not path:
        return None
    try:
        return brand_files.read_logo(stem, path)
    except UnusableLogo as error:
        # check_branding says the same at the start.
        logger.error("%s %s: pages have no logo", setting, error)
        return None


def _icon(
    name: str, light: colours.Palette, logo: BrandFile | None, *, is_default: bool
) -> BrandFile | None:
    """Return a square logo, or a letter in the accent; None keeps the static icon."""
    if logo and logo.is_icon:
        return logo
    return None if is_default else brand_files.icon(name, light)


def _address(file: BrandFile | None) -> str:
    return file.address if file else ""


def _mail_address(file: BrandFile | None) -> str:
    is_shown = file and file.is_for_mails
    return settings.PUBLIC_URL + _address(file) if is_shown else ""
