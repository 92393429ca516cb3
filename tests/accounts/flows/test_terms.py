"""The terms of use: shown where an account begins, and the time of accepting kept."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.core import audit
from accounts.flows import terms
from accounts.forms.terms import FirstPasswordForm
from accounts.models import TermsAcceptance, User

from ..steps import NEW_PASSWORD, log_in

pytestmark = pytest.mark.django_db
TERMS = "https://www.example.com/terms"
PRIVACY = "https://www.example.com/privacy"
PASSWORDS = {"new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD}


@pytest.fixture
def _terms(settings):
    settings.TERMS_URL, settings.PRIVACY_URL = TERMS, PRIVACY


def test_without_terms_there_is_no_checkbox():
    form = FirstPasswordForm(PASSWORDS)

    assert form.is_valid()
    assert not form.accepts_terms


@pytest.mark.usefixtures("_terms")
def test_the_terms_have_to_be_accepted():
    form = FirstPasswordForm(PASSWORDS)

    assert not form.is_valid()
    assert form.errors == {"terms": ["Accept the terms of use to continue."]}
    assert list(form.fields)[-1] == "terms"
    label = str(form["terms"].label)
    assert f'href="{TERMS}"' in label
    assert f'href="{PRIVACY}"' in label


@pytest.mark.usefixtures("_terms")
def test_accepted_terms():
    form = FirstPasswordForm(PASSWORDS | {"terms": "on"})

    assert form.is_valid()
    assert form.accepts_terms


def test_the_first_sign_in_claims_the_time(client, ada):
    terms.accept(ada.email)
    terms.accept(ada.email.upper())
    accepted_at = TermsAcceptance.objects.get().accepted_at

    log_in(client, ada.email, ada.password)

    assert User.objects.get().terms_accepted_at == accepted_at
    assert not TermsAcceptance.objects.exists()


def test_a_later_sign_in_claims_nothing(client, ada, sign_in):
    """A stranger may have typed the address at the sign-up."""
    sign_in(ada, type(client)())
    terms.accept(ada.email)

    log_in(client, ada.email, ada.password)

    assert User.objects.get().terms_accepted_at is None


def test_old_ones_are_deleted():
    terms.accept("old@example.com")
    old = timezone.now() - timedelta(days=terms.KEPT_DAYS + 1)
    TermsAcceptance.objects.update(accepted_at=old)
    terms.accept("new@example.com")

    call_command("clearsessions")

    (left,) = TermsAcceptance.objects.all()
    assert left.pk == audit.email_digest("new@example.com")
