"""Forms to sign in."""

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from accounts.two_factor import recovery_codes, totp

from .fields import EmailField, PasswordField, SecretField, SiteForm

ENTER_CODE = _("Enter the 6-digit code.")
CODE_NOT_VALID = _("That code isn't valid. Enter the newest one.")


class LoginForm(SiteForm):
    """Email address and password, and whether the session outlives the browser."""

    email = EmailField(widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = PasswordField()
    remember = forms.BooleanField(
        label=_("Keep me signed in"),
        help_text=_("Not on a device that others use"),
        required=False,
    )


class CodeInput(forms.TextInput):
    """An input that is never filled in, because a code is secret."""

    def format_value(self, value):
        """Return no value."""
        return ""


class CodeField(SecretField):
    """The six digits of an authenticator app, in any grouping and script."""

    is_six_digits = RegexValidator(r"^[0-9]{6}\Z", ENTER_CODE)

    def __init__(self, **options):
        options.setdefault("label", _("6-digit code"))
        options.setdefault("help_text", _("From your authenticator app"))
        options.setdefault("error_messages", {"required": ENTER_CODE})
        attrs = {"autocomplete": "one-time-code", "inputmode": "numeric"}
        super().__init__(widget=CodeInput(attrs=attrs), **options)

    def clean(self, value):
        code = totp.plain(super().clean(value))
        if code or self.required:
            self.is_six_digits(code)
        return code


class CodeForm(SiteForm):
    """The one-time code, on pages whose text names the authenticator app."""

    otp = CodeField(help_text="")


class RecoveryCodeField(SecretField):
    """A recovery code, with or without its dashes, in large or small letters."""

    def __init__(self, **options):
        attrs = {
            "autocomplete": "off",
            "autocapitalize": "characters",
            "spellcheck": "false",
        }
        options.setdefault("error_messages", {"required": _("Enter a recovery code.")})
        super().__init__(widget=CodeInput(attrs=attrs), **options)

    def clean(self, value):
        try:
            code = recovery_codes.normalised(super().clean(value))
        except ValueError:
            code = ""
        if not code:
            text = _("Enter a recovery code, for example %(example)s.")
            params = {"example": "ABCD-EFGH-2345-WXYZ"}
            raise ValidationError(text, code="invalid", params=params)
        return code


class RecoveryCodeForm(SiteForm):
    """A recovery code in place of the one-time code."""

    recovery_code = RecoveryCodeField(
        label=_("Recovery code"),
        help_text=_("One of the 16-character codes you saved"),
    )
