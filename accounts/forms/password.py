"""Forms to reset a password."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .fields import EmailField, NewPasswordField, PasswordField, SiteForm


class PasswordResetForm(SiteForm):
    """The address to which the link is sent."""

    email = EmailField()


class NewPasswordForm(SiteForm):
    """The new password, twice."""

    new_password = NewPasswordField(label=_("New password"))
    new_password_again = PasswordField(
        label=_("New password again"), autocomplete="new-password"
    )

    def clean(self):
        """Compare the two."""
        cleaned = super().clean()
        first, again = cleaned.get("new_password"), cleaned.get("new_password_again")
        if first and again and first != again:
            self.add_error(
                "new_password_again",
                ValidationError(_("The two passwords differ."), code="mismatch"),
            )
        return cleaned
