"""Receive messages about changed users from Directus' Flow.

A message has only ids and the names of changed fields; Directus is read before a row
changes. A user that cannot be read now is read at the next request of each of their
sessions, instead of after a minute.
"""

import hashlib
import hmac
import json
import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q

from ..core import clients
from ..directus import DirectusClient, DirectusError, DirectusUnavailable, DirectusUser
from ..flows import mailed_links
from ..mirror import policies
from ..mirror.policies import with_policies
from ..mirror.users import clock, locked_user, mirror
from ..models import Session
from ..operations import revoke_all
from ..sessions import current
from ..sessions.ending import end_sessions
from ..sessions.recheck import ask_again
from .bulk import active_users, deactivate

logger = logging.getLogger(__name__)

MOST_SECONDS_APART = 300
EVENTS = ("users.update", "users.delete")
# Directus ends a user's sessions itself when one of these is written.
END_SESSIONS = {"password", "email"}
MOST_KEYS = 1000
READ_AT_ONCE = 100
# For one message; and the number of messages that a process reads in parallel, so that
# threads remain for pages.
READ_SECONDS = 4.0
_readers = threading.BoundedSemaphore(3)


# Check a message


def is_genuine(body: bytes, timestamp: str, signature: str) -> bool:
    """Return whether the Flow signed a message within the last minutes."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        return False
    signed = timestamp.encode() + b"." + body
    expected = hmac.new(clients.webhook_secret().encode(), signed, hashlib.sha256)
    is_ours = hmac.compare_digest(expected.hexdigest().encode(), signature.encode())
    seconds_old = time.time() - int(timestamp)
    if is_ours and abs(seconds_old) > MOST_SECONDS_APART:
        # Genuine: the clocks differ, or an old message is sent again.
        logger.warning(
            "A webhook message is refused: its timestamp is %d s %s",
            abs(seconds_old),
            "old" if seconds_old > 0 else "ahead. The clocks differ",
        )
    return is_ours and abs(seconds_old) <= MOST_SECONDS_APART


@dataclass(frozen=True)
class Message:
    """One event of Directus: the users, and the changed fields that matter."""

    event: str
    directus_ids: tuple[UUID, ...]
    fields: frozenset[str] = frozenset()
    # More users have changed than a message can name.
    more: bool = False

    @classmethod
    def from_body(cls, body: bytes) -> "Message":
        """Return the message in a body. Raises ValueError if it is malformed."""
        values = json.loads(body)
        if not isinstance(values, dict) or values.get("event") not in EVENTS:
            raise ValueError("not an event of users")
        keys = values.get("keys")
        if not isinstance(keys, list) or len(keys) > MOST_KEYS:
            raise ValueError("not a list of so many ids")
        fields = values.get("fields", [])
        if not isinstance(fields, list):
            raise ValueError("not a list of fields")
        return cls(
            values["event"],
            tuple({UUID(str(key)): None for key in keys}),
            frozenset(map(str, fields)),
            values.get("more") is True,
        )


# Apply a message


@dataclass(frozen=True)
class Outcome:
    """The result of a message.

    Attributes:
        mirrored, deactivated: numbers of users.
        left: the keys of users that are read at their next request.
        sessions_ended: number of sessions.
    """

    mirrored: int = 0
    deactivated: int = 0
    left: tuple[int, ...] = ()
    sessions_ended: int = 0

    def __add__(self, other: "Outcome") -> "Outcome":
        """Return the sum of both."""
        return Outcome(
            self.mirrored + other.mirrored,
            self.deactivated + other.deactivated,
            self.left + other.left,
            self.sessions_ended + other.sessions_ended,
        )

    def facts(self) -> dict[str, int]:
        """Return the numbers for the audit log."""
        return asdict(self) | {"left": len(self.left)}


def follow(message: Message, arrived_at: datetime) -> Outcome:
    """Update the users of a message, without users that are not in the database.

    Args:
        message: from the Flow.
        arrived_at: after a new password or address, sessions from before end.
    """
    pks = _pks_of(message)
    ended = _end_sessions_and_links(message, pks, arrived_at)
    outcome = _read_and_apply(pks, message.event)
    if message.more:
        ask_again(Q(), prove=_must_prove(message))
    else:
        ask_again(Q(user__in=outcome.left))
    return outcome + Outcome(sessions_ended=ended)


def is_own_doing(message: Message) -> bool:
    """Return whether directus_revoke most likely caused the message.

    Then Directus need not be read: the written address is the old one.
    """
    is_address = message.fields == {"email"} and not message.more
    return is_address and revoke_all.is_under_way()


def end_earlier(message: Message, arrived_at: datetime) -> None:
    """End the sessions and links that a message ends, without reading users."""
    _end_sessions_and_links(message, _pks_of(message), arrived_at)


def _pks_of(message: Message) -> dict[UUID, int]:
    users = get_user_model().objects.filter(directus_id__in=message.directus_ids)
    pks = users.values_list("directus_id", "pk")
    return {directus_id: pk for directus_id, pk in pks if directus_id}


def _end_sessions_and_links(
    message: Message, pks: dict[UUID, int], moment: datetime
) -> int:
    """End sessions and links after a new password or address.

    Returns:
        The number of ended sessions.
    """
    if not _must_prove(message):
        return 0
    users = list(pks.values())
    sessions = Session.objects.filter(user__in=users, authenticated_at__lt=moment)
    if "password" in message.fields:
        mailed_links.void_all(None if message.more else list(message.directus_ids))
        sessions = current.without_spared(sessions)
    # Begun after the message, or before it at a host whose clock is ahead.
    ask_again(Q(user__in=users, authenticated_at__gte=moment), prove=True)
    return end_sessions(sessions)


def put_off(message: Message, arrived_at: datetime) -> None:
    """Read the users of a message at their next request instead of now."""
    end_earlier(message, arrived_at)
    users = Q(user__directus_id__in=message.directus_ids)
    ask_again(Q() if message.more else users, prove=_must_prove(message))


def _must_prove(message: Message) -> bool:
    """Return whether Directus has ended sessions."""
    return bool(message.fields & END_SESSIONS)


def _read_and_apply(pks: dict[UUID, int], event: str) -> Outcome:
    client = clients.service_client()
    if client is None or not _readers.acquire(blocking=False):
        return Outcome(left=tuple(pks.values()))
    try:
        policies.forget()
        return _in_batches(client, pks, event)
    finally:
        _readers.release()


def _in_batches(client: DirectusClient, pks: dict[UUID, int], event: str) -> Outcome:
    deadline = time.monotonic() + READ_SECONDS
    outcome = Outcome()
    waiting = list(pks.items())
    while waiting:
        asked_at = time.monotonic()
        try:
            size = min(READ_AT_ONCE, clients.page_size(client, timeout=READ_SECONDS))
            batch = dict(waiting[:size])
            there = _read(client, batch, deadline - asked_at)
        except DirectusError as error:
            logger.warning("Users of a webhook could not be read: %s", error)
            return outcome + Outcome(left=tuple(pk for _id, pk in waiting))
        for directus_id, pk in batch.items():
            if directus_id in there:
                outcome += _mirror(pk, there[directus_id])
            elif event == "users.delete":
                outcome += _leave(pk, asked_at)
            else:
                # Most likely the service token may not read the user.
                outcome += Outcome(left=(pk,))
        del waiting[:size]
    return outcome


def _read(
    client: DirectusClient, ids: Iterable[UUID], seconds: float
) -> dict[UUID, DirectusUser]:
    """Return the profiles and policies of users, before any row is locked."""
    if seconds <= 0:
        raise DirectusUnavailable("no time is left", timed_out=True)
    profiles = with_policies(client.get_users(list(ids), timeout=seconds))
    return {profile.id: profile for profile in profiles}


def _mirror(pk: int, profile: DirectusUser) -> Outcome:
    """Mirror a user, unless the row is newer than the profile."""
    if not profile.is_complete:
        return Outcome(left=(pk,))
    with transaction.atomic():
        user, is_newest = mirror(profile, locked_user(profile.id))
    if not is_newest:
        return Outcome(left=(pk,))
    ended = 0
    if not profile.is_active:
        ended = end_sessions(Session.objects.filter(user=user))
    return Outcome(mirrored=1, sessions_ended=ended)


def _leave(pk: int, asked_at: float) -> Outcome:
    """Deactivate a deleted user, unless the row is newer than the answer."""
    users = active_users().filter(pk=pk)
    deactivated, ended = deactivate(users, clock().at(asked_at))
    left = (pk,) if users.exists() else ()
    return Outcome(deactivated=deactivated, left=left, sessions_ended=ended)
