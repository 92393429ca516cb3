"""How settings that cannot be meant are refused."""

import pytest
from django.core.exceptions import ImproperlyConfigured

# Stands in values, and must stand in no message.
CANARY = "Canary-7f3a9"


def refusal(action, *args, **options):
    """Return the one sentence with which something is refused."""
    with pytest.raises(ImproperlyConfigured) as caught:
        action(*args, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    # Nor is the value in what Python shows of the errors before.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return text
