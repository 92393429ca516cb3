"""The client of Directus. Nothing in this package imports Django."""

from .client import DirectusClient
from .exceptions import (
    AuthenticationFailed,
    DirectusAPIError,
    DirectusError,
    DirectusUnavailable,
    Forbidden,
    InvalidCredentials,
    InvalidOTP,
    InvalidPayload,
    InvalidToken,
    NotFound,
    NotUnique,
    RateLimited,
    SessionExpired,
    TokenExpired,
    UserSuspended,
    error_for,
)
from .tokens import BearerAuth, RefreshingAuth, TokenPair, TokenStore
from .transport import Transport
from .users import DirectusUser, Visitor

__all__ = [
    "AuthenticationFailed",
    "BearerAuth",
    "DirectusAPIError",
    "DirectusClient",
    "DirectusError",
    "DirectusUnavailable",
    "DirectusUser",
    "Forbidden",
    "InvalidCredentials",
    "InvalidOTP",
    "InvalidPayload",
    "InvalidToken",
    "NotFound",
    "NotUnique",
    "RateLimited",
    "RefreshingAuth",
    "SessionExpired",
    "TokenExpired",
    "TokenPair",
    "TokenStore",
    "Transport",
    "UserSuspended",
    "Visitor",
    "error_for",
]
