"""Users in Directus, and the command that mirrors them."""

import pytest

from accounts.sync import run as syncing

from .mirrored import run


@pytest.fixture
def sync(service_token):
    """A function that runs directus_sync and returns what it prints."""
    return run


@pytest.fixture
def people(directus, service_token):
    """Ten customers in Directus."""
    return [
        directus.add_user(f"customer-{number}@example.com", first_name=f"C{number}")
        for number in range(10)
    ]


@pytest.fixture(params=[1, 3, 1000])
def batch(request, monkeypatch):
    """Batches smaller and larger than the number of users."""
    monkeypatch.setattr(syncing, "BATCH", request.param)
