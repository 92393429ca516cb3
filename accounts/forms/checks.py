"""A system check of the form that operators may replace."""

from django.core import checks


@checks.register(checks.Tags.security)
def check_sign_up_form(app_configs, **kwargs):
    """Return an error if SIGN_UP_FORM is not a sign-up form."""
    # Now, not at start: the forms need all apps.
    from .sign_up import SignUpForm, sign_up_form

    try:
        form = sign_up_form()
        is_right = isinstance(form, type) and issubclass(form, SignUpForm)
    except ImportError:
        is_right = False
    if is_right:
        return []
    return [
        checks.Error(
            "SIGN_UP_FORM names no subclass of accounts.forms.sign_up.SignUpForm.",
            hint="It is a path in Python, such as shop.forms.CaptchaForm.",
            id="accounts.E015",
        )
    ]
