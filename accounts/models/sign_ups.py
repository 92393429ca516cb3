"""Addresses without a mirrored user yet, by their digests."""

from django.db import models
from django.utils import timezone


class SignUp(models.Model):
    """Sign-ups of an unconfirmed address; see accounts.flows.sign_up."""

    email_digest = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField(default=0)
    # The account that the site created, with the password typed on its page.
    directus_id = models.UUIDField(null=True)
    # No password of a sign-up is accepted: the owner chooses a new one by mail.
    is_void = models.BooleanField(default=False, db_default=False)
    last_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self):
        return self.email_digest


class TermsAcceptance(models.Model):
    """The acceptance of the terms by an address without a mirrored user yet.

    The first sign-in moves it to the user; see accounts.flows.terms.
    """

    email_digest = models.CharField(max_length=64, primary_key=True)
    accepted_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self):
        return self.email_digest
