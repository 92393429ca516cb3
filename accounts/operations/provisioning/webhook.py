"""The Flow in Directus that tells the site which users have changed.

Two operations: one names the users and signs, one sends. Directus' sandbox has no
crypto, so `sign.js` brings its own HMAC. The Flow keeps no record of its runs: a
record would hold passwords as they were typed.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...directus import ids
from ...directus.ids import SiteIds

SIGN = Path(__file__).with_name("sign.js")
KEY_DIGITS = 8


@dataclass(frozen=True)
class Webhook:
    """Where the site listens, and the secret that both sides know."""

    url: str
    secret: str = field(repr=False)

    @property
    def description(self) -> str:
        """What the Flow says about itself; the doctor compares it."""
        key = hashlib.sha256(self.secret.encode()).hexdigest()[:KEY_DIGITS]
        return f"Tells {self.url} which users have changed. Key {key}."


def url_in(operations: list[dict[str, Any]], own: SiteIds = ids.DEFAULT) -> str:
    """Return the address that a Flow of ours calls; empty when there is none."""
    for row in operations:
        if row["id"] == own.webhook_send:
            return str((row["options"] or {}).get("url") or "")
    return ""


def flow(webhook: Webhook, own: SiteIds = ids.DEFAULT) -> dict[str, Any]:
    """Return the Flow, without its first operation, which comes after it."""
    return {
        "id": own.webhook_flow,
        "name": f"{own.name}: users that changed",
        "status": "active",
        "trigger": "event",
        "accountability": None,
        "description": webhook.description,
        "options": {
            "type": "action",
            "scope": ["items.update", "items.delete"],
            "collections": ["directus_users"],
        },
    }


def operations(webhook: Webhook, own: SiteIds = ids.DEFAULT) -> list[dict[str, Any]]:
    """Return the operations, each after the one that it leads to."""
    both = {"flow": own.webhook_flow, "position_y": 1}
    send = {
        "id": own.webhook_send,
        "name": "Send",
        "key": "send",
        "type": "request",
        "position_x": 37,
        "resolve": None,
        "options": {
            "method": "POST",
            "url": webhook.url,
            "headers": [
                {"header": "X-Webhook-Timestamp", "value": "{{sign.timestamp}}"},
                {"header": "X-Webhook-Signature", "value": "{{sign.signature}}"},
            ],
            "body": "{{sign.body}}",
        },
    }
    sign = {
        "id": own.webhook_sign,
        "name": "Sign",
        "key": "sign",
        "type": "exec",
        "position_x": 19,
        "resolve": own.webhook_send,
        "options": {"code": _code(webhook.secret)},
    }
    return [both | send, both | sign]


def _code(secret: str) -> str:
    # As JSON, and curly brackets never touch in it.
    text = json.dumps(secret).replace("{", "\\u007b").replace("}", "\\u007d")
    return SIGN.read_text().replace('"__SECRET__"', text)
