"""Addresses of the admin, and helpers for its lists."""

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission

from accounts.models import User

USERS = "/admin/accounts/user/"
SESSIONS = "/admin/accounts/session/"
LOCAL = ("local@example.com", "the local administrator's")


def act(browser, action, *users, path=USERS):
    data = {"action": action, "_selected_action": [user.pk for user in users]}
    return browser.post(path, data, follow=True)


def confirm(browser, action, *users):
    """Choose an action in the list of users, and say yes to it."""
    data = {
        "action": action,
        "_selected_action": [user.pk for user in users],
        "post": "yes",
    }
    return browser.post(USERS, data, follow=True)


def press(browser, user, action):
    """Press a button on a user's own page, and say yes to it."""
    path = f"{USERS}{user.pk}/{action}/"
    return browser.post(path, {"post": "yes"}, follow=True)


def allow(*names):
    """Give the editor these permissions, and no others."""
    me = User.objects.get(email="editor@example.com")
    me.user_permissions.set(Permission.objects.filter(codename__in=names))


def log_of(user):
    """Return the lines about a user in the admin's log."""
    return [str(e) for e in LogEntry.objects.filter(object_id=user.pk)]
