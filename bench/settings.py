"""The site's settings, with pages that ask Directus as the user.

The home page has no cards: a card of the tickets asks Directus at each visit.
"""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
DASHBOARD_CARDS: list[str] = []
