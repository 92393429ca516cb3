"""The form to sign up."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.validators import RegexValidator
from django.utils.module_loading import import_string
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.directus import NewUser
from accounts.web.languages import DIRECTUS_NAMES
from config.branding_tags import support_link

from .custom_fields import CustomField
from .fields import EmailField, NewPasswordField, SiteForm
from .programs import OpenedField, TrapField
from .terms import TermsMixin

no_control_characters = RegexValidator(
    r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]",
    gettext_lazy("That name contains characters we can't use."),
    inverse_match=True,
)


class AddedFieldsForm(SiteForm):
    """A form with the fields that operators added to users in Directus.

    Args:
        custom_fields: these fields.
    """

    def __init__(
        self, *args: Any, custom_fields: Sequence[CustomField] = (), **kwargs: Any
    ):
        super().__init__(*args, **kwargs)
        self.custom_fields = custom_fields
        for custom in custom_fields:
            self.fields[custom.name] = custom.form_field()

    @property
    def added_values(self) -> dict[str, object]:
        """The typed values for Directus; fields that stay empty are left out."""
        values = {
            custom.name: custom.to_directus(self.cleaned_data[custom.name])
            for custom in self.custom_fields
        }
        return {
            name: value for name, value in values.items() if value not in (None, "", [])
        }


class SignUpForm(TermsMixin, AddedFieldsForm):
    """Name, email address, password, and what operators ask for.

    SIGN_UP_FORM may name a subclass with further fields, such as a captcha.

    Attributes:
        content_security: other sites that the page may load from, by directive of the
            content security policy.
    """

    content_security: dict[str, list[str]] = {}

    # Directus' own columns hold 50 characters on most databases.
    first_name = forms.CharField(
        label=gettext_lazy("First name"),
        max_length=50,
        validators=[no_control_characters],
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
        error_messages={"required": gettext_lazy("Enter your first name.")},
    )
    last_name = forms.CharField(
        label=gettext_lazy("Last name (optional)"),
        max_length=50,
        required=False,
        validators=[no_control_characters],
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )
    # The length of Directus' column.
    email = EmailField(max_length=128)
    password = NewPasswordField(
        error_messages={"required": gettext_lazy("Choose a password.")}
    )
    your_website = TrapField()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if settings.SIGN_UP_MIN_SECONDS:
            self.fields["opened"] = OpenedField()

    def clean(self):
        """Check the password, which must not contain the other fields."""
        super().clean()
        cleaned = self.cleaned_data
        names = ("email", "first_name", "last_name")
        typed = {name: cleaned.get(name, "") for name in names}
        self.check_new_password("password", get_user_model()(**typed))
        return cleaned

    @property
    def is_from_program(self) -> bool:
        """Whether a sent form has a value that people do not type."""
        return bool(self["your_website"].data)

    def new_user(self) -> NewUser:
        """Return the typed values, and the language of the page."""
        names = ("email", "password", "first_name", "last_name")
        return NewUser(
            **{name: self.cleaned_data[name] for name in names},
            language=DIRECTUS_NAMES.get(get_language() or "", ""),
            others=self.added_values,
        )

    def refuse(self, field: str) -> None:
        """Add an error about what Directus refused."""
        if field in self.fields:
            text = _("This value can't be used. Enter a different one.")
            self.add_error(field, text)
        else:
            text = _("You can't sign up with this email address. [Contact support].")
            self.add_error(None, support_link(text))


def sign_up_form() -> type[SignUpForm]:
    """Return the form that SIGN_UP_FORM names.

    Raises:
        ImportError: there is no such class.
    """
    return import_string(settings.SIGN_UP_FORM)
