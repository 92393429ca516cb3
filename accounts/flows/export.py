"""Export the data of a user from Directus and from this site, as JSON.

The export has no secrets: no password, token, second factor or session key, not even
sealed ones.
"""

import json
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from config.request import AuthenticatedRequest

from .. import signals
from ..core import audit, clients
from ..core.account_events import KEPT
from ..core.service_token import ServiceTokenRefused, service_call
from ..models import (
    AccountEvent,
    MailedLink,
    RecoveryCode,
    RoleMembership,
    SignUp,
    TermsAcceptance,
    User,
)
from ..throttling.attempts import counted_for

SECRETS = frozenset({"password", "token", "tfa_secret", "auth_data"})
SESSION_FIELDS = (
    "created_at",
    "authenticated_at",
    "confirmed_at",
    "last_seen_at",
    "expire_date",
    "client_address",
    "user_agent",
    "provider",
)


class Incomplete(Exception):
    """Another app did not deliver its data."""


def export(request: AuthenticatedRequest) -> str:
    """Return the JSON document of the signed-in user.

    Raises:
        TryLater: there is no answer, or there were too many requests.
        SessionExpired: the user has to sign in again.
        Incomplete: try again later.
    """
    user = User.objects.get(pk=request.user.pk)
    held = {
        "exported_at": timezone.now(),
        "directus": _in_directus(request),
        "directus_activity": _activity(request),
        "site": _in_django(user),
        "apps": _in_other_apps(user, request),
    }
    return json.dumps(held, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


# Directus


def _in_directus(request: AuthenticatedRequest) -> dict[str, Any]:
    """Return the fields that the site or the user may read."""
    record = _as_site(request) | request.directus.read_own_record()
    return {
        name: value
        for name, value in sorted(record.items())
        if name not in SECRETS and not _is_hidden(value)
    }


def _as_site(request: AuthenticatedRequest) -> dict[str, Any]:
    service = clients.service_client(clients.visitor_of(request))
    if service is None:
        return {}
    try:
        with service_call():
            return service.read_record(request.user.mirrored_id)
    except ServiceTokenRefused:
        # The user's own token may read less.
        return {}


def _activity(request: AuthenticatedRequest) -> list[dict[str, Any]] | None:
    """Return Directus' log of the user; None if the site may not read it."""
    service = clients.service_client(clients.visitor_of(request))
    if service is None:
        return None
    own_id = request.user.mirrored_id
    try:
        with service_call():
            size = clients.page_size(service)
            entries = service.list_activity(own_id, page_size=size)
    except ServiceTokenRefused:
        return None
    return [_told(entry, is_own=entry.get("user") == str(own_id)) for entry in entries]


def _told(entry: dict[str, Any], *, is_own: bool) -> dict[str, Any]:
    """Return an entry without facts about other users."""
    names = ("timestamp", "action", *(("ip", "user_agent") if is_own else ()))
    return {"by_yourself": is_own} | {name: entry.get(name) for name in names}


def _is_hidden(value: Any) -> bool:
    """Return whether a value is a masked secret."""
    return isinstance(value, str) and bool(value) and not value.strip("*")


# Django


def _in_django(user: User) -> dict[str, Any]:
    return {
        "user": _columns(user),
        "groups": list(user.groups.order_by("name").values_list("name", flat=True)),
        "groups_by_role": list(
            RoleMembership.objects.filter(user=user)
            .order_by("group__name")
            .values_list("group__name", flat=True)
        ),
        "permissions": sorted(
            f"{app}.{name}"
            for app, name in user.user_permissions.values_list(
                "content_type__app_label", "codename"
            )
        ),
        "sessions": list(user.sessions.order_by("pk").values(*SESSION_FIELDS)),
        "events": _events(user),
        "recovery_codes": list(
            RecoveryCode.objects.filter(user=user)
            .order_by("pk")
            .values("created_at", "used_at")
        ),
        "new_addresses": list(
            MailedLink.objects.filter(directus_id=user.directus_id)
            .exclude(old_email="")
            .values("email", "expires_at")
        ),
        **_by_address(user),
        "changes_by_staff": _in_admin_log(user),
    }


def _events(user: User) -> list[dict[str, Any]]:
    """Return the audit trail of a user, without the browsers of others, as of staff."""
    events = AccountEvent.objects.filter(user=user).order_by("pk")
    names = ("event", "at", "client_address", "user_agent")
    return [
        {name: row[name] for name in names[: None if row["event"] in KEPT else 2]}
        for row in events.values(*names)
    ]


def _columns(user: User) -> dict[str, Any]:
    columns = [field.name for field in user._meta.concrete_fields]
    # `password` is empty: Directus has the password.
    return {name: getattr(user, name) for name in columns if name != "password"}


def _by_address(user: User) -> dict[str, Any]:
    """Return the counts and times of the address, which are stored under a digest."""
    digest = audit.email_digest(user.account_key)
    sign_ups = SignUp.objects.filter(pk=digest)
    accepted = TermsAcceptance.objects.filter(pk=digest)
    return {
        "sign_ups": list(sign_ups.values("count", "last_at", "is_void")),
        "terms_accepted_by_address": list(accepted.values("accepted_at")),
        "attempts": counted_for(user.account_key),
    }


def _in_admin_log(user: User) -> list[dict[str, Any]]:
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk)
    )
    return [
        {"at": entry.action_time, "what": entry.get_change_message()}
        for entry in entries.order_by("action_time")
    ]


# Other apps


def _in_other_apps(user: User, request: AuthenticatedRequest) -> dict[str, Any]:
    held: dict[str, Any] = {}
    told = {"user": user, "request": request}
    for receiver, answer in signals.user_exported.send_robust(User, **told):
        if isinstance(answer, Exception):
            raise Incomplete(getattr(receiver, "__qualname__", "")) from answer
        held |= answer or {}
    return held
