"""The site's settings, with the pages of tests/items/shop.py."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.items.shop"
