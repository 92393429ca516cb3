"""The look of the site in one place: name, logo, accent colour, links, sender.

The only module that reads settings.BRAND_* and the links of the footer. Pages, mails,
error pages, the admin and the icon of the browser tab take it from here.
"""

from dataclasses import dataclass

from django.conf import settings

DEFAULT_ACCENT = "#0b57d0"


@dataclass(frozen=True)
class Branding:
    """What operators may choose. Empty values are not set.

    Attributes:
        name: of the site.
        accent, accent_dark: colours of buttons and links, on light and dark screens.
        on_accent, on_accent_dark: colours of text on them.
        logo_url, logo_dark_url: absolute addresses of the logo; for mails.
        home_url, terms_url, privacy_url, imprint_url, support_email: links.
    """

    name: str
    accent: str = DEFAULT_ACCENT
    accent_dark: str = "#a8c7fa"
    on_accent: str = "#ffffff"
    on_accent_dark: str = "#0b1b33"
    logo_url: str = ""
    logo_dark_url: str = ""
    home_url: str = ""
    terms_url: str = ""
    privacy_url: str = ""
    imprint_url: str = ""
    support_email: str = ""


def branding() -> Branding:
    """Return the look that the settings name."""
    return Branding(
        name=settings.SITE_NAME,
        accent=settings.BRAND_ACCENT or DEFAULT_ACCENT,
        home_url=settings.HOME_URL,
        terms_url=settings.TERMS_URL,
        privacy_url=settings.PRIVACY_URL,
        imprint_url=settings.IMPRINT_URL,
        support_email=settings.SUPPORT_EMAIL,
    )
