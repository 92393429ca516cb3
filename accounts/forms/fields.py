"""The fields that several forms share."""

import re
import unicodedata

from crispy_forms.helper import FormHelper
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import (
    password_validators_help_texts,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

PLAIN_ADDRESS = re.compile(r"[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]{1,64}@[\w.-]+")
# Directus hashes what it gets; a longer one than this only costs it time.
LONGEST_TYPED_PASSWORD = 1024


class EmailField(forms.EmailField):
    """One address, as one person types it; returned in small letters."""

    def __init__(self, **options):
        options.setdefault("label", _("E-mail address"))
        options.setdefault("max_length", 254)
        options.setdefault("widget", forms.EmailInput(attrs={"autocomplete": "email"}))
        super().__init__(**options)

    def clean(self, value):
        email = super().clean(value)
        # Look-alikes change under normalisation and would reach somebody else.
        changes = unicodedata.normalize("NFKC", email) != email
        if email and (changes or not PLAIN_ADDRESS.fullmatch(email)):
            raise ValidationError(_("Enter a valid e-mail address."), code="invalid")
        return email.lower()


class PasswordField(forms.CharField):
    """A password that somebody knows already: sent on exactly as it was typed."""

    def __init__(self, *, autocomplete="current-password", **options):
        options.setdefault("label", _("Password"))
        options.setdefault("max_length", LONGEST_TYPED_PASSWORD)
        super().__init__(
            strip=False,
            widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
            **options,
        )


class NewPasswordField(PasswordField):
    """A password to be chosen; the policy is its help text."""

    def __init__(self, **options):
        super().__init__(
            autocomplete="new-password",
            max_length=settings.PASSWORD_MAX_LENGTH,
            **options,
        )

    def validate(self, value):
        super().validate(value)
        validate_password(value)


class SiteForm(forms.Form):
    """A form whose tag, token and button stand in the template."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.form_show_errors = True
        for field in self.fields.values():
            if isinstance(field, NewPasswordField):
                field.help_text = _policy_as_list()


def _policy_as_list() -> str:
    """Return the password policy as HTML; crispy shows help texts unescaped."""
    texts = [(text,) for text in password_validators_help_texts() if text]
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", texts))
