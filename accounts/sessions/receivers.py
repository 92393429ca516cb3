"""Store Directus' tokens at sign-in, revoke them at sign-out; forget changed rows.

Not in the backend: `login()` may flush the session after `authenticate()`. Other apps
send these signals, too, without a request or with another kind of session: then nothing
happens.
"""

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib.auth import models as auth_models
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import DatabaseError, transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from config.request import Request

from ..core import audit, row_cache
from ..web import known_devices
from . import SessionStore, current


@receiver([post_save, post_delete], sender=settings.AUTH_USER_MODEL)
def read_anew(sender, instance, **kwargs):
    """Let the next request of a changed or deleted user read its row."""
    row_cache.invalidate(sender, [instance.pk])


@receiver(user_logged_in)
def keep_tokens(sender, request, user, **kwargs):
    """Store the tokens of the signed-in user in the session."""
    if not _has_our_session(request):
        return
    # The key is new, so the row has no tokens of another request.
    if request.session.tokens.are_held:
        current.revoke_tokens(request)
    provider = getattr(user, "sso_provider", "")
    tokens = getattr(user, "directus_tokens", None)
    # Saved now, not after the view: `login()` must fail with this.
    request.session.begin(
        user,
        request,
        provider,
        is_kept=getattr(user, "keeps_session", True),
        tokens=tokens,
    )
    if tokens is not None:
        del user.directus_tokens
    facts: dict[str, Any] = {"provider": provider} if provider else {}
    if not known_devices.knows_user(request, user):
        facts["new_device"] = True
    # An error of the audit trail stops no sign-in.
    with suppress(DatabaseError), transaction.atomic():
        audit.record("sign_in.done", request, user=user, **facts)


# Django connects its own receiver with this id, unless there is one.
@receiver(user_logged_in, dispatch_uid="update_last_login")
def update_last_login(sender, user, **kwargs):
    """Store the time of a sign-in, unless it was stored with the profile."""
    if not getattr(user, "last_login_is_stored", False):
        auth_models.update_last_login(sender, user, **kwargs)


@receiver(user_logged_out)
def revoke_tokens(sender, request, user, **kwargs):
    """Revoke the session's tokens at Directus."""
    if not _has_our_session(request):
        return
    current.revoke_tokens(request)
    audit.record("sign_out", request, user=user)


def _has_our_session(request: Request) -> bool:
    return isinstance(getattr(request, "session", None), SessionStore)
