"""A secret that waits between two steps of one browser, for some minutes.

The session keeps it sealed; the key is only in a cookie of that browser. What the
database holds is therefore good for nobody. Of a visitor's secret, the browser keeps
all of it: no stranger makes rows.
"""

import time
from base64 import urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.utils.crypto import salted_hmac
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
        _set_cookie(response, self._cookie_name, key.decode(), self.seconds)

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
        return _name(self.cookie)


@dataclass(frozen=True)
class SealedCookie:
    """A secret in a cookie that only this site can open.

    Attributes:
        cookie: its name, without the prefix that https adds.
        seconds: how long it lives.
    """

    cookie: str
    seconds: int

    @sensitive_variables("secret")
    def keep(self, response, secret: str) -> None:
        """Give it to the browser."""
        sealed = self._keys()[0].encrypt(secret.encode()).decode()
        _set_cookie(response, _name(self.cookie), sealed, self.seconds)

    def read(self, request) -> str:
        """Return it; nothing when it is too old, or another one's."""
        sealed = request.COOKIES.get(_name(self.cookie), "").encode()
        for key in self._keys():
            with suppress(InvalidToken, ValueError):
                return key.decrypt(sealed, ttl=self.seconds).decode()
        return ""

    def forget(self, request, response) -> None:
        """Take it from the browser."""
        if _name(self.cookie) in request.COOKIES:
            response.delete_cookie(_name(self.cookie), samesite="Lax")

    def _keys(self) -> list[Fernet]:
        """Return the newest key, and those that still open."""
        keys = [
            salted_hmac(
                "accounts.short_secrets", self.cookie, secret=one, algorithm="sha256"
            )
            for one in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        ]
        return [Fernet(urlsafe_b64encode(key.digest())) for key in keys]


def _set_cookie(response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def _name(cookie: str) -> str:
    return settings.COOKIE_PREFIX + cookie
