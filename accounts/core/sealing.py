"""Seal texts with TOKEN_ENCRYPTION_KEYS: the first seals, all of them open."""

from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.views.decorators.debug import sensitive_variables


@sensitive_variables("text")
def seal(text: str) -> str:
    """Return a text, sealed with the newest key."""
    return _fernet().encrypt(text.encode()).decode()


def opened(sealed: str) -> str:
    """Return a sealed text.

    Raises:
        InvalidToken: no key opens it.
    """
    return _fernet().decrypt(sealed.encode()).decode()


def has_newest_key(sealed: str) -> bool:
    """Return whether the newest key opens a sealed text."""
    try:
        Fernet(settings.TOKEN_ENCRYPTION_KEYS[0]).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def sealed_anew(sealed: str) -> str:
    """Return a sealed text, sealed with the newest key.

    Raises:
        InvalidToken: no key opens it.
    """
    return _fernet().rotate(sealed.encode()).decode()


def _fernet() -> MultiFernet:
    return _fernet_of(tuple(settings.TOKEN_ENCRYPTION_KEYS))


@lru_cache(maxsize=4)
def _fernet_of(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
