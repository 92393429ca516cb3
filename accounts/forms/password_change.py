"""The form to change the password of the signed-in user."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .password_reset import NewPasswordForm
from .reauthentication import ReauthenticationForm


class PasswordChangeForm(ReauthenticationForm, NewPasswordForm):
    """The current password, and a new one twice."""

    field_order = ("current_password", "otp", "new_password", "new_password_again")

    def clean(self):
        """Refuse the present password."""
        cleaned = super().clean()
        new, current = cleaned.get("new_password"), cleaned.get("current_password")
        if new and current and new == unicodedata.normalize("NFC", current):
            self.add_error(
                "new_password",
                ValidationError(
                    _("Choose a password you aren't already using."), code="same"
                ),
            )
        return cleaned
