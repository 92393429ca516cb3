"""The session engine: Django's database sessions with a model of its own.

`session_data` is saved as in Django; all other columns are changed one by one with
conditional updates, so that parallel requests cannot undo each other. With Redis the
row is cached; the database decides.
"""

import logging
import re
import secrets
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.backends.base import (
    VALID_KEY_CHARS,
    CreateError,
    UpdateError,
)
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import get_random_string

from ..core import row_cache
from ..core.batches import delete_in_batches
from ..core.memory import Memory
from ..directus import SessionExpired, TokenPair
from . import rows
from .keys import digest, stored_forms
from .lifetime import LimitedSession
from .tokens import SessionTokenStore, sealed_columns
from .validation import Validation

if TYPE_CHECKING:
    from config.request import Request

    from ..models import Session, User

logger = logging.getLogger(__name__)

TOUCH_SECONDS = 60
KEY = re.compile(r"[a-z0-9]{32}")
NEW_KEYS = 5
YEAR_2025 = 1_735_689_600
# After a failed write a process does not note visits for a minute.
_touch_failed = Memory(TOUCH_SECONDS)


class SessionStore(Validation, LimitedSession):
    """A session, with its row in `row` and its tokens in `tokens`.

    Django's asynchronous methods call these in a thread. `has_ended`: the browser named
    a session that no longer exists.
    """

    has_ended = False
    # Of a sign-in: written by the next save, and what that has written.
    _columns: "Callable[[Session], dict[str, Any]] | None" = None
    _begun_with: bytes | None = None

    @classmethod
    def get_model_class(cls):
        """Return the model of the rows."""
        from ..models import Session

        return Session

    @cached_property
    def model(self):
        """The model of the rows."""
        return self.get_model_class()

    @cached_property
    def tokens(self) -> SessionTokenStore:
        """Directus' tokens of this session."""
        return SessionTokenStore(self)

    # Django's session API

    def load(self):
        """Return the session's data; empty for an unknown or ended session."""
        self._row = self._read_row()
        if self._row is None:
            self._session_key = None
            self.has_ended = True
            return {}
        return self.decode(self._row.session_data)

    def exists(self, session_key):
        """Return whether there is a row with this key."""
        rows = self.model.objects.filter(session_key__in=stored_forms(session_key))
        return rows.exists()

    def create(self):
        """Insert a new row under a new key.

        Raises:
            CreateError: the database accepts no row with any key.
        """
        for tries_left in reversed(range(NEW_KEYS)):
            self._session_key = self._get_new_session_key()
            try:
                self.save(must_create=True)
            except CreateError:
                if not tries_left:
                    raise
                continue
            self.modified = True
            return

    def save(self, must_create=False):
        """Write the session's data and its end; the other columns stay.

        Raises:
            CreateError: the new key is taken.
            UpdateError: the session was ended by another request.
        """
        if self.session_key is None:
            self.create()
            return
        content = self._get_session(no_load=must_create)
        if not must_create and self._begun_with == self.serializer().dumps(content):
            # The sign-in of this request has stored it.
            return
        data = self.encode(content)
        if must_create:
            self._insert(self.session_key, data)
            return
        columns = self._set_columns(self._row)
        changed = self._row_with_key().update(
            session_data=data, expire_date=self._end(timezone.now()), **columns
        )
        if not changed:
            raise UpdateError
        self._forget(digest(self.session_key))

    def delete(self, session_key=None):
        """End a session, this one by default."""
        session_key = session_key or self.session_key
        if session_key is None:
            return
        rows = self.model.objects.filter(session_key__in=stored_forms(session_key))
        rows.delete()
        self._forget(digest(session_key))

    def cycle_key(self):
        """Give the row a new key; the old one no longer works.

        A session without a row gets both with its next save.
        """
        data = self.encode(self._get_session())
        old_key = self.session_key
        if old_key is None:
            self.modified = True
            return
        new_key = self._get_new_session_key()
        columns = {"session_key": digest(new_key), "session_data": data}
        if not self._row_with_key().update(**columns):
            # The data of an ended session must not pass into the new one.
            self.clear()
            self.create()
            return
        self._forget(digest(old_key))
        self._row.session_key = digest(new_key)
        self._session_key = new_key
        self.modified = True

    async def acycle_key(self):
        """As `cycle_key`."""
        await sync_to_async(self.cycle_key)()

    def flush(self):
        """End this session and start an empty one."""
        super().flush()
        self._row = None
        self.has_ended = False

    async def aflush(self):
        """As `flush`."""
        await sync_to_async(self.flush)()

    @classmethod
    def clear_expired(cls):
        """Delete the rows of sessions that have ended."""
        ended = cls.get_model_class().objects.filter(expire_date__lt=timezone.now())
        delete_in_batches(ended)

    def _get_new_session_key(self):
        # Without a look-up: the column is unique.
        return get_random_string(32, VALID_KEY_CHARS)

    def _validate_session_key(self, key):
        # Only valid keys reach the database, which may reject other characters.
        return bool(key) and KEY.fullmatch(key) is not None

    # The row

    @property
    def row(self) -> "Session | None":
        """The row as this request knows it; None before the first save."""
        self._get_session()
        return getattr(self, "_row", None)

    @property
    def row_id(self) -> int:
        """The row's id, which stays when the key is cycled; 0 without a row."""
        return self.row.pk if self.row else 0

    def reload_row(self) -> None:
        """Read the row from the database."""
        self._row = self._columns_of_row().first()

    def update_row(self, condition: Q | None = None, **columns: Any) -> bool:
        """Change columns of the row; return whether it was there and met the condition.

        The row is found by its id, which stays when the session gets a new key.
        """
        rows = self._columns_of_row().filter(condition or Q())
        if not rows.update(**columns):
            return False
        for name, value in columns.items():
            setattr(self._row, name, value)
        self._forget(self._row.session_key)
        return True

    def begin(
        self,
        user: "User",
        request: "Request",
        provider: str = "",
        *,
        is_kept: bool = True,
        tokens: TokenPair | None = None,
    ) -> None:
        """Bind the row to the user that has just signed in, and save the session.

        One statement does it. A session without a row gets one.

        Args:
            provider: the single sign-on provider; empty for a password.
            is_kept: whether the session outlives the browser.
            tokens: the tokens of the sign-in; without any the row's own stay.
        """

        def columns(row: "Session") -> dict[str, Any]:
            now = timezone.now()
            return {
                "user": user,
                "authenticated_at": now,
                # A provider may sign in without a question, and is asked again.
                "confirmed_at": None if provider else now,
                "validated_at": now,
                "change_reported_at": None,
                "provider": provider,
                "is_kept": is_kept,
                **_browser(request, now),
                **(sealed_columns(row, tokens) if tokens else {}),
            }

        self._columns = columns
        try:
            self._save_begun()
        finally:
            self._columns = None
        self._begun_with = self.serializer().dumps(self._get_session())

    def _save_begun(self) -> None:
        if self.row is not None:
            with suppress(UpdateError):
                self.save()
                return
        # There is no row yet, or a parallel request has ended it.
        self.create()

    def touch(self, request: "Request") -> bool:
        """Note the visit, at most once a minute; more often in a short session.

        Returns:
            Whether the database accepts writes, as far as known.

        Raises:
            SessionExpired: the session was ended, which the cached row hid.
        """
        now = timezone.now()
        row = self.row
        if row is None:
            raise SessionExpired("the session was ended")
        pause = (row.expire_date - row.last_seen_at) / 4
        if now - row.last_seen_at < min(pause, timedelta(seconds=TOUCH_SECONDS)):
            return True
        if _touch_failed.get("touch"):
            return True
        # After `set_expiry`, seconds count from the last change, as in Django.
        is_own = bool(self.get("_session_expiry"))
        end = row.expire_date if is_own else self._end(now)
        try:
            is_there = self.update_row(expire_date=end, **_browser(request, now))
        except DatabaseError as error:
            # The database is locked or read-only; the page is shown all the same.
            logger.warning("A visit was not noted: %s", type(error).__name__)
            _touch_failed.set("touch", True)
            return False
        if not is_there:
            raise SessionExpired("the session was ended")
        return True

    # Re-authentication

    @property
    def is_confirmed(self) -> bool:
        """Whether sensitive pages need not ask for the password."""
        confirmed_at = self.row.confirmed_at if self.row else None
        if confirmed_at is None:
            return False
        age = (timezone.now() - confirmed_at).total_seconds()
        return age < settings.PASSWORD_CONFIRM_SECONDS

    def confirm_password(self) -> None:
        """Note a re-authentication; the session gets a new key."""
        self.update_row(confirmed_at=timezone.now())
        self.cycle_key()

    # Helpers

    def _row_with_key(self):
        keys = stored_forms(self.session_key)
        return self.model.objects.filter(session_key__in=keys)

    def _columns_of_row(self):
        return self.model.objects.filter(pk=self.row.pk if self.row else None)

    def _read_row(self):
        if self.session_key is None:
            return None
        row = rows.read(self.model, self.session_key)
        if row is None or row.expire_date <= timezone.now():
            return None
        return row

    def _forget(self, stored_key):
        row_cache.invalidate(self.model, [stored_key])

    def _insert(self, key: str, data: str) -> None:
        self._row = row = self.model(
            pk=_new_id(), session_key=digest(key), session_data=data
        )
        is_begun = bool(self._set_columns(row))
        row.expire_date = self._end(timezone.now())
        try:
            # Of a sign-in, an error ends the whole transaction.
            with transaction.atomic() if not is_begun else nullcontext():
                row.save(force_insert=True)
        except BaseException as error:
            self._row = None
            if isinstance(error, IntegrityError):
                raise CreateError from error
            raise

    def _set_columns(self, row: "Session | None") -> dict[str, Any]:
        """Set the columns of a sign-in that begins; return them."""
        if row is None or self._columns is None:
            return {}
        columns = self._columns(row)
        for name, value in columns.items():
            setattr(row, name, value)
        return columns


def _new_id() -> int:
    """Return an id for a row, later ones higher.

    The tokens of a sign-in are sealed for the id of their row, which has to be known
    before the row is inserted.
    """
    return (int(time.time()) - YEAR_2025) << 32 | secrets.randbits(32)


def _browser(request: "Request", now: datetime) -> dict[str, Any]:
    return {
        "last_seen_at": now,
        "client_address": getattr(request, "client_address", None),
        "user_agent": request.META.get("HTTP_USER_AGENT", "")[:512],
    }
