"""Set-ups and checks of the site as it ships."""

import pytest

from accounts.directus import declared
from dashboard.tickets import tickets


@pytest.fixture(autouse=True)
def _as_shipped(monkeypatch):
    """Know the site's own collections alone: other tests declare further ones."""
    monkeypatch.setattr(declared, "COLLECTIONS", {tickets.name: tickets.declaration})


@pytest.fixture(autouse=True)
def _audit_trail(db):
    """Commands write into the audit trail."""
