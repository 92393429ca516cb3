"""The ways to sign in, for Django's `authenticate`. No view and no session in here."""

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.views.decorators.debug import sensitive_variables

from .core import audit
from .directus import DirectusError, TryLater
from .flows import sign_in
from .passwords import local
from .throttling.limits import (
    ACCOUNT_FAILURES,
    ADDRESS_FAILURES,
    Attempt,
    Throttled,
    take_all,
)
from .web import client_address


class _SyncBackend(ModelBackend):
    """Does asynchronously the same: Django's own looks at local passwords."""

    @sensitive_variables("password")
    async def aauthenticate(self, request, username=None, password=None, **kwargs):
        """As `authenticate`, in a thread."""
        authenticate = sync_to_async(self.authenticate)
        return await authenticate(request, username, password, **kwargs)


class DirectusBackend(_SyncBackend):
    """Sign users in with the password that Directus holds."""

    @sensitive_variables("password", "otp")
    def authenticate(self, request, username=None, password=None, otp="", **kwargs):
        """Return the user, with `directus_tokens`, or None.

        Django takes no reason from a backend: the sign-in page reads it from
        `request.sign_in_refusal`.

        Args:
            own_code: as in `flows.sign_in.login`.
        """
        email = username or kwargs.get("email")
        if not email or not password:
            return None
        try:
            own_code = kwargs.get("own_code", False)
            return sign_in.sign_in(request, email, password, otp, own_code=own_code)
        except (DirectusError, TryLater) as error:
            if request is not None:
                request.sign_in_refusal = error
            return None


class BreakGlassBackend(_SyncBackend):
    """Sign the local administrator in when Directus cannot help.

    Only switched on by BREAK_GLASS_ADDRESSES, and only from these addresses; the
    session is good only there, too: accounts.mirror.revalidation looks at each request.
    """

    @sensitive_variables("password")
    def authenticate(self, request, username=None, password=None, **kwargs):
        """Return the local superuser, or None."""
        email = username or kwargs.get("email")
        if request is None or not email or not password:
            return None
        if not local.is_allowed(request):
            return None
        user = (
            get_user_model()
            .objects.with_email(email)
            .filter(directus_id=None, is_superuser=True, is_active=True)
        )
        return self._checked(request, user.first(), password)

    @sensitive_variables("password")
    def _checked(self, request, user, password):
        if user is None:
            return None
        account = Attempt(ACCOUNT_FAILURES, f"break-glass:{user.pk}")
        address = Attempt(
            ADDRESS_FAILURES, client_address.bucket(request.client_address)
        )
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
