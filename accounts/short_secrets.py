"""A secret that waits between two steps of one browser, for some minutes.

The session keeps it sealed; the key is only in a cookie of that browser. What the
database holds is therefore good for nobody.
"""

import time
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.views.decorators.debug import sensitive_variables


@dataclass(frozen=True)
class ShortSecret:
    """One kind of them.

    Attributes:
        session_key: where the session keeps it.
        cookie: of the key, without settings.COOKIE_PREFIX.
        seconds: how long it lives.
    """

    session_key: str
    cookie: str
    seconds: int

    @sensitive_variables("secret", "key")
    def start(self, request, response, secret: str, **facts: Any) -> None:
        """Keep a secret, and facts in plain text beside it."""
        key = Fernet.generate_key()
        request.session[self.session_key] = facts | {
            "sealed": Fernet(key).encrypt(secret.encode()).decode(),
            "until": time.time() + self.seconds,
        }
        response.set_cookie(
            self._cookie_name,
            key.decode(),
            max_age=self.seconds,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )

    @sensitive_variables("secret", "key")
    def read(self, request) -> tuple[str, dict[str, Any]] | None:
        """Return the secret and the facts; None when too old or of another browser."""
        stored = request.session.get(self.session_key)
        key = request.COOKIES.get(self._cookie_name, "")
        if not stored or not key or stored["until"] < time.time():
            return None
        try:
            secret = Fernet(key).decrypt(stored["sealed"]).decode()
        except (InvalidToken, ValueError):
            return None
        return secret, stored

    def was_started(self, request) -> bool:
        """Tell whether this browser began, however long ago."""
        return self.session_key in request.session

    def end(self, request, response) -> None:
        """Forget it."""
        request.session.pop(self.session_key, None)
        response.delete_cookie(self._cookie_name, samesite="Lax")

    @property
    def _cookie_name(self) -> str:
        return settings.COOKIE_PREFIX + self.cookie
