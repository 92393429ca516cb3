"""Names for the endpoints of Directus, without the ids and names in their paths."""

_PROVIDER = "auth/login/provider"
_SERVED = frozenset(
    {
        *("activity", "assets", "auth", "auth/login", "auth/logout", "auth/refresh"),
        *("auth/password/request", "auth/password/reset", "fields", "files"),
        *("folders", "items", "permissions", "permissions/me", "policies", "roles"),
        *("policies/me/globals", "server/info", "server/ping", "settings"),
        *("translations", "users", "users/invite/accept", "users/me"),
        *("users/me/tfa", "users/register", "users/register/verify-email"),
    }
)
OTHER = "other"
ENDPOINTS = _SERVED | {_PROVIDER, OTHER}


def endpoint_of(path: str) -> str:
    """Return the name of a path's endpoint, one of ENDPOINTS."""
    parts = path.split("/")[1:4]
    if parts[:2] == ["auth", "login"] and len(parts) > 2:
        # The third part is the name of a single sign-on provider.
        return _PROVIDER
    while parts:
        name = "/".join(parts)
        if name in _SERVED:
            return name
        parts.pop()
    return OTHER
