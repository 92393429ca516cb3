"""The forms of the profile page."""

from collections.abc import Sequence
from html import escape
from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.utils import flatatt
from django.template.defaultfilters import filesizeformat
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.directus import InvalidPayload, NotUnique
from accounts.models import User
from accounts.web import languages, time_zones

from .custom_fields import CustomField
from .fields import SiteForm
from .sign_up import no_control_characters
from .unchanged import UnchangedMixin

# Directus' own columns hold 50 characters on most databases.
LONGEST_NAME = 50

# Pairs of value and label; a group is a heading and its pairs.
Choices = list[tuple[str, str | list[tuple[str, str]]]]


class LongSelect(forms.Select):
    """A fast select with many options: Django renders two templates for each."""

    def render(self, name, value, attrs=None, renderer=None):
        chosen = set(self.format_value(value))
        groups = (_group(chosen, *choice) for choice in self.choices)
        return format_html(
            '<select name="{}"{}>{}</select>',
            name,
            flatatt(self.build_attrs(self.attrs, attrs)),
            mark_safe("\n".join(groups)),  # noqa: S308
        )


def _group(chosen: set[str], value: Any, label: Any) -> str:
    if not isinstance(label, list | tuple):
        return _option(chosen, value, label)
    options = "\n".join(_option(chosen, *pair) for pair in label)
    return f'<optgroup label="{escape(str(value))}">{options}</optgroup>'


# Python's own escape: Django's first looks whether a text is lazy.
def _option(chosen: set[str], value: Any, label: Any) -> str:
    value = str(value)
    mark = " selected" if value in chosen else ""
    return f'<option value="{escape(value)}"{mark}>{escape(str(label))}</option>'


class ProfileForm(UnchangedMixin, SiteForm):
    """Name, language, time zone, and the fields that operators added.

    Args:
        user: the user.
        custom_fields: the fields that operators added.
        values: their values in Directus; None without an answer.
    """

    first_name = forms.CharField(
        label=gettext_lazy("First name (optional)"),
        max_length=LONGEST_NAME,
        required=False,
        validators=[no_control_characters],
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    last_name = forms.CharField(
        label=gettext_lazy("Last name (optional)"),
        max_length=LONGEST_NAME,
        required=False,
        validators=[no_control_characters],
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        help_text=gettext_lazy("Used on this site and in emails to you"),
        required=False,
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        help_text=gettext_lazy("Used to show dates and times"),
        required=False,
        widget=LongSelect,
    )

    def __init__(
        self,
        *args: Any,
        user: User,
        custom_fields: Sequence[CustomField] = (),
        values: dict[str, Any] | None = None,
        **kwargs: Any,
    ):
        self.custom_fields = {field.name: field for field in custom_fields}
        kwargs["initial"] = self._initial(user, values or {})
        super().__init__(*args, **kwargs)
        self._offer("language", _languages())
        self._offer("time_zone", _time_zones(user))
        for name, custom in self.custom_fields.items():
            self.fields[name] = custom.form_field()
            custom.keep(self.fields[name], self.initial[name])
        self.relax()

    def _offer(self, name: str, choices: Choices) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = choices

    def _initial(self, user: User, values: dict[str, Any]) -> dict[str, Any]:
        return {
            "first_name": user.first_name,
            "last_name": user.last_name,
            "language": languages.supported(user.language),
            "time_zone": user.time_zone,
        } | {
            name: custom.to_form(values.get(name))
            for name, custom in self.custom_fields.items()
        }

    @property
    def own_fields(self) -> list[forms.BoundField]:
        """The fields that every profile has."""
        return [field for field in self if field.name not in self.custom_fields]

    @property
    def added_fields(self) -> list[forms.BoundField]:
        """The fields that operators added."""
        return [field for field in self if field.name in self.custom_fields]

    @cached_property
    def changes(self) -> dict[str, Any]:
        """The changed values for Directus."""
        data = self.cleaned_data
        found = {}
        for name in self.changed:
            if name in self.custom_fields:
                found[name] = self.custom_fields[name].to_directus(data[name])
            elif name == "language":
                found[name] = languages.DIRECTUS_NAMES.get(data[name])
            elif name != "time_zone":
                found[name] = data[name] or None
        return found

    @property
    def has_new_time_zone(self) -> bool:
        """Whether the time zone was changed."""
        return "time_zone" in self.changed

    def refuse(self, error: InvalidPayload) -> None:
        """Add an error to the field that Directus refused."""
        name = error.field if error.field in self.fields else None
        self.add_error(name, self._why(error, name))

    def _why(self, error: InvalidPayload, name: str | None) -> str:
        custom = self.custom_fields.get(name or "")
        if isinstance(error, NotUnique):
            return _("Already in use.")
        if error.code == "VALUE_TOO_LONG":
            return _("This is too long. Shorten it.")
        if error.kind in {"nnull", "required"}:
            return _("Enter a value.")
        if custom and custom.description.refusal:
            return custom.description.refusal
        if name is None:
            return _("One of these values can't be used. Check your entries.")
        return _("This value can't be used. Enter a different one.")


def _languages() -> Choices:
    return [("", _("Same as my browser")), *settings.LANGUAGES]


def _time_zones(user: User) -> Choices:
    choices: Choices = [("", _("Same as my browser")), *time_zones.choices()]
    if user.time_zone and not time_zones.zone(user.time_zone):
        choices.append((user.time_zone, user.time_zone))
    return choices


class PictureInput(forms.FileInput):
    """Lets the browser offer images only, and site.js refuse large ones."""

    def build_attrs(self, base_attrs, extra_attrs=None):
        most = settings.PICTURE_MAX_BYTES
        return super().build_attrs(base_attrs, extra_attrs) | {
            "accept": "image/png,image/jpeg,image/webp",
            "data-most-bytes": most,
            "data-too-large": too_large(),
        }


def too_large() -> str:
    """Return the error for a photo that is too large."""
    size = filesizeformat(settings.PICTURE_MAX_BYTES)
    return _("Choose a photo of at most %(size)s.") % {"size": size}


class PictureForm(SiteForm):
    """A new photo. The content of the file decides, not its name."""

    picture = forms.FileField(
        label=gettext_lazy("New photo"),
        help_text=gettext_lazy("PNG, JPEG or WebP, at most 2 MB"),
        widget=PictureInput,
        error_messages={"required": gettext_lazy("Choose a photo.")},
    )

    def clean_picture(self):
        """Return the content of the file."""
        file = self.cleaned_data["picture"]
        if file.size > settings.PICTURE_MAX_BYTES:
            raise ValidationError(too_large(), code="too_large")
        return file
