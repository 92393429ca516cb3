"""The session engine: Django's database sessions on our own row.

`session_data` is saved as Django does; all other columns are changed one by one, by
conditional updates, so that parallel requests cannot undo each other. With Redis the
row is cached; the database keeps the truth.
"""

import re
import time
from datetime import datetime, timedelta
from functools import cached_property

from django.conf import settings
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.contrib.sessions.backends.db import SessionStore as DBStore
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from . import clients, row_cache
from .directus import SessionExpired
from .token_store import POLL_SECONDS, SessionTokenStore

TOUCH_SECONDS = 60
KEY = re.compile(r"[a-z0-9]{32}")
MOST_AT_ONCE = 1000


class SessionStore(DBStore):
    """One browser's session, with its row in `row` and its tokens in `tokens`.

    `has_ended`: the browser named a session that is no longer there.
    """

    has_ended = False

    @classmethod
    def get_model_class(cls):
        """Return the model of the rows."""
        from .models import Session

        return Session

    @cached_property
    def tokens(self) -> SessionTokenStore:
        """Directus' tokens of this session."""
        return SessionTokenStore(self)

    # Django's session API

    def load(self):
        """Return the session's data, or nothing for an unknown or ended session."""
        self._row = self._read_row()
        if self._row is None:
            self._session_key = None
            self.has_ended = True
            return {}
        return self.decode(self._row.session_data)

    def create(self):
        """Insert a new row under a new key."""
        while True:
            self._session_key = self._get_new_session_key()
            try:
                self.save(must_create=True)
            except CreateError:
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
        data = self.encode(self._get_session(no_load=must_create))
        if must_create:
            self._insert(data)
            return
        changed = self._row_with_key().update(
            session_data=data, expire_date=self._end_of(self.row)
        )
        if not changed:
            raise UpdateError
        row_cache.forget(self.session_key)

    def delete(self, session_key=None):
        """End a session, this one by default."""
        session_key = session_key or self.session_key
        if session_key is None:
            return
        self.model.objects.filter(session_key=session_key).delete()
        row_cache.forget(session_key)

    def cycle_key(self):
        """Give the row a new key; whoever knows only the old one is out."""
        data = self.encode(self._get_session())
        old_key = self.session_key
        if old_key is None:
            self.create()
            return
        new_key = self._get_new_session_key()
        if not self._row_with_key().update(session_key=new_key, session_data=data):
            # Nothing of a session that was ended lives on in the new one.
            self.clear()
            self.create()
            return
        row_cache.forget(old_key)
        self._session_key = self._row.session_key = new_key
        self.modified = True

    def flush(self):
        """End this session and start an empty one."""
        super().flush()
        self._row = None
        self.has_ended = False

    def _validate_session_key(self, key):
        # Nothing else reaches the database, which may fail over odd characters.
        return bool(key) and KEY.fullmatch(key) is not None

    # The row

    @property
    def row(self):
        """The row as this request knows it; None before the first save."""
        self._get_session()
        return getattr(self, "_row", None)

    def reload_row(self) -> None:
        """Read the row from the database."""
        self._row = self._columns_of_row().first()

    def update_row(self, condition: Q | None = None, **columns) -> bool:
        """Change columns of the row; return whether it was there and met the condition.

        The row is found by its id, which stays when the session gets a new key.
        """
        rows = self._columns_of_row().filter(condition or Q())
        if not rows.update(**columns):
            return False
        for name, value in columns.items():
            setattr(self._row, name, value)
        row_cache.forget(self.session_key)
        return True

    def begin(self, user, request) -> None:
        """Bind the row to the user who just signed in in this browser."""
        now = timezone.now()
        columns = {
            "user": user,
            "authenticated_at": now,
            "confirmed_at": now,
            "validated_at": now,
            **_browser(request, now),
        }
        # There may be no row yet, or a parallel request has just ended it.
        if not self.update_row(**columns):
            self.create()
            self.update_row(**columns)

    def touch(self, request) -> None:
        """Note that the browser was here, at most once a minute.

        Raises:
            SessionExpired: the session was ended, which the cached row hid.
        """
        now = timezone.now()
        if (now - self.row.last_seen_at).total_seconds() < TOUCH_SECONDS:
            return
        end = self._end_of(self.row, now)
        if not self.update_row(expire_date=end, **_browser(request, now)):
            raise SessionExpired("the session was ended")

    # Whether the password was given a short while ago

    @property
    def is_confirmed(self) -> bool:
        """Whether sensitive pages need not ask for the password."""
        confirmed_at = self.row.confirmed_at if self.row else None
        if confirmed_at is None:
            return False
        age = (timezone.now() - confirmed_at).total_seconds()
        return age < settings.PASSWORD_CONFIRM_SECONDS

    def confirm_password(self) -> None:
        """Note that the user gave the password just now."""
        self.update_row(confirmed_at=timezone.now())

    # Whether Directus still knows the user: one request asks for all

    @property
    def validation_age(self) -> timedelta:
        """How long ago Directus confirmed the user."""
        return timezone.now() - (self.row.validated_at or self.row.created_at)

    def take_validation(self) -> bool:
        """Return whether this request shall ask Directus about the user."""
        now = timezone.now()
        # Free again by itself: a request that died must not stop the asking.
        free = Q(validation_lease_until=None) | Q(validation_lease_until__lt=now)
        return self.update_row(
            free & Q(validated_at=self.row.validated_at),
            validation_lease_until=now + timedelta(seconds=clients.lease_seconds()),
        )

    def wait_for_validation(self) -> None:
        """Wait until the request that asks has its answer, or has died.

        Raises:
            DirectusUnavailable: it takes too long, or too many wait already.
        """
        self.reload_row()
        with clients.waiting_room().waiting() as check_patience:
            while self.row is not None and self._is_being_validated():
                check_patience()
                time.sleep(POLL_SECONDS)
                self.reload_row()

    def _is_being_validated(self) -> bool:
        until = self.row.validation_lease_until
        return until is not None and until > timezone.now()

    def confirm(self) -> None:
        """Note that Directus confirmed the user just now."""
        self.update_row(validated_at=timezone.now(), validation_lease_until=None)

    def release_validation(self) -> None:
        """Let another request ask: Directus gave no answer."""
        self.update_row(validation_lease_until=None)

    # Helpers

    def _row_with_key(self):
        return self.model.objects.filter(session_key=self.session_key)

    def _columns_of_row(self):
        return self.model.objects.filter(pk=self.row.pk if self.row else None)

    def _read_row(self):
        row = row_cache.get(self.model, self.session_key)
        if row is None:
            began = time.monotonic()
            # The key is unique: first() would have it sorted, on every page.
            row = next(iter(self._row_with_key()), None)
            if row is not None:
                row_cache.remember(row, began)
        if row is None or row.expire_date <= timezone.now():
            return None
        return row

    def _insert(self, data: str) -> None:
        row = self.model(
            session_key=self.session_key,
            session_data=data,
            expire_date=self._end_of(None),
        )
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError as error:
            raise CreateError from error
        self._row = row

    def _end_of(self, row, now: datetime | None = None) -> datetime:
        """Return when a session ends: idle for too long, or too old altogether."""
        now = now or timezone.now()
        begin = (row.authenticated_at or row.created_at) if row else now
        return min(
            now + timedelta(seconds=settings.SESSION_IDLE_SECONDS),
            begin + timedelta(seconds=settings.SESSION_COOKIE_AGE),
        )


def _browser(request, now: datetime) -> dict[str, object]:
    return {
        "last_seen_at": now,
        "client_address": request.client_address,
        "user_agent": request.META.get("HTTP_USER_AGENT", "")[:512],
    }


def end_sessions(sessions) -> int:
    """End the sessions of a queryset in Django; return how many there were."""
    return len(take_out(sessions))


def take_out(sessions) -> list:
    """End the sessions of a queryset in Django; return their rows as they were last.

    Who is renewing tokens of such a row meanwhile finds no row to store them in, and
    revokes them.
    """
    rows = sessions.model.objects
    # Locked, and deleted by id: a parallel sign-in may be giving a row a new key.
    with transaction.atomic():
        locked = sessions.select_for_update(of=("self",))
        ended = list(locked.defer("session_data", "user_agent"))
        for ids in _batches([row.pk for row in ended]):
            rows.filter(pk__in=ids).delete()
    for row in ended:
        row_cache.forget(row.session_key)
    return ended


def _batches(ids: list[int]) -> list[list[int]]:
    return [ids[i : i + MOST_AT_ONCE] for i in range(0, len(ids), MOST_AT_ONCE)]
