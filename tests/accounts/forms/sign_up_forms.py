"""Forms that an operator could name in SIGN_UP_FORM."""

from django import forms
from django.core.exceptions import ValidationError

from accounts.forms.sign_up import SignUpForm


class CaptchaInput(forms.TextInput):
    """Loads the script of a captcha."""

    class Media:
        js = ("https://captcha.example.com/api.js",)


class CaptchaField(forms.CharField):
    """Takes the answer `human`, as a service of captchas would judge it."""

    widget = CaptchaInput

    def validate(self, value):
        super().validate(value)
        if value != "human":
            raise ValidationError("Try the captcha again.", code="captcha")


class CaptchaSignUpForm(SignUpForm):
    """The sign-up form with a captcha."""

    content_security = {
        "script-src": ["https://captcha.example.com"],
        "frame-src": ["https://captcha.example.com"],
    }
    captcha = CaptchaField(label="Captcha")


class AnotherForm(forms.Form):
    """No sign-up form."""
