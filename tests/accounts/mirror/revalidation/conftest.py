"""Browsers with a session that is due for validation."""

import pytest

from tests.fake_directus import ADMINISTRATOR

from ...signed_in import make_old


@pytest.fixture
def due(signed_in_client):
    """A browser with a session that the next page has to validate."""
    make_old(signed_in_client, seconds=61)
    return signed_in_client


@pytest.fixture
def staff(signed_in_client, settings, directus, ada):
    """A browser with a member of the staff."""
    settings.DIRECTUS_STAFF_ROLES = [ADMINISTRATOR]
    settings.DIRECTUS_SUPERUSER_ROLES = [ADMINISTRATOR]
    directus.change(ada, role=ADMINISTRATOR)
    make_old(signed_in_client, seconds=61)
    assert signed_in_client.get("/admin/").status_code == 200
    directus.forget_calls()
    return signed_in_client
