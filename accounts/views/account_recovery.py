"""Sign in with a recovery code in place of the one-time code."""

from functools import partial

from django.contrib import messages
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from accounts.directus import InvalidOTP
from accounts.flows import account_recovery
from accounts.forms.sign_in import RecoveryCodeForm
from accounts.models import User
from accounts.sessions.tokens import revoke
from accounts.two_factor import recovery_codes

from .sign_in import SecondStepView


@method_decorator(sensitive_post_parameters("recovery_code"), name="dispatch")
class AccountRecoveryView(SecondStepView):
    """A recovery code in place of the one-time code."""

    form_class = RecoveryCodeForm
    template_name = "accounts/account_recovery.html"
    kind = field = "recovery_code"
    wrong = gettext_lazy(
        "That recovery code isn't valid. Check it, or use another one."
    )

    @sensitive_variables("code", "secret")
    def sign_in_with(self, code):
        """Sign in with the one-time code of the secret that the recovery code opens."""
        row, self.secret = account_recovery.claim(
            self.request, self.pending.email, code
        )
        try:
            return account_recovery.with_code(
                self.secret, partial(self._sign_in, row.user_id)
            )
        except BaseException:
            recovery_codes.give_back(row)
            raise

    @sensitive_variables("otp")
    def _sign_in(self, owner: int, otp: str) -> User:
        waiting = self.pending
        user = self.sign_in(waiting.email, waiting.password, otp, own_code=True)
        if user.pk != owner:
            # The address has passed to another user.
            revoke(user.directus_tokens, self.request)
            raise InvalidOTP(401, "ANOTHER_USER")
        return user

    def go_on(self, user, url):
        """Redirect to the page that sets two-step verification up again."""
        response = super().go_on(user, reverse("accounts:two_factor"))
        account_recovery.OPENED.start(self.request, response, self.secret)
        account_recovery.was_used(self.request, user)
        messages.warning(self.request, _used(recovery_codes.codes_left(user)))
        return response


def _used(left: int) -> str:
    used = ngettext(
        "You used a recovery code. %(count)d is left.",
        "You used a recovery code. %(count)d are left.",
        left,
    ) % {"count": left}
    lost = ngettext(
        "Lost your app? Set up two-step verification again. For %(count)d minute you "
        "can do so without a code.",
        "Lost your app? Set up two-step verification again. For %(count)d minutes you "
        "can do so without a code.",
        account_recovery.MINUTES,
    ) % {"count": account_recovery.MINUTES}
    return f"{used} {lost}"
