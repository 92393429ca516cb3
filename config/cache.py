"""A shared cache gets values as JSON, never as pickles."""

import json
from typing import Any


class JSONSerializer:
    """A serializer for Django's Redis cache that cannot run code on loading."""

    def dumps(self, value: Any) -> bytes:
        """Return the value as JSON."""
        return json.dumps(value, separators=(",", ":")).encode()

    def loads(self, data: bytes) -> Any:
        """Return the value, or None for anything that is not JSON."""
        try:
            return json.loads(data)
        except ValueError:
            return None
