"""Django's authentication backends, without views and sessions."""

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.views.decorators.debug import sensitive_variables

from .core import audit, figures
from .directus import DirectusError, TryLater
from .flows import sign_in, sso
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
    """Authenticates asynchronously, too; Django's own method checks local passwords."""

    @sensitive_variables("password", "kwargs")
    async def aauthenticate(self, request, username=None, password=None, **kwargs):
        """Call `authenticate` in a thread."""
        authenticate = sync_to_async(self.authenticate)
        return await authenticate(request, username, password, **kwargs)


class DirectusBackend(_SyncBackend):
    """Authenticates users with their password in Directus."""

    @sensitive_variables("password", "otp")
    def authenticate(self, request, username=None, password=None, otp="", **kwargs):
        """Return the user with `directus_tokens`, or None.

        The reason for None is in `request.sign_in_refusal`, because Django has no other
        way to pass it to the sign-in page.

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


class DirectusSsoBackend(_SyncBackend):
    """Authenticates users with a provider that Directus is set up for."""

    @sensitive_variables("password", "sso_secret")
    def authenticate(
        self, request, username=None, password=None, sso_secret=None, **kwargs
    ):
        """Return the user with `directus_tokens` and `sso_provider`, or None.

        The reason for None is in `request.sign_in_refusal`.

        Args:
            sso_secret: the provider's answer, and the sign-in that waited for it
                (`flows.sso.Answered`). Django hides an argument of this name.
        """
        if sso_secret is None:
            return None
        try:
            return sso.sign_in(request, sso_secret)
        except (DirectusError, TryLater, sso.NotSetUp) as error:
            request.sign_in_refusal = error
            return None


class BreakGlassBackend(_SyncBackend):
    """Authenticates the local administrator while Directus is unavailable.

    Enabled by BREAK_GLASS_ADDRESSES, and only for these addresses. The session is
    limited to them, too: accounts.mirror.revalidation checks each request.
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
            return self._refused(request, user, "Throttled", "throttled")
        if not user.check_password(password):
            account.failed()
            address.failed()
            return self._refused(request, user, "INVALID_CREDENTIALS")
        account.succeeded()
        address.undo()
        audit.record("break_glass.used", request, user=user)
        figures.sign_in("break_glass", "done")
        return user

    def _refused(self, request, user, reason, outcome="refused"):
        audit.record("break_glass.refused", request, user=user, reason=reason)
        figures.sign_in("break_glass", outcome)
