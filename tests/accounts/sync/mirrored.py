"""Helpers for tests of directus_sync: the command, and the rows that it leaves."""

import uuid
from io import StringIO

from django.core.management import call_command
from django.utils import timezone

from accounts.models import Session, User


def run(**options):
    """Run directus_sync; return what it prints."""
    output = StringIO()
    call_command("directus_sync", stdout=output, no_color=True, **options)
    return output.getvalue()


def session_of(user):
    key = uuid.uuid4().hex
    return Session.objects.create(
        session_key=key, user=user, expire_date=timezone.now(), session_data=""
    )


def local(person):
    return User.objects.get(directus_id=person.id)
