"""The site's settings as they ship, with a view that has a fault."""

from tests.on_wire.settings import *  # noqa: F403

ROOT_URLCONF = "tests.monitoring.urls"
