"""Hold up programs that fill in forms, without a question to people."""

from datetime import timedelta

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class TrapInput(forms.TextInput):
    """An input that people do not see; a program fills it in."""

    # Its label belongs to it, and form and summary of errors leave it out.
    is_hidden = True

    def render(self, name, value, attrs=None, renderer=None):
        """Return the input with its label, out of sight."""
        return format_html(
            '<div class="off-screen" aria-hidden="true"><label for="id_{}">{}</label>'
            '<input type="text" name="{}" id="id_{}" tabindex="-1" autocomplete="off">'
            "</div>",
            name,
            _("Leave this field empty"),
            name,
            name,
        )


class TrapField(forms.CharField):
    """A field that stays empty."""

    def __init__(self):
        super().__init__(required=False, widget=TrapInput)


class OpenedField(forms.CharField):
    """The time at which the page was opened, signed; hidden.

    The form is refused before SIGN_UP_MIN_SECONDS have passed.
    """

    too_fast = gettext_lazy(
        "That was faster than most people type. Wait a moment, and send the form again."
    )

    def __init__(self):
        super().__init__(
            required=False, widget=forms.HiddenInput, initial=lambda: _signer().sign("")
        )

    def bound_data(self, data, initial):
        """Keep the time while the form is shown again."""
        return data if _is_signed(data) else initial

    def clean(self, value):
        if not _is_signed(value) or _is_younger(value, settings.SIGN_UP_MIN_SECONDS):
            raise ValidationError(self.too_fast, code="too_fast")
        return value


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="accounts.sign_up.opened")


def _is_signed(value: str | None) -> bool:
    try:
        return _signer().unsign(value or "") == ""
    except BadSignature:
        return False


def _is_younger(value: str, seconds: float) -> bool:
    try:
        _signer().unsign(value, max_age=timedelta(seconds=seconds))
    except SignatureExpired:
        return False
    return True
