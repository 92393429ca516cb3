"""Fields that several forms use."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import (
    get_default_password_validators,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.forms.utils import flatatt
from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.directus import to_ascii
from accounts.models import User
from accounts.web import languages

PLAIN_ADDRESS = re.compile(r"[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]{1,64}@[A-Za-z0-9.-]+")
# An encoded word (RFC 2047): some mail servers decode it to another address.
ENCODED_WORD = "=?"
# Longer passwords only cost Directus time for hashing.
LONGEST_TYPED_SECRET = 1024


is_address = EmailValidator(message=_("Enter a valid email address."))


class EmailField(forms.EmailField):
    """An email address; its value is in lower case and in ASCII."""

    default_validators = [is_address]

    def __init__(self, **options):
        options.setdefault("label", _("Email"))
        options.setdefault(
            "error_messages", {"required": _("Enter your email address.")}
        )
        options.setdefault("max_length", 254)
        options.setdefault("widget", forms.EmailInput(attrs={"autocomplete": "email"}))
        super().__init__(**options)

    def to_python(self, value):
        """Return the address in the one spelling that browsers and mail servers use."""
        try:
            return to_ascii(super().to_python(value) or "")
        except ValueError as error:
            raise ValidationError(is_address.message, code="invalid") from error

    def clean(self, value):
        email = super().clean(value)
        is_plain = PLAIN_ADDRESS.fullmatch(email) and ENCODED_WORD not in email
        if email and not is_plain:
            raise ValidationError(is_address.message, code="invalid")
        return email.lower()


class SecretField(forms.CharField):
    """A password or a code. Browsers do not truncate it; a long one is an error.

    Args:
        max_length: the highest accepted number of characters.
    """

    def __init__(self, *, max_length=LONGEST_TYPED_SECRET, **options):
        super().__init__(**options)
        self.longest = max_length

    def validate(self, value):
        super().validate(value)
        if len(value) > self.longest:
            text = _("This is too long. Use at most %(longest)d characters.")
            raise ValidationError(
                text, code="max_length", params={"longest": self.longest}
            )


class PasswordField(SecretField):
    """An existing password, passed on exactly as typed."""

    def __init__(self, *, autocomplete="current-password", **options):
        options.setdefault("label", _("Password"))
        options.setdefault("error_messages", {"required": _("Enter your password.")})
        super().__init__(
            strip=False,
            widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
            **options,
        )


class NewPasswordField(PasswordField):
    """A new password; its help text is the policy.

    Its letters are composed (NFC) for all keyboards, because Directus compares bytes.
    """

    def __init__(self, **options):
        super().__init__(
            autocomplete="new-password",
            max_length=settings.PASSWORD_MAX_LENGTH,
            **options,
        )

    def to_python(self, value):
        return unicodedata.normalize("NFC", super().to_python(value) or "")


class ReadOnlyText(forms.Widget):
    """Shows a value as text, which the form does not send.

    For a field with choices it shows their labels.
    """

    choices: Iterable[tuple[Any, Any]] = ()

    @classmethod
    def instead(cls, field: forms.Field) -> None:
        """Replace the widget of a field by this one."""
        field.disabled = True
        field.widget = cls()
        if isinstance(field, forms.ChoiceField):
            # Sets the choices of the widget, too.
            field.choices = field.choices

    def render(self, name, value, attrs=None, renderer=None):
        """Return the text in an element that can have a label."""
        shown = {key: (attrs or {}).get(key) for key in ("id", "aria-describedby")}
        return format_html(
            '<output class="form-control-plaintext"{}>{}</output>',
            flatatt({key: text for key, text in shown.items() if text}),
            self._text(value),
        )

    def _text(self, value: Any) -> str:
        if value in (None, "", []):
            return "\N{EN DASH}"
        if isinstance(value, bool):
            return gettext("Yes") if value else gettext("No")
        texts = {str(key): text for key, text in self.choices}
        values = value if isinstance(value, list) else [value]
        return ", ".join(
            str(texts.get(str(one), formats.localize(one))) for one in values
        )


class SiteForm(forms.Form):
    """A form; the template has its tag, CSRF token and button."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.form_show_errors = True
        if languages.family_name_first() and "last_name" in self.fields:
            self.order_fields(["last_name", "first_name"])
        for field in self.fields.values():
            if isinstance(field, NewPasswordField):
                field.help_text = _policy_as_list()

    def check_new_password(self, name: str, user: User) -> None:
        """Check a new password against the policy.

        Args:
            name: name of the field.
            user: the user; address and names are refused. It may be unsaved.
        """
        password = self.cleaned_data.get(name)
        if not password:
            return
        try:
            validate_password(password, user)
        except ValidationError as error:
            self.add_error(name, error)


def _policy_as_list() -> str:
    """Return the password policy as HTML; crispy shows help texts unescaped."""
    rules = [
        (flatatt({"data-least": getattr(rule, "min_length", None)}), text)
        for rule in get_default_password_validators()
        if (text := rule.get_help_text())
    ]
    return format_html("<ul>{}</ul>", format_html_join("", "<li{}>{}</li>", rules))
