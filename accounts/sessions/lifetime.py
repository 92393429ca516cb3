"""The lifetime of a session: `set_expiry` decides, up to the absolute limit."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone

# Of a session without a user: visitors can create any number of them.
VISITOR_SECONDS = 3600


class LimitedSession(SessionBase):
    """A session with an absolute limit, counted from its beginning."""

    if TYPE_CHECKING:
        # Django's own, which its stubs leave out.
        def _get_session(self, no_load: bool = False) -> dict[str, Any]: ...
        def _get_new_session_key(self) -> str: ...

    def get_expiry_age(self, **kwargs):
        """Return the number of seconds until the session ends."""
        now = kwargs.setdefault("modification", timezone.now())
        left = (self._latest_end(now) - now).total_seconds()
        return min(super().get_expiry_age(**kwargs), int(left))

    async def aget_expiry_age(self, **kwargs):
        """As `get_expiry_age`."""
        return await sync_to_async(self.get_expiry_age)(**kwargs)

    def get_expiry_date(self, **kwargs):
        """Return the time at which the session ends."""
        now = kwargs.setdefault("modification", timezone.now())
        return min(super().get_expiry_date(**kwargs), self._latest_end(now))

    async def aget_expiry_date(self, **kwargs):
        """As `get_expiry_date`."""
        return await sync_to_async(self.get_expiry_date)(**kwargs)

    def get_expire_at_browser_close(self):
        """Return whether the cookie ends with the browser, as its user wants it."""
        if self.get("_session_expiry") is None and not self.is_kept:
            return True
        return super().get_expire_at_browser_close()

    async def aget_expire_at_browser_close(self):
        """As `get_expire_at_browser_close`."""
        return await sync_to_async(self.get_expire_at_browser_close)()

    @property
    def is_kept(self) -> bool:
        """Whether the session outlives the browser: "Keep me signed in"."""
        row = getattr(self, "_row", None)
        return row is None or row.user_id is None or row.is_kept

    def _latest_end(self, now: datetime) -> datetime:
        row = getattr(self, "_row", None)
        begin = (row.authenticated_at or row.created_at) if row else now
        return begin + timedelta(seconds=settings.SESSION_COOKIE_AGE)

    def _end(self, now: datetime) -> datetime:
        """Return the time at which a session in use now ends."""
        own = self.get("_session_expiry")
        if own:
            return self.get_expiry_date(modification=now, expiry=own)
        row = getattr(self, "_row", None)
        idle = settings.SESSION_IDLE_SECONDS
        if row is None or row.user_id is None:
            idle = min(idle, VISITOR_SECONDS)
        elif not row.is_kept:
            idle = min(idle, settings.SESSION_SHORT_SECONDS)
        return min(now + timedelta(seconds=idle), self._latest_end(now))
