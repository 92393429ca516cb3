"""What Directus' Flow tells about users that changed, and what becomes of it.

A message is a hint. It holds ids and the names of changed fields; Directus is read
before anybody's row changes. Who cannot be read now is asked about at the next request
of their browsers, instead of when the last answer is a minute old.
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
from django.db.models import Q

from ..core import clients
from ..directus import DirectusClient, DirectusError, DirectusUnavailable, DirectusUser
from ..flows import email_change
from ..mirror import policies
from ..mirror.policies import with_policies
from ..mirror.users import clock, mirror
from ..models import Session
from ..operations import revoke_all
from ..sessions import current
from ..sessions.recheck import ask_again
from ..sessions.store import end_sessions
from .bulk import active_users, deactivate

logger = logging.getLogger(__name__)

MOST_SECONDS_APART = 300
EVENTS = ("users.update", "users.delete")
# Directus ends a user's sessions itself when one of these is written.
END_SESSIONS = {"password", "email"}
MOST_KEYS = 1000
READ_AT_ONCE = 100
# For all of a message; and so many messages of a process are read at once, while
# threads are left for people.
READ_SECONDS = 4.0
_readers = threading.BoundedSemaphore(3)


# What is believed


def is_genuine(body: bytes, timestamp: str, signature: str) -> bool:
    """Return whether the Flow signed a message, and not long ago."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        return False
    signed = timestamp.encode() + b"." + body
    expected = hmac.new(clients.webhook_secret().encode(), signed, hashlib.sha256)
    is_ours = hmac.compare_digest(expected.hexdigest().encode(), signature.encode())
    seconds_old = time.time() - int(timestamp)
    if is_ours and abs(seconds_old) > MOST_SECONDS_APART:
        # Not forged: the clocks differ, or somebody sends an old message again.
        logger.warning(
            "A message of Directus is refused: by its timestamp it is %d s %s",
            abs(seconds_old),
            "old" if seconds_old > 0 else "early. The clocks differ",
        )
    return is_ours and abs(seconds_old) <= MOST_SECONDS_APART


@dataclass(frozen=True)
class Message:
    """One event of Directus: who changed, and which of the telling fields."""

    event: str
    directus_ids: tuple[UUID, ...]
    fields: frozenset[str] = frozenset()
    # More users changed than a message can hold.
    more: bool = False

    @classmethod
    def from_body(cls, body: bytes) -> "Message":
        """Return the message of a body. Raises ValueError when it is none."""
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


# What becomes of it


@dataclass(frozen=True)
class Outcome:
    """What was done.

    Attributes:
        mirrored, deactivated: numbers of users.
        left: the keys of users who are asked about at their next request.
        sessions_ended: number of sessions.
    """

    mirrored: int = 0
    deactivated: int = 0
    left: tuple[int, ...] = ()
    sessions_ended: int = 0

    def __add__(self, other: "Outcome") -> "Outcome":
        """Return what was done by both."""
        return Outcome(
            self.mirrored + other.mirrored,
            self.deactivated + other.deactivated,
            self.left + other.left,
            self.sessions_ended + other.sessions_ended,
        )

    def facts(self) -> dict[str, int]:
        """Return the numbers for the audit trail."""
        return asdict(self) | {"left": len(self.left)}


def follow(message: Message, arrived_at: datetime) -> Outcome:
    """Bring the users of a message up to date; ids that are unknown here are left out.

    Args:
        message: from the Flow.
        arrived_at: who signed in before, with the old password, is out.
    """
    pks = _pks_of(message)
    ended = _end_begun_before(message, pks, arrived_at)
    if "password" in message.fields:
        email_change.void_links(pks.values())
    outcome = _read_and_apply(pks, message.event)
    if message.more:
        ask_again(Q(), prove=_must_prove(message))
    else:
        ask_again(Q(user__in=outcome.left))
    return outcome + Outcome(sessions_ended=ended)


def is_own_doing(message: Message) -> bool:
    """Tell whether it is most likely directus_revoke that made Directus say this.

    Then Directus need not be read: the address that was written is the one of before.
    """
    is_address = message.fields == {"email"} and not message.more
    return is_address and revoke_all.is_under_way()


def end_earlier(message: Message, arrived_at: datetime) -> None:
    """End the sessions that a message ends, and read nobody."""
    _end_begun_before(message, _pks_of(message), arrived_at)


def _pks_of(message: Message) -> dict[UUID, int]:
    users = get_user_model().objects.filter(directus_id__in=message.directus_ids)
    pks = users.values_list("directus_id", "pk")
    return {directus_id: pk for directus_id, pk in pks if directus_id}


def _end_begun_before(message: Message, pks: dict[UUID, int], moment: datetime) -> int:
    """End the sessions that a new password or address ends; return how many."""
    if not _must_prove(message):
        return 0
    users = list(pks.values())
    sessions = Session.objects.filter(user__in=users, authenticated_at__lt=moment)
    if "password" in message.fields:
        sessions = current.without_spared(sessions)
    return end_sessions(sessions)


def put_off(message: Message) -> None:
    """Read nobody now, and ask about everybody of a message at their next request."""
    users = Q(user__directus_id__in=message.directus_ids)
    ask_again(Q() if message.more else users, prove=_must_prove(message))


def _must_prove(message: Message) -> bool:
    """Tell whether Directus has ended sessions."""
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
        batch = dict(waiting[:READ_AT_ONCE])
        asked_at = time.monotonic()
        try:
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
                # It is more likely that the service token may not see the user.
                outcome += Outcome(left=(pk,))
        del waiting[:READ_AT_ONCE]
    return outcome


def _read(
    client: DirectusClient, ids: Iterable[UUID], seconds: float
) -> dict[UUID, DirectusUser]:
    """Return all that is read of users, so that no row is locked meanwhile."""
    if seconds <= 0:
        raise DirectusUnavailable("no time is left", timed_out=True)
    profiles = with_policies(client.get_users(list(ids), timeout=seconds))
    return {profile.id: profile for profile in profiles}


def _mirror(pk: int, profile: DirectusUser) -> Outcome:
    """Write a user, unless the row is newer than the profile."""
    if not profile.is_complete:
        return Outcome(left=(pk,))
    user, is_newest = mirror(profile)
    if not is_newest:
        return Outcome(left=(pk,))
    ended = 0
    if not profile.is_active:
        ended = end_sessions(Session.objects.filter(user=user))
    return Outcome(mirrored=1, sessions_ended=ended)


def _leave(pk: int, asked_at: float) -> Outcome:
    """Deactivate a user who is gone, unless the row is newer than the answer."""
    users = active_users().filter(pk=pk)
    deactivated, ended = deactivate(users, clock().at(asked_at))
    left = (pk,) if users.exists() else ()
    return Outcome(deactivated=deactivated, left=left, sessions_ended=ended)
