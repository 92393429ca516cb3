"""The checkbox with which new users accept the terms of use."""

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.branding import branding

from .password_reset import NewPasswordForm


class TermsMixin(forms.Form):
    """Adds the required field `terms`, if the site has terms of use.

    Mix it into a form that creates an account; `accounts.flows.terms` keeps the time.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if branding().terms_url:
            self.fields["terms"] = TermsField(label=_label())

    @property
    def accepts_terms(self) -> bool:
        """Whether a valid form says that the user accepts the terms."""
        return self.cleaned_data.get("terms", False)


class FirstPasswordForm(TermsMixin, NewPasswordForm):
    """The first password of an account, and the terms."""


class TermsField(forms.BooleanField):
    """A required checkbox, whose label has links."""

    # Where the label stands within a link.
    short_label = gettext_lazy("Terms of use")
    default_error_messages = {
        "required": gettext_lazy("Accept the terms of use to continue.")
    }


def _label() -> str:
    look = branding()
    if not look.privacy_url:
        text = _('I accept the <a href="{terms}" target="_blank">terms of use</a>.')
        return format_html(text, terms=look.terms_url)
    text = _(
        'I accept the <a href="{terms}" target="_blank">terms of use</a> and have read '
        'the <a href="{privacy}" target="_blank">privacy policy</a>.'
    )
    return format_html(text, terms=look.terms_url, privacy=look.privacy_url)
