"""The site's settings, with one more page: one that asks Directus as the user."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
