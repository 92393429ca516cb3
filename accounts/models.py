"""The mirrored users, the sessions, and the counters of attempts.

Nothing here calls Directus. A *mirrored* user has a directus_id and no password; a
*local* user (the break-glass administrator) has a password and no directus_id.
"""

from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import (
    AbstractBaseUser,
    BaseUserManager,
    Group,
    PermissionsMixin,
)
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .core import row_cache, sign_in_ways
from .directus import PASSWORD_PROVIDER, TokenPair, spellings
from .web import languages
from .web.user_agent import browser_in_words


class UserQuerySet(models.QuerySet["User"]):
    """Users; a change of many is known to the cache of sessions' rows."""

    def update(self, **columns):
        """Write columns; the next requests of these users read them."""
        if not settings.SESSION_ROW_CACHE:
            return super().update(**columns)
        # Read before: the change may take rows out of this queryset.
        keys = list(self.values_list("pk", flat=True))
        try:
            return super().update(**columns)
        finally:
            row_cache.invalidate(self.model, keys)


class UserManager(BaseUserManager["User"]):
    """Creates local users; accounts.mirror.users creates mirrored ones."""

    def get_queryset(self):
        """Return all users."""
        return UserQuerySet(self.model, using=self._db)

    def create_superuser(self, email, password=None, **fields):
        """Create the local administrator, who can sign in during an outage of Directus.

        Raises:
            ValidationError: a local user has this address, ignoring case.
        """
        user = self.model(
            email=self.normalize_email(email),
            is_staff=True,
            is_superuser=True,
            **fields,
        )
        user.set_password(password)
        try:
            with transaction.atomic(using=self._db):
                user.save(using=self._db)
        except IntegrityError:
            text = f"There is a local user {email} already: changepassword."
            raise ValidationError(text) from None
        return user

    def local(self, email):
        """Return the local user with this address, if any, as a queryset.

        Mirrored users may have the same address; they are found by their ids.
        """
        rows = self.annotate(lower_email=Lower("email"))
        return rows.filter(lower_email=Lower(Value(email)), directus_id=None)

    def with_email(self, email):
        """Return the users with this address in any spelling, as a queryset.

        Accounts of providers may have no address; they do not share an empty one.
        """
        if not email:
            return self.none()
        is_theirs = Q()
        for spelling in spellings(email):
            is_theirs |= Q(email__iexact=spelling)
        return self.filter(is_theirs)

    def get_by_natural_key(self, username):
        """Return the local user with this address; mirrored ones have ids."""
        return self.local(username).get()


class User(AbstractBaseUser, PermissionsMixin):
    """A user. Only accounts.mirror writes the values from Directus."""

    directus_id = models.UUIDField(_("Directus ID"), unique=True, null=True, blank=True)
    email = models.EmailField(_("email address"), max_length=254, db_index=True)
    first_name = models.CharField(_("first name"), max_length=255, blank=True)
    last_name = models.CharField(_("last name"), max_length=255, blank=True)
    status = models.CharField(_("status"), max_length=64, blank=True)
    role_id = models.UUIDField(_("role ID"), null=True, blank=True)
    role_name = models.CharField(_("role"), max_length=255, blank=True)
    # Only policies that the settings name; see accounts.mirror.policies.
    policies = models.JSONField(_("policies"), default=list, editable=False)
    language = models.CharField(_("language"), max_length=64, blank=True)
    picture_id = models.UUIDField(_("photo"), null=True, blank=True)
    # Directus' name of the provider that signs the user in; empty if unknown.
    provider = models.CharField(
        _("sign-in provider"), max_length=128, blank=True, default="", db_default=""
    )
    last_access = models.DateTimeField(_("last active"), null=True, blank=True)
    has_two_factor = models.BooleanField(_("two-step verification"), null=True)
    must_use_two_factor = models.BooleanField(
        _("two-step verification required"), default=False
    )
    synced_at = models.DateTimeField(_("last synced"), null=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    # Values without a place in Directus.
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    delete_at = models.DateTimeField(
        _("to be deleted"), null=True, blank=True, db_index=True
    )
    terms_accepted_at = models.DateTimeField(_("terms accepted"), null=True, blank=True)
    # The account was deleted, and only the key for other rows is left; see
    # accounts.flows.deletion. The mirror no longer writes this row.
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)

    objects = UserManager()

    # Those of a sign-in, for the session that it begins.
    directus_tokens: TokenPair
    # The single sign-on provider of the sign-in; empty for a password.
    sso_provider = ""
    # Whether that session outlives the browser: "Keep me signed in".
    keeps_session = True
    # Whether the row has the time of the sign-in already.
    last_login_is_stored = False

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        permissions = [
            ("suspend_user", "Can suspend and re-activate users in Directus"),
            ("send_password_reset", "Can send users a mail to reset the password"),
            ("invite_user", "Can invite customers"),
        ]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=models.Q(directus_id=None),
                name="local_email_unique",
            ),
            # Only Directus has the password of a mirrored user.
            models.CheckConstraint(
                condition=models.Q(directus_id=None)
                | models.Q(password__startswith="!"),
                name="mirrored_user_has_no_password",
            ),
        ]

    def __str__(self):
        return self.account_key

    @property
    def is_mirrored(self) -> bool:
        """Whether the user comes from Directus."""
        return self.directus_id is not None

    @property
    def has_provider(self) -> bool:
        """Whether a single sign-on provider signs the user in, without a password."""
        return self.provider not in {"", PASSWORD_PROVIDER}

    @property
    def provider_label(self) -> str:
        """What pages call the provider of the user."""
        return sign_in_ways.label_of(self.provider)

    @property
    def account_key(self) -> str:
        """The text that limits and digests count an account by.

        The address, as sign-in forms have nothing else; the id without an address, so
        that such users do not share their counts.
        """
        return self.email or str(self.directus_id)

    @property
    def account_name(self) -> str:
        """What pages and mails call the account."""
        return self.email or self.get_full_name() or str(self.directus_id)

    @property
    def page_language(self) -> str:
        """The language of the profile if the site has it, else an empty string."""
        return languages.supported(self.language)

    @property
    def must_set_up_two_factor(self) -> bool:
        """Whether the user has to set up two-step verification before anything else."""
        demanded = self.is_mirrored and self.must_use_two_factor
        return demanded and not self.has_two_factor

    @property
    def mirrored_id(self) -> UUID:
        """The Directus id of a user that comes from Directus.

        Raises:
            ValueError: the user is local.
        """
        if self.directus_id is None:
            raise ValueError(f"user {self.pk} does not come from Directus")
        return self.directus_id

    def get_full_name(self):
        """Return both names, in the order of the active language."""
        names = [self.first_name, self.last_name]
        if languages.family_name_first():
            names.reverse()
        return " ".join(names).strip()

    def get_short_name(self):
        """Return the first name."""
        return self.first_name


class RoleMembership(models.Model):
    """A group that a role gives a user; see accounts.mirror.groups.

    A membership without such a row was given by hand, and stays.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "group"], name="role_membership_unique"
            )
        ]

    def __str__(self):
        return f"{self.user_id} in {self.group_id}"


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
        from .sessions import SessionStore

        return SessionStore

    def __str__(self):
        return _("session of %(user)s") % {"user": self.user or _("a visitor")}


class Attempts(models.Model):
    """A counter of a window: attempts against a limit, or something seen once.

    See accounts.throttling.limits and accounts.throttling.once.
    """

    key = models.CharField(max_length=128, primary_key=True)
    count = models.IntegerField(default=0)
    in_flight = models.IntegerField(default=0)
    strikes = models.IntegerField(default=0)
    window_ends_at = models.DateTimeField(db_index=True)
    # Later than this, no attempt is in flight: its process was killed.
    in_flight_until = models.DateTimeField(null=True)

    def __str__(self):
        return self.key

    @property
    def is_in_flight(self) -> bool:
        """Whether the outcome of an attempt is not known yet."""
        until = self.in_flight_until
        return self.in_flight > 0 and until is not None and until > timezone.now()


class SyncPosition(models.Model):
    """The progress of the latest run of directus_sync; at most one row.

    The numbers are about its first `seen` users; see accounts.sync.checkpoint.
    """

    started_at = models.DateTimeField(unique=True)
    last_id = models.UUIDField()
    fewest = models.PositiveIntegerField()
    active_before = models.PositiveIntegerField()
    seen = models.PositiveIntegerField()
    created = models.PositiveIntegerField()
    updated = models.PositiveIntegerField()
    reactivated = models.PositiveIntegerField()

    def __str__(self):
        return f"{self.seen} users, begun {self.started_at}"


class SyncEnd(models.Model):
    """The end of the last finished run of directus_sync over all users; one row."""

    ended_at = models.DateTimeField()

    def __str__(self):
        return str(self.ended_at)


class Revocation(models.Model):
    """The progress of the latest run of directus_revoke --all; at most one row.

    Only accounts.operations.revoke_all uses it.
    """

    started_at = models.DateTimeField(unique=True)
    noted_at = models.DateTimeField()
    last_id = models.UUIDField(null=True)

    def __str__(self):
        return f"begun {self.started_at}"


class SignUp(models.Model):
    """Sign-ups of an unconfirmed address; see accounts.flows.sign_up."""

    email_digest = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField(default=0)
    # The account that the site created, with the password typed on its page.
    directus_id = models.UUIDField(null=True)
    # No password of a sign-up is accepted: the owner chooses a new one by mail.
    is_void = models.BooleanField(default=False, db_default=False)
    last_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self):
        return self.email_digest


class HealthReport(models.Model):
    """The last report of directus_doctor; one row. See operations.doctor.reports."""

    taken_at = models.DateTimeField(_("checked"), default=timezone.now)
    seconds = models.FloatField(_("duration in seconds"))
    findings = models.JSONField(_("findings"))

    class Meta:
        verbose_name = _("health report")
        verbose_name_plural = _("health reports")
        default_permissions = ("view",)
        permissions = [("run_doctor", "Can run directus_doctor")]

    def __str__(self):
        return str(self.taken_at)


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


class RecoveryCode(models.Model):
    """A recovery code; see accounts.two_factor.recovery_codes."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="recovery_codes",
    )
    digest = models.CharField(max_length=64)
    # The secret of the authenticator app, sealed with the code itself.
    sealed_secret = models.TextField(editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "digest"], name="recovery_code_unique"
            )
        ]

    def __str__(self):
        return f"recovery code of {self.user_id}"


class MailedLink(models.Model):
    """A link in a mail of the site; see accounts.flows.mailed_links.

    An account has one link for each purpose: a newer one replaces it.
    """

    class Purpose(models.TextChoices):
        """The flow that a link belongs to."""

        SIGN_UP = "sign_up"
        PASSWORD_RESET = "password_reset"
        EMAIL_CHANGE = "email_change"
        INVITATION = "invitation"

    purpose = models.CharField(max_length=32, choices=Purpose.choices)
    # The digest of an address, or the key of a user whose address changes.
    subject = models.CharField(max_length=64)
    token_digest = models.CharField(max_length=64, unique=True)
    # None: the address has no account that the link could be for. No mail has such a
    # link; the row is there so that writing it costs the same.
    directus_id = models.UUIDField(null=True)
    # The address that got the mail.
    email = models.EmailField(max_length=254)
    # Of a change of the address: the present one.
    old_email = models.EmailField(max_length=254, blank=True, default="")
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["purpose", "subject"], name="mailed_link_unique"
            )
        ]
        indexes = [models.Index(fields=["directus_id"], name="mailed_link_directus_id")]

    def __str__(self):
        return f"{self.purpose} until {self.expires_at}"


class OutgoingMail(models.Model):
    """A mail that waits for the mail server; see accounts.core.outbox.

    Deleted once it is sent.
    """

    # Of the template.
    name = models.CharField(_("email"), max_length=64)
    # The digest of the address.
    recipient = models.CharField(max_length=64, editable=False)
    # A newer mail with the same key replaces this one.
    key = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    # Address, subject and texts. Emptied after the last attempt.
    sealed_message = models.TextField(editable=False)
    message_id = models.CharField(max_length=255, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    expires_at = models.DateTimeField(editable=False)
    tries = models.PositiveIntegerField(_("attempts"), default=0)
    next_try_at = models.DateTimeField(_("next attempt"), null=True, db_index=True)
    # The kind of the last error, without the text of the mail server.
    error = models.CharField(_("error"), max_length=64, blank=True)
    given_up_at = models.DateTimeField(_("given up"), null=True, db_index=True)

    class Meta:
        verbose_name = _("outgoing email")
        verbose_name_plural = _("outgoing emails")
        default_permissions = ("view",)

    def __str__(self):
        return f"{self.name} of {self.created_at}"


class AccountEvent(models.Model):
    """An event of the audit trail; see accounts.core.audit.

    No constraint on users: an event outlives the row of its user, and a flood of events
    need not look users up.
    """

    # As in the log, such as `password.changed`.
    event = models.CharField(_("event"), max_length=64)
    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="events",
    )
    # The member of staff that did it in the admin.
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("staff member"),
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
    )
    client_address = models.GenericIPAddressField(_("IP address"), null=True)
    # For networks: see accounts.web.client_address.sort_key.
    address_key = models.CharField(
        max_length=32, blank=True, default="", db_default="", editable=False
    )
    user_agent = models.CharField(_("browser"), max_length=512, blank=True)
    # Of the typed address, where the user is not known.
    email_digest = models.CharField(
        max_length=64, blank=True, default="", db_default="", editable=False
    )
    # Short values without secrets, such as `reason`.
    facts = models.JSONField(_("facts"), default=dict, db_default={})

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["user", "-at"], name="account_event_of_user"),
            models.Index(fields=["event", "-at"], name="account_event_of_kind"),
            models.Index(
                fields=["address_key", "-at"], name="account_event_of_address"
            ),
            models.Index(fields=["email_digest", "-at"], name="account_event_of_email"),
            models.Index(
                fields=["staff", "-at"],
                condition=models.Q(staff__isnull=False),
                name="account_event_of_staff",
            ),
        ]

    def __str__(self):
        return self.event

    @property
    def browser(self) -> str:
        """The browser and its system, in words."""
        return browser_in_words(self.user_agent)


class TermsAcceptance(models.Model):
    """The acceptance of the terms by an address without a mirrored user yet.

    The first sign-in moves it to the user; see accounts.flows.terms.
    """

    email_digest = models.CharField(max_length=64, primary_key=True)
    accepted_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self):
        return self.email_digest
