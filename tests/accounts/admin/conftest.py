"""Browsers of staff, and the user whom they look at."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from tests.fake_directus import ADMINISTRATOR

from .paths import LOCAL


@pytest.fixture
def root(directus, settings, sign_in):
    """A browser of a superuser."""
    settings.DIRECTUS_STAFF_ROLES = [ADMINISTRATOR]
    settings.DIRECTUS_SUPERUSER_ROLES = [ADMINISTRATOR]
    person = directus.add_user("root@example.com", role=ADMINISTRATOR)
    return sign_in(person, Client())


@pytest.fixture
def editor(directus, settings, sign_in):
    """A browser of a member of the staff who may view, change and end."""
    settings.DIRECTUS_STAFF_ROLES = ["Editor"]
    person = directus.add_user("editor@example.com", role="Editor")
    browser = sign_in(person, Client())
    user = User.objects.get(email=person.email)
    names = ("view_user", "change_user", "view_session", "delete_session")
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return browser


@pytest.fixture
def shadow(signed_in_client, ada):
    """Ada's local row; she is signed in."""
    return User.objects.get(email=ada.email)


@pytest.fixture
def local():
    """The local administrator: Django itself checks the password."""
    return User.objects.create_superuser(*LOCAL)


@pytest.fixture
def events(caplog):
    """A function that returns the names of the events so far."""

    def names():
        return [getattr(record, "event", "") for record in caplog.records]

    return names


@pytest.fixture
def suspended(root, shadow, ada, directus):
    """Ada's row, after she was suspended in Directus."""
    ada.status = "suspended"
    User.objects.filter(pk=shadow.pk).update(status="suspended", is_active=False)
    shadow.refresh_from_db()
    return shadow
