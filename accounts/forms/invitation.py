"""The form with which staff invite a customer."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from ..directus import NewUser
from ..web.languages import DIRECTUS_NAMES
from .fields import EmailField, SiteForm
from .sign_up import no_control_characters


class InvitationForm(SiteForm):
    """The address, the name and the language of a new customer."""

    # The lengths of Directus' columns.
    email = EmailField(
        max_length=128,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "class": "vTextField"}),
        error_messages={"required": _("Enter an email address.")},
    )
    first_name = forms.CharField(
        label=_("First name (optional)"),
        max_length=50,
        required=False,
        validators=[no_control_characters],
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "vTextField"}),
    )
    last_name = forms.CharField(
        label=_("Last name (optional)"),
        max_length=50,
        required=False,
        validators=[no_control_characters],
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "vTextField"}),
    )
    language = forms.ChoiceField(
        label=_("Language of the email"), choices=settings.LANGUAGES
    )

    @property
    def guest(self) -> NewUser:
        """The new user of a valid form."""
        values = dict(self.cleaned_data)
        language = DIRECTUS_NAMES[values.pop("language")]
        return NewUser(**values, language=language)
