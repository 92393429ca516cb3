"""The site's settings as they ship, with collected files and the tests' views."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.on_wire.urls"
