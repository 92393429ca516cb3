"""Clients for Directus, made from the settings.

The only module that reads settings.DIRECTUS_*. It knows no endpoint paths.
"""

from dataclasses import dataclass
from typing import Any, Literal

from django.conf import settings

from config.request import Request

from ..directus import (
    RESERVE_SECONDS,
    BearerAuth,
    DirectusClient,
    DirectusUser,
    RefreshingAuth,
    TokenPair,
    Transport,
    Visitor,
    WaitingRoom,
)
from ..directus.ids import SiteIds
from . import figures
from .memory import Memory, kept

# Of one page; Directus may allow fewer rows.
MOST_ROWS = 1000
# URL → the number of rows to request at once.
_page_sizes = Memory(60.0)


def anonymous_client(request: Request | None = None) -> DirectusClient:
    """Return a client without rights, for sign-in, sign-up and reset.

    Args:
        request: the visitor's request; its address and user agent are passed on.
    """
    return DirectusClient(transport(), visitor=visitor_of(request))


def client_for_tokens(
    tokens: TokenPair, request: Request | None = None
) -> DirectusClient:
    """Return a client that acts with new tokens."""
    auth = BearerAuth(tokens.access_token)
    return DirectusClient(transport(), auth=auth, visitor=visitor_of(request))


def client_for_session(request: Request) -> DirectusClient:
    """Return a client that acts as the signed-in user and renews the tokens."""
    return DirectusClient(
        transport(), auth=session_auth(request), visitor=visitor_of(request)
    )


def session_auth(request: Request) -> RefreshingAuth:
    """Return the authentication with the session's tokens."""
    anonymous = anonymous_client(request)

    def renew(refresh_token: str) -> TokenPair:
        with figures.refresh():
            return anonymous.refresh(refresh_token)

    return RefreshingAuth(request.session.tokens, renew=renew, revoke=anonymous.logout)


def service_client(visitor: Visitor | None = None) -> DirectusClient | None:
    """Return the client with the service token, or None without a token."""
    if not settings.DIRECTUS_SERVICE_TOKEN:
        return None
    auth = BearerAuth(settings.DIRECTUS_SERVICE_TOKEN)
    return DirectusClient(transport(), auth=auth, visitor=visitor)


def page_size(client: DirectusClient, *, timeout: float | None = None) -> int:
    """Return the number of rows to request at once; Directus may set a limit.

    It is asked for once a minute.

    Args:
        timeout: seconds.

    Raises:
        DirectusError: there is no answer.
    """
    size = _page_sizes.get(directus_url())
    if size is None:
        limits = client.get_server_info(timeout=timeout).get("queryLimit")
        most = limits.get("max") if isinstance(limits, dict) else None
        is_limit = isinstance(most, int) and 0 < most < MOST_ROWS
        size = most if is_limit else MOST_ROWS
        _page_sizes.set(directus_url(), size)
    return size


def service_token() -> str:
    """Return the service token; empty without one."""
    return settings.DIRECTUS_SERVICE_TOKEN


def transport() -> Transport:
    """Return this process' connection pool to Directus.

    If all calls hang, some threads stay free for pages that need no call: the slots
    here are three quarters of the threads, the places in `waiting_room` a sixteenth.
    """
    return _transport(
        settings.DIRECTUS_URL,
        connect_timeout=settings.DIRECTUS_CONNECT_TIMEOUT,
        read_timeout=settings.DIRECTUS_READ_TIMEOUT,
        total_timeout=settings.DIRECTUS_TOTAL_TIMEOUT,
        login_timeout=settings.DIRECTUS_LOGIN_TIMEOUT,
        login_slots=max(1, settings.WEB_THREADS * 3 // 8),
        call_slots=max(1, settings.WEB_THREADS // 4),
        file_slots=max(1, settings.WEB_THREADS // 8),
        ca_bundle=settings.DIRECTUS_CA_BUNDLE or None,
    )


@kept
def _transport(base_url: str, **options: Any) -> Transport:
    return Transport(base_url, watch=figures.CallFigures(), **options)


def waiting_room() -> WaitingRoom:
    """Return the limit on threads that wait for another request's answer."""
    return _waiting_room(max(1, settings.WEB_THREADS // 16))


@kept
def _waiting_room(places: int) -> WaitingRoom:
    return WaitingRoom(places)


def visitor_of(request: Request | None) -> Visitor | None:
    """Return the address and user agent that Directus is told."""
    if request is None:
        return None
    return Visitor(
        address=request.client_address,
        user_agent=request.META.get("HTTP_USER_AGENT", ""),
    )


def directus_url() -> str:
    """Return the address at which the site reaches Directus."""
    return settings.DIRECTUS_URL


def directus_public_url() -> str:
    """Return the address at which browsers reach Directus."""
    return settings.DIRECTUS_PUBLIC_URL


def site_name() -> str:
    """Return the name of this site in Directus."""
    return settings.DIRECTUS_SITE


def own_ids() -> SiteIds:
    """Return the ids of the site's objects in Directus.

    Raises:
        ValueError: DIRECTUS_SITE is not a valid name.
    """
    return SiteIds(settings.DIRECTUS_SITE)


def trusted_certificates() -> str | Literal[True]:
    """Return the file of trusted authorities, or True for the default ones."""
    return settings.DIRECTUS_CA_BUNDLE or True


def signup_mode() -> str:
    """Return `register`, `create` or `closed`."""
    return settings.DIRECTUS_SIGNUP


def signup_fields() -> list[str]:
    """Return the added fields of users in Directus that the sign-up page asks for."""
    return settings.DIRECTUS_SIGNUP_FIELDS


def customer_role() -> str:
    """Return the id of the role of new customers."""
    return settings.DIRECTUS_CUSTOMER_ROLE


def profile_fields() -> list[str]:
    """Return the added fields of users in Directus that belong to the profile."""
    return settings.DIRECTUS_PROFILE_FIELDS


def webhook_secret() -> str:
    """Return the secret of Directus' messages; empty: the site accepts none."""
    return settings.DIRECTUS_WEBHOOK_SECRET


def revalidate_seconds() -> int:
    """Return the seconds after which a session is re-validated at Directus."""
    return settings.DIRECTUS_REVALIDATE_SECONDS


def grace_seconds() -> int:
    """Return the seconds for which signed-in users may read while Directus is away."""
    return settings.DIRECTUS_GRACE_SECONDS


def request_seconds() -> float:
    """Return the seconds that all calls of one request may take together."""
    return settings.DIRECTUS_REQUEST_TIMEOUT


def lease_seconds() -> float:
    """Return the seconds for which a request holds a lease.

    It is longer than any request may take, so that only a dead request loses it.
    """
    longest = max(request_seconds(), settings.DIRECTUS_TOTAL_TIMEOUT)
    return longest + RESERVE_SECONDS + 1.0


def failures_before_directus_suspends() -> int | None:
    """Return after how many failures Directus suspends an account, or None."""
    return settings.DIRECTUS_LOGIN_ATTEMPTS or None


def admin_url(path: str) -> str:
    """Return the public address of a page of Directus' own app."""
    return f"{settings.DIRECTUS_PUBLIC_URL}/admin/{path}"


@dataclass(frozen=True)
class RoleRights:
    """The rights in Django that roles and policies of Directus give, by id or name."""

    role_groups: dict[str, list[str]]
    staff_roles: frozenset[str]
    superuser_roles: frozenset[str]

    @property
    def names(self) -> set[str]:
        """All roles and policies that give rights."""
        return {*self.role_groups, *self.staff_roles, *self.superuser_roles}

    @property
    def managed_groups(self) -> set[str]:
        """The groups that roles give and take."""
        return {name for names in self.role_groups.values() for name in names}

    def groups(self, profile: DirectusUser) -> set[str]:
        """Return the names of the groups that the role and the policies give."""
        return {
            name
            for role in self.names_of(profile)
            for name in self.role_groups.get(role, [])
        }

    def is_staff(self, profile: DirectusUser) -> bool:
        """Return whether the role or a policy opens the admin."""
        return profile.is_active and bool(self.names_of(profile) & self.staff_roles)

    def is_superuser(self, profile: DirectusUser) -> bool:
        """Return whether the role or a policy gives every permission."""
        names = self.names_of(profile)
        return profile.is_active and bool(names & self.superuser_roles)

    @staticmethod
    def names_of(profile: DirectusUser) -> set[str]:
        """Return the names of a user's role and policies that the settings may use."""
        role = {str(profile.role_id or ""), profile.role_name} - {""}
        return role | (profile.policies or frozenset())


def role_rights() -> RoleRights:
    """Return the rights that roles and policies give; none by default."""
    return RoleRights(
        role_groups=settings.DIRECTUS_ROLE_GROUPS,
        staff_roles=frozenset(settings.DIRECTUS_STAFF_ROLES),
        superuser_roles=frozenset(settings.DIRECTUS_SUPERUSER_ROLES),
    )
