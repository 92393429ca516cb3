"""The site's settings as they ship, with the pages of tests/items/documents.py."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.items.documents"
