"""Forms to sign in."""

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from .fields import EmailField, PasswordField, SiteForm


class LoginForm(SiteForm):
    """E-mail and password."""

    email = EmailField(widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = PasswordField()


class CodeInput(forms.TextInput):
    """An input that is never filled in: a code is a secret."""

    def format_value(self, value):
        """Return nothing to fill in."""
        return ""


class CodeForm(SiteForm):
    """The one-time code of the second factor."""

    otp = forms.CharField(
        label=_("One-time code"),
        max_length=16,
        help_text=_("The six digits that your authenticator app shows now."),
        widget=CodeInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
            }
        ),
    )
    is_six_digits = RegexValidator(r"^[0-9]{6}\Z", _("Enter the six digits."))

    def clean_otp(self):
        """Accept the code as apps show it, in two groups."""
        code = self.cleaned_data["otp"].replace(" ", "")
        self.is_six_digits(code)
        return code
