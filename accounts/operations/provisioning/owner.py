"""Which site the things in Directus belong to: the service role says its address."""

from urllib.parse import urlsplit

from .errors import ProvisioningError
from .state import Row, State
from .wanted import Options


def mark(role: Row | None, options: Options) -> Row:
    """Return the values of the service role that name its site.

    Words that people put there stay, and so does another address unless the operator
    named the site: a second one may have got a copy of the first one's settings.
    """
    said = (role or {}).get("description") or ""
    is_free = not said or (options.is_named and _address_in(said))
    if not (options.site_url and is_free):
        return {}
    return {"description": f"The site at {options.site_url} and its own user."}


def other_address(state: State, options: Options) -> str:
    """Return the address of another site that these things were made for.

    Empty when there is none, or none is known.
    """
    role = state.role(state.own.service_role) or {}
    address = _address_in(role.get("description") or "")
    return "" if _same(address, options.site_url) else address


def refuse_another_site(state: State, options: Options, *, token_works: bool) -> None:
    """Stop before the set-up takes the token and the Flow of another site.

    Raises:
        ProvisioningError: Directus has a site of this name at another address, the
            operator named none, and no token shows that it is this one.
    """
    if options.is_named or token_works:
        return
    other = other_address(state, options)
    role = state.role(state.own.service_role) or {}
    if not role.get("description") and state.webhook_url:
        # Of a set-up that did not write it down yet.
        origin = _origin(state.webhook_url)
        other = "" if _same(origin, options.site_url) else origin
    if other:
        raise ProvisioningError(
            f"Directus has the site “{state.own.name}” at {other}, and this one is at "
            f"{options.site_url}. A second site needs a name of its own: --site NAME. "
            f'If it is the same site, name it: --site "{state.own.name}".'
        )


def _address_in(text: str) -> str:
    words = (word.rstrip(".,;)") for word in text.split())
    return next((word for word in words if "://" in word), "")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _same(one: str, other: str) -> bool:
    return not (one and other) or one.rstrip("/").lower() == other.rstrip("/").lower()
