"""The form to sign up."""

from django import forms
from django.contrib.auth import get_user_model
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from .fields import EmailField, NewPasswordField, SiteForm

no_control_characters = RegexValidator(
    r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]",
    _("That name contains characters we can't use."),
    inverse_match=True,
)


class SignUpForm(SiteForm):
    """Name, email address and password."""

    # Directus' own columns hold 50 characters on most databases.
    first_name = forms.CharField(
        label=_("First name"),
        max_length=50,
        validators=[no_control_characters],
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
        error_messages={"required": _("Enter your first name.")},
    )
    last_name = forms.CharField(
        label=_("Last name (optional)"),
        max_length=50,
        required=False,
        validators=[no_control_characters],
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )
    # The length of Directus' column.
    email = EmailField(max_length=128)
    password = NewPasswordField(error_messages={"required": _("Choose a password.")})

    def clean(self):
        """Check the password, which must not contain the other fields."""
        super().clean()
        cleaned = self.cleaned_data
        names = ("email", "first_name", "last_name")
        typed = {name: cleaned.get(name, "") for name in names}
        self.check_new_password("password", get_user_model()(**typed))
        return cleaned
