"""Forms that ask for the password of the signed-in user."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import User

from .fields import PasswordField, SiteForm
from .sign_in import CODE_NOT_VALID, ENTER_CODE, CodeField


class ReauthenticationForm(SiteForm):
    """The current password, and the one-time code if a second factor is on.

    A provider's user has no password; the view confirms the user in another way.

    Args:
        user: the signed-in user, with or without a second factor.
        needs_code: False if the site can compute the code.
    """

    current_password = PasswordField(
        label=_("Current password"),
        error_messages={"required": _("Enter your current password.")},
    )
    otp = CodeField(required=False)

    def __init__(self, *args: Any, user: User, needs_code: bool = True, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.user = user
        if user.has_provider:
            del self.fields["current_password"]
        self._code = self.fields["otp"]
        # Also shown if the form was sent with a code: Directus decides.
        needs_code = needs_code and bool(user.has_two_factor)
        if not needs_code and not self.data.get("otp"):
            del self.fields["otp"]

    def clean_otp(self):
        """Require the code if its field is shown."""
        code = self.cleaned_data["otp"]
        if self.user.has_two_factor and not code:
            self.add_error("otp", ENTER_CODE)
        return code

    def ask_for_code(self, *, is_wrong: bool) -> None:
        """Show the field for the code, and say why."""
        self.fields.setdefault("otp", self._code)
        self.order_fields(self.field_order)
        self.add_error("otp", CODE_NOT_VALID if is_wrong else ENTER_CODE)
