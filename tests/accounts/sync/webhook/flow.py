"""A client that tells the site of changes, as Directus' Flow does."""

import hashlib
import hmac
import json
import time
import uuid

from django.test import Client

PATH = "/webhooks/directus/"
SECRET = "the secret of the tests, which is long enough"


class Flow:
    """Sends messages as Directus does, in its own way if told."""

    def __init__(self):
        self.client = Client(enforce_csrf_checks=True)
        self.count = 0

    def tells(self, *users, event="users.update", fields=(), **values):
        """Send a new message about users, or ids."""
        self.count += 1
        keys = [getattr(user, "id", user) for user in users]
        message = {"id": self.count, "event": event, "keys": keys, "more": False}
        return self.sends(json.dumps(message | {"fields": list(fields)} | values))

    def sends(self, body, *, at=None, secret=SECRET, **headers):
        """Send a body, signed."""
        at = str(int(time.time()) if at is None else at)
        signature = sign(at, body, secret)
        usual = {"x-webhook-timestamp": at, "x-webhook-signature": signature}
        return self.client.post(
            PATH, body, content_type="application/json", headers=usual | headers
        )


def sign(at, body, secret=SECRET):
    text = f"{at}.{body}".encode()
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def is_signed_in(browser):
    return browser.get("/").status_code == 200


BODY = json.dumps({"event": "users.update", "keys": [str(uuid.uuid4())]})
