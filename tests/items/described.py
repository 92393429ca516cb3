"""Descriptions of fields, as Directus sends them."""

from accounts.profile.fields import Description
from tests.fake_directus.collections import described as payload

STATES = [{"text": "Open", "value": "open"}, {"text": "Done", "value": 2}]


def described(type="string", name="field", **shape):
    """Return the description of a field."""
    return Description.from_payload(payload("things", name, type, **shape))
