"""Refuse passwords from known breaches, with a service on the network.

The service gets the first five digits of the password's SHA-1 and answers with hundreds
of digests. If it does not answer, the password is accepted. This module is only loaded
if BREACHED_PASSWORDS_URL is set.
"""

import time

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from pwned_passwords_django.api import PwnedPasswords
from pwned_passwords_django.exceptions import ErrorCode, PwnedPasswordsError
from pwned_passwords_django.validators import PwnedPasswordsValidator

PAUSE_SECONDS = 30.0


class RangeService(PwnedPasswords):
    """The service; after a failure there is a pause."""

    def __init__(self):
        super().__init__()
        self.api_endpoint = settings.BREACHED_PASSWORDS_URL.rstrip("/") + "/"
        self.away_until = 0.0

    @sensitive_variables()
    def check_password(self, password: str) -> int:
        """Return the number of breaches with a password.

        Raises:
            PwnedPasswordsError: the service does not answer.
        """
        if time.monotonic() < self.away_until:
            text = "the service was away just now"
            raise PwnedPasswordsError(text, ErrorCode.REQUEST_ERROR, {})
        try:
            return super().check_password(password)
        except PwnedPasswordsError:
            self.away_until = time.monotonic() + PAUSE_SECONDS
            raise


class BreachedPasswordValidator(PwnedPasswordsValidator):
    """Refuses passwords from known breaches."""

    def __init__(self):
        super().__init__(
            error_message=_(
                "This password appeared in a data breach. Choose a different one, here "
                "and wherever else you use it."
            ),
            help_message=_("Avoid passwords that appeared in data breaches."),
            api_client=RangeService(),
        )
