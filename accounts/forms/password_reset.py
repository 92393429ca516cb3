"""Forms to reset a password."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .fields import EmailField, NewPasswordField, PasswordField, SiteForm


class PasswordResetForm(SiteForm):
    """The address for the link."""

    email = EmailField()


class NewPasswordForm(SiteForm):
    """The new password, twice.

    Args:
        user: the user, as far as known.
    """

    new_password = NewPasswordField(
        label=_("New password"),
        error_messages={"required": _("Enter a new password.")},
    )
    new_password_again = PasswordField(
        label=_("Confirm new password"),
        autocomplete="new-password",
        error_messages={"required": _("Enter the new password again.")},
    )

    def __init__(self, *args, user=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self):
        """Check the password, and compare both."""
        super().clean()
        cleaned = self.cleaned_data
        self.check_new_password("new_password", self.user)
        first, again = cleaned.get("new_password"), cleaned.get("new_password_again")
        if first and again and first != unicodedata.normalize("NFC", again):
            self.add_error(
                "new_password_again",
                ValidationError(_("The passwords don't match."), code="mismatch"),
            )
        return cleaned
