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


class CodeField(forms.CharField):
    """The six digits of an authenticator app, as apps show them: in two groups too."""

    is_six_digits = RegexValidator(r"^[0-9]{6}\Z", _("Enter the six digits."))

    def __init__(self, **options):
        options.setdefault("label", _("One-time code"))
        options.setdefault(
            "help_text", _("The six digits that your authenticator app shows now.")
        )
        attrs = {"autocomplete": "one-time-code", "inputmode": "numeric"}
        super().__init__(max_length=16, widget=CodeInput(attrs=attrs), **options)

    def clean(self, value):
        code = super().clean(value).replace(" ", "")
        if code:
            self.is_six_digits(code)
        return code


class CodeForm(SiteForm):
    """The one-time code of the second factor."""

    otp = CodeField()


class RecoveryCodeForm(SiteForm):
    """A recovery code, with or without its dashes, in large or small letters."""

    recovery_code = forms.CharField(
        label=_("Recovery code"),
        help_text=_(
            "One of the codes that you kept when you set up the second factor."
        ),
        max_length=64,
        widget=CodeInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
            }
        ),
    )
