"""Forms that ask for the password of whoever is signed in."""

from django.utils.translation import gettext_lazy as _

from .fields import PasswordField, SiteForm
from .sign_in import CODE_NOT_VALID, ENTER_CODE, CodeField


class ReauthenticationForm(SiteForm):
    """The current password, and the one-time code of who has a second factor.

    Args:
        user: decides whether the code is asked for from the beginning.
        needs_code: False when the site can make the code itself.
    """

    current_password = PasswordField(
        label=_("Current password"),
        error_messages={"required": _("Enter your current password.")},
    )
    otp = CodeField(required=False)

    def __init__(self, *args, user, needs_code: bool = True, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        self._code = self.fields["otp"]
        # Asked for as well when the form was sent with one: Directus knows better.
        needs_code = needs_code and user.has_two_factor
        if not needs_code and not self.data.get("otp"):
            del self.fields["otp"]

    def clean_otp(self):
        """Demand the code where it is asked for."""
        code = self.cleaned_data["otp"]
        if self.user.has_two_factor and not code:
            self.add_error("otp", ENTER_CODE)
        return code

    def ask_for_code(self, *, is_wrong: bool) -> None:
        """Show the field for the code, and say why."""
        self.fields.setdefault("otp", self._code)
        self.order_fields(self.field_order)
        self.add_error("otp", CODE_NOT_VALID if is_wrong else ENTER_CODE)
