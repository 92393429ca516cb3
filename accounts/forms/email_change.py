"""The form to change the e-mail address."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .fields import EmailField, SiteForm

# The length of Directus' column.
LONGEST_ADDRESS = 128


class EmailChangeForm(SiteForm):
    """The new address.

    Args:
        user: the user; the present address is refused.
    """

    email = EmailField(
        label=_("New email"),
        max_length=LONGEST_ADDRESS,
        error_messages={"required": _("Enter your new email address.")},
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_email(self):
        """Refuse the present address."""
        email = self.cleaned_data["email"]
        if email == self.user.email.casefold():
            raise ValidationError(
                _("This is already your email address. Enter a different one."),
                code="same",
            )
        return email
