"""The Flow in Directus that reports changed users to the site.

It has two operations: the first signs the list of users, the second sends it.
Directus' sandbox has no crypto module, so `sign.js` contains an HMAC. The Flow logs
no runs: the log would contain passwords in plain text.
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
    """The address of the site's webhook, and the shared secret."""

    url: str
    secret: str = field(repr=False)

    @property
    def description(self) -> str:
        """The Flow's description, which the doctor compares."""
        key = hashlib.sha256(self.secret.encode()).hexdigest()[:KEY_DIGITS]
        return f"Tells {self.url} which users have changed. Key {key}."


def url_in(operations: list[dict[str, Any]], own: SiteIds = ids.DEFAULT) -> str:
    """Return the address that the site's Flow calls; empty without a Flow."""
    for row in operations:
        if row["id"] == own.webhook_send:
            return str((row["options"] or {}).get("url") or "")
    return ""


def flow(webhook: Webhook, own: SiteIds = ids.DEFAULT) -> dict[str, Any]:
    """Return the Flow without its first operation, which is made after it."""
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
    """Return the operations in reverse order: each names the one that follows it."""
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
    # JSON without adjacent braces: Directus reads those as a template.
    text = json.dumps(secret).replace("{", "\\u007b").replace("}", "\\u007d")
    return SIGN.read_text().replace('"__SECRET__"', text)
