"""The mirrored users, their groups of a role and their recovery codes.

A *mirrored* user has a directus_id and no password; a *local* user (the break-glass
administrator) has a password and no directus_id.
"""

from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import (
    AbstractBaseUser,
    BaseUserManager,
    Group,
    PermissionsMixin,
)
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..core import row_cache, sign_in_ways
from ..directus import PASSWORD_PROVIDER, TokenPair, spellings
from ..web import languages


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
        """Create the local administrator, whose password works without Directus, too.

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
