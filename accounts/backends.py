"""The ways to sign in. No view and no session in here.

*profile* is the record in Directus, *user* the local row. A backend answers None to
let the next one try; the reason stays in `request.sign_in_refusal`.
"""

from dataclasses import replace

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.db import DatabaseError
from django.views.decorators.debug import sensitive_variables

from . import addresses, audit, break_glass, clients, logins, second_factor, sign_up
from .directus import (
    DirectusError,
    InvalidCredentials,
    InvalidOTP,
    UserSuspended,
)
from .mirror import as_known, mirror_user
from .people import users_with_email
from .revalidation import read_profile
from .throttling import (
    ACCOUNT_FAILURES,
    ADDRESS_FAILURES,
    Attempt,
    Throttled,
    take_all,
)


class _SyncBackend(ModelBackend):
    """Does asynchronously the same: Django's own looks at local passwords."""

    @sensitive_variables("password")
    async def aauthenticate(self, request, username=None, password=None, **kwargs):
        """As `authenticate`, in a thread."""
        authenticate = sync_to_async(self.authenticate)
        return await authenticate(request, username, password, **kwargs)


class DirectusBackend(_SyncBackend):
    """Sign people in with the password that Directus holds."""

    @sensitive_variables("password", "otp", "tokens")
    def authenticate(self, request, username=None, password=None, otp="", **kwargs):
        """Return the user, with `directus_tokens`, or None.

        Args:
            own_code: as `logins.login`.
        """
        email = username or kwargs.get("email")
        if not email or not password:
            return None
        try:
            own_code = kwargs.get("own_code", False)
            tokens = logins.login(request, email, password, otp, own_code=own_code)
            user, tokens = self._user(request, tokens, email, otp)
        except (DirectusError, Throttled) as error:
            return _refuse(request, email, error, otp)
        if not self.user_can_authenticate(user):
            # An attempt too many is answered with tokens of a suspended account.
            logins.revoke(request, tokens)
            return _refuse(request, email, UserSuspended(401, "USER_SUSPENDED"))
        # Stored by accounts.receivers once the session belongs to this user.
        user.directus_tokens = tokens
        return user

    @sensitive_variables("tokens", "otp", "renewed")
    def _user(self, request, tokens, email, otp):
        """Mirror the owner of the tokens; revoke the tokens if that fails.

        The tokens that are returned are new ones if the old ones had to be spent.
        """
        renewed = tokens

        def prove():
            nonlocal renewed
            renewed = clients.anonymous_client(request).refresh(renewed.refresh_token)

        try:
            client = clients.client_for_tokens(tokens, request)
            profile = read_profile(client, prove)
            if not profile.is_complete:
                # Directus has just accepted this address; nobody may read more.
                profile = replace(as_known(profile), email=email, status="active")
            self._check_password_is_safe(profile, email)
            user = mirror_user(profile)
            is_told = profile.has_two_factor is not None
            second_factor.note_sign_in(user, tokens, client, otp, is_told=is_told)
        except (DirectusError, DatabaseError):
            logins.revoke(request, renewed)
            raise
        return user, renewed

    def _check_password_is_safe(self, profile, email) -> None:
        """Refuse a first sign-in with a password that a stranger may have typed."""
        seen = get_user_model().objects.filter(directus_id=profile.id)
        is_first = not seen.exclude(last_login=None).exists()
        if is_first and sign_up.password_is_unsafe(email):
            raise InvalidCredentials(401, "PASSWORD_UNSAFE")


class BreakGlassBackend(_SyncBackend):
    """Sign the local administrator in when Directus cannot help.

    Only switched on by BREAK_GLASS_ADDRESSES, and only from these addresses; the
    session is good only there, too: accounts.revalidation looks at each request.
    """

    @sensitive_variables("password")
    def authenticate(self, request, username=None, password=None, **kwargs):
        """Return the local superuser, or None."""
        email = username or kwargs.get("email")
        if request is None or not email or not password:
            return None
        if not break_glass.is_allowed(request):
            return None
        user = users_with_email(email).filter(
            directus_id=None, is_superuser=True, is_active=True
        )
        return self._checked(request, user.first(), password)

    @sensitive_variables("password")
    def _checked(self, request, user, password):
        if user is None:
            return None
        account = Attempt(ACCOUNT_FAILURES, f"break-glass:{user.pk}")
        address = Attempt(ADDRESS_FAILURES, addresses.bucket(request.client_address))
        try:
            take_all([account, address])
        except Throttled:
            return self._refused(request, user, "Throttled")
        if not user.check_password(password):
            account.failed()
            address.failed()
            return self._refused(request, user, "INVALID_CREDENTIALS")
        account.succeeded()
        address.undo()
        audit.record("break_glass.used", request, user=user)
        return user

    def _refused(self, request, user, reason):
        audit.record("break_glass.refused", request, user=user, reason=reason)


def _refuse(request, email, error, otp=""):
    wants_code = isinstance(error, InvalidOTP) and not otp
    event = "sign_in.code_asked" if wants_code else "sign_in.refused"
    reason = getattr(error, "code", type(error).__name__)
    audit.record(event, request, email=email, reason=reason)
    if request is not None:
        request.sign_in_refusal = error
