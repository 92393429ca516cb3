"""The client of Directus. Nothing in this package imports Django."""

from .bulkhead import WaitingRoom
from .calls import Upload
from .client import DirectusClient
from .declared import Blueprint, Declared, register, registered
from .exceptions import (
    AuthenticationFailed,
    CallFailed,
    DirectusAPIError,
    DirectusError,
    DirectusUnavailable,
    Forbidden,
    GrantRevoked,
    InvalidCredentials,
    InvalidOTP,
    InvalidPayload,
    InvalidProvider,
    InvalidToken,
    NotFound,
    NotUnique,
    ProviderUnavailable,
    RateLimited,
    SessionExpired,
    TokenExpired,
    TryLater,
    UserSuspended,
    error_for,
)
from .files import PICTURE_TYPES, Picture, StoredFile
from .idn import spellings, to_ascii
from .items import ItemPage, Rights
from .mailed import checked as checked_mail_token
from .records import LoggedSignIn
from .registration import NewUser
from .sso import Provider, SignInWays, SsoStart, SsoTokens
from .time_budget import RESERVE_SECONDS, time_budget
from .tokens import BearerAuth, RefreshingAuth, TokenPair, TokenStore
from .transport import Transport
from .users import PASSWORD_PROVIDER, DirectusUser, Visitor
from .watch import Watch

__all__ = [
    "PASSWORD_PROVIDER",
    "PICTURE_TYPES",
    "RESERVE_SECONDS",
    "AuthenticationFailed",
    "BearerAuth",
    "Blueprint",
    "CallFailed",
    "Declared",
    "DirectusAPIError",
    "DirectusClient",
    "DirectusError",
    "DirectusUnavailable",
    "DirectusUser",
    "Forbidden",
    "GrantRevoked",
    "InvalidCredentials",
    "InvalidOTP",
    "InvalidPayload",
    "InvalidProvider",
    "InvalidToken",
    "ItemPage",
    "LoggedSignIn",
    "NewUser",
    "NotFound",
    "NotUnique",
    "Picture",
    "Provider",
    "ProviderUnavailable",
    "RateLimited",
    "RefreshingAuth",
    "Rights",
    "SessionExpired",
    "SignInWays",
    "SsoStart",
    "SsoTokens",
    "StoredFile",
    "TokenExpired",
    "TokenPair",
    "TokenStore",
    "Transport",
    "TryLater",
    "Upload",
    "UserSuspended",
    "Visitor",
    "WaitingRoom",
    "Watch",
    "checked_mail_token",
    "error_for",
    "register",
    "registered",
    "spellings",
    "time_budget",
    "to_ascii",
]
