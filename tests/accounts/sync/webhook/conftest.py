"""Every test here has a secret that both sides know."""

import pytest

from .flow import SECRET, Flow


@pytest.fixture(autouse=True)
def _secret(settings):
    settings.DIRECTUS_WEBHOOK_SECRET = SECRET


@pytest.fixture
def flow(service_token):
    """A client like the Flow: signs what it sends."""
    return Flow()
