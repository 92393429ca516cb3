"""Keep a secret for some minutes between two steps of one browser.

The session holds the sealed secret, and only a cookie of the browser holds the key: a
copy of the database opens nothing. A visitor's secret is in the cookie alone, so that
visitors make no rows.
"""

import time
from base64 import urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac
from django.views.decorators.debug import sensitive_variables

from config.request import Request

from . import cookies


@dataclass(frozen=True)
class ShortSecret:
    """A sealed secret in the session.

    Attributes:
        session_key: its key in the session.
        cookie: name of the cookie with the key, without settings.COOKIE_PREFIX.
        seconds: its lifetime.
    """

    session_key: str
    cookie: str
    seconds: int

    @sensitive_variables("secret", "key")
    def start(
        self, request: Request, response: HttpResponseBase, secret: str, **facts: Any
    ) -> None:
        """Store a secret, and plain facts beside it."""
        key = Fernet.generate_key()
        request.session[self.session_key] = facts | {
            "sealed": Fernet(key).encrypt(secret.encode()).decode(),
            "until": time.time() + self.seconds,
        }
        cookies.write(response, self.cookie, key.decode(), self.seconds)

    @sensitive_variables("secret", "key")
    def read(self, request: Request) -> tuple[str, dict[str, Any]] | None:
        """Return the secret and the facts; None if expired or of another browser."""
        stored = request.session.get(self.session_key)
        key = cookies.read(request, self.cookie)
        if not stored or not key or stored["until"] < time.time():
            return None
        try:
            secret = Fernet(key).decrypt(stored["sealed"]).decode()
        except (InvalidToken, ValueError):
            return None
        return secret, stored

    def was_started(self, request: Request) -> bool:
        """Return whether this browser has stored a secret, even if it has expired."""
        return self.session_key in request.session

    def end(self, request: Request, response: HttpResponseBase) -> None:
        """Delete the secret."""
        request.session.pop(self.session_key, None)
        cookies.delete(response, self.cookie)


@dataclass(frozen=True)
class SealedCookie:
    """A secret in a cookie that only the site can open.

    Attributes:
        cookie: name of the cookie, without settings.COOKIE_PREFIX.
        seconds: its lifetime.
    """

    cookie: str
    seconds: int

    @sensitive_variables("secret")
    def keep(self, response: HttpResponseBase, secret: str) -> None:
        """Set the cookie."""
        sealed = self._keys()[0].encrypt(secret.encode()).decode()
        cookies.write(response, self.cookie, sealed, self.seconds)

    def read(self, request: Request) -> str:
        """Return the secret; empty if it has expired or does not open."""
        sealed = cookies.read(request, self.cookie).encode()
        for key in self._keys():
            with suppress(InvalidToken, ValueError):
                return key.decrypt(sealed, ttl=self.seconds).decode()
        return ""

    def delete(self, request: Request, response: HttpResponseBase) -> None:
        """Delete the cookie."""
        if cookies.read(request, self.cookie):
            cookies.delete(response, self.cookie)

    def _keys(self) -> list[Fernet]:
        """Return the newest key, and the older ones that still open cookies."""
        keys = [
            salted_hmac(
                "accounts.short_secrets", self.cookie, secret=one, algorithm="sha256"
            )
            for one in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        ]
        return [Fernet(urlsafe_b64encode(key.digest())) for key in keys]
