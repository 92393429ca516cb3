"""Sign in to Directus as an administrator for the duration of a set-up."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from ...directus import BearerAuth, DirectusClient, DirectusError, Transport
from .errors import ProvisioningError


@dataclass(frozen=True)
class AdminCredentials:
    """Either a token, or an e-mail address and a password."""

    token: str = field(default="", repr=False)
    email: str = ""
    password: str = field(default="", repr=False)
    otp: str = field(default="", repr=False)


@contextmanager
def admin_client(
    transport: Transport, credentials: AdminCredentials
) -> Iterator[DirectusClient]:
    """Yield a client with an administrator's rights, and sign out afterwards."""
    if credentials.token:
        yield DirectusClient(transport, auth=_auth(credentials.token))
        return
    anonymous = DirectusClient(transport)
    tokens = anonymous.login(
        email=credentials.email, password=credentials.password, otp=credentials.otp
    )
    try:
        yield DirectusClient(transport, auth=BearerAuth(tokens.access_token))
    finally:
        with suppress(DirectusError):
            anonymous.logout(tokens.refresh_token)


def _auth(token: str) -> BearerAuth:
    try:
        return BearerAuth(token)
    except ValueError:
        raise ProvisioningError(
            "The administrator's token has invalid characters."
        ) from None
