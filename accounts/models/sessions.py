"""The sessions, and single sign-ons that wait for the provider."""

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..core import sign_in_ways
from ..web.user_agent import browser_in_words


class Session(AbstractBaseSession):
    """A session, read by the engine in `accounts.sessions`.

    The tokens are columns, not keys of session_data: Django writes session_data as a
    whole and the last writer wins, so that a slow request would restore spent tokens.
    Only accounts.sessions.tokens reads and writes them.
    """

    # Not the session key: the admin shows the primary key in addresses, and it stays
    # the same when the key is cycled.
    id = models.BigAutoField(primary_key=True)
    session_key = models.CharField(_("session key"), max_length=40, unique=True)
    # Django's own label, repeated: its app, and so its translation, is not installed.
    expire_date = models.DateTimeField(_("expires"), db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        null=True,
        related_name="sessions",
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    authenticated_at = models.DateTimeField(_("signed in"), null=True)
    confirmed_at = models.DateTimeField(_("password last entered"), null=True)
    last_seen_at = models.DateTimeField(_("last active"), default=timezone.now)
    client_address = models.GenericIPAddressField(_("IP address"), null=True)
    user_agent = models.CharField(_("browser"), max_length=512, blank=True)
    # The single sign-on provider that began the session; empty for a password.
    provider = models.CharField(
        _("sign-in provider"), max_length=128, blank=True, default="", db_default=""
    )
    # "Keep me signed in": otherwise the session ends with the browser.
    is_kept = models.BooleanField(
        _("kept signed in"), default=True, db_default=True, editable=False
    )
    # Until then ignore one password webhook: this session caused it.
    spared_until = models.DateTimeField(null=True, editable=False)
    validated_at = models.DateTimeField(_("last checked with Directus"), null=True)
    # The time of a change that Directus reported and no request has asked about yet.
    change_reported_at = models.DateTimeField(null=True, editable=False)
    validation_lease_until = models.DateTimeField(null=True)
    sealed_tokens = models.TextField(blank=True, default="", editable=False)
    access_expires_at = models.DateTimeField(null=True)
    # Directus may have ended the session: an access token would outlive that, so the
    # tokens are renewed before they are used.
    must_renew = models.BooleanField(default=False, db_default=False, editable=False)
    refresh_lease_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")

    # Set by the page that lists sessions.
    is_this_one = False

    @property
    def provider_label(self) -> str:
        """What pages call the provider that began the session; empty for a password."""
        return sign_in_ways.label_of(self.provider)

    @property
    def browser(self) -> str:
        """The browser and its system, in words."""
        return browser_in_words(self.user_agent)

    @classmethod
    def get_session_store_class(cls):
        """Return the engine of these rows."""
        from ..sessions import SessionStore

        return SessionStore

    def __str__(self):
        return _("session of %(user)s") % {"user": self.user or _("a visitor")}


class SsoAttempt(models.Model):
    """A single sign-on that waits for the provider; see accounts.flows.sso_attempts.

    Deleted when it is taken, so that it serves once.
    """

    state_digest = models.CharField(max_length=64, primary_key=True)
    # No constraint: the end of a session need not look for such rows. Without the
    # session no request can take them, and they expire.
    session = models.ForeignKey(
        Session, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    # Provider, Directus' cookie, the next page.
    sealed_record = models.TextField(editable=False)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self):
        return self.state_digest
