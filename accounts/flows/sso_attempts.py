"""Sign-ins that wait for a provider: one row for each value of `state`.

A row belongs to the session of the browser that began, and serves once. What it holds
is sealed with a key that only the browser and the provider can name: the state itself,
of which the row has a digest. A copy of the database opens nothing.
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.views.decorators.debug import sensitive_variables

from config.request import Request

from ..core.batches import delete_in_batches
from ..models import SsoAttempt

SECONDS = 300
MOST = 5


@dataclass(frozen=True)
class Waiting:
    """A sign-in, or a re-authentication, that waits for the provider.

    Attributes:
        provider: Directus' name of the provider.
        cookie: Directus' cookie for this sign-in.
        next: the page to show afterwards.
        user: the key of the user who re-authenticates; 0 for a sign-in.
        otp: the one-time code that Directus was given.
        code_id: the question for the code, which counts its answers.
        is_kept: whether the session is to outlive the browser.
    """

    provider: str
    cookie: str = field(repr=False)
    next: str = ""
    user: int = 0
    otp: str = field(default="", repr=False)
    code_id: str = ""
    is_kept: bool = False


@sensitive_variables("state", "waiting")
def keep(
    request: Request, state: str, waiting: Waiting, until: datetime | None = None
) -> None:
    """Store a sign-in for this browser, which may have five of them.

    Args:
        until: when it ends, for one that was taken and not used.
    """
    row = SsoAttempt(
        state_digest=_digest(state),
        session_id=request.session.row_id,
        sealed_record=_keys(state)[0]
        .encrypt(json.dumps(asdict(waiting)).encode())
        .decode(),
        expires_at=until or timezone.now() + timedelta(seconds=SECONDS),
    )
    # Directus never gives a state twice.
    with suppress(IntegrityError), transaction.atomic():
        row.save(force_insert=True)
    mine = SsoAttempt.objects.filter(session_id=request.session.row_id)
    newest = mine.order_by("-expires_at").values_list("pk", flat=True)
    if too_many := list(newest[MOST : 2 * MOST]):
        mine.filter(pk__in=too_many).delete()


@sensitive_variables("state")
def take(request: Request, state: str) -> tuple[Waiting, datetime] | None:
    """Return the sign-in with this state, and when it ends; delete it.

    Returns:
        None if it is unknown, used, expired or of another browser. Of two parallel
        requests, one gets it.
    """
    row = SsoAttempt.objects.filter(
        pk=_digest(state), session_id=request.session.row_id
    ).first()
    if row is None or not SsoAttempt.objects.filter(pk=row.pk).delete()[0]:
        return None
    waiting = _opened(row, state)
    if waiting is None or row.expires_at <= timezone.now():
        return None
    return waiting, row.expires_at


def clear_ended() -> int:
    """Delete expired rows; return their number."""
    return delete_in_batches(SsoAttempt.objects.filter(expires_at__lt=timezone.now()))


@sensitive_variables("state", "text")
def _opened(row: SsoAttempt, state: str) -> Waiting | None:
    for key in _keys(state):
        with suppress(InvalidToken):
            text = key.decrypt(row.sealed_record.encode())
            return Waiting(**json.loads(text))
    return None


def _digest(state: str) -> str:
    # Without a secret, as for session keys: a state has 256 random bits.
    return hashlib.sha256(state.encode(errors="replace")).hexdigest()


def _keys(state: str) -> list[Fernet]:
    keys = [
        salted_hmac("accounts.sso", state, secret=one, algorithm="sha256")
        for one in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]
    return [Fernet(urlsafe_b64encode(key.digest())) for key in keys]
