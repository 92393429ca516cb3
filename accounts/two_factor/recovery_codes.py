"""Create, store and use recovery codes.

Each code contains the key to the secret of the authenticator app. The database has a
digest of the code and the sealed secret, both made with DJANGO_SECRET_KEY, too: without
a code, not even the site can open the secret.
"""

import base64
import secrets

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from ..models import RecoveryCode, User
from .totp import in_groups, plain

HOW_MANY = 10
# In base32: 80 random bits.
LENGTH = 16
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
# Digits that look like these letters.
LOOK_ALIKES = str.maketrans("018", "OIB")


@sensitive_variables("secret", "codes")
@transaction.atomic
def replace_codes(user: User, secret: str) -> list[str]:
    """Return new codes, which are shown once; delete the old ones.

    Args:
        secret: the present secret of the app.
    """
    codes = [_new_code() for _ in range(HOW_MANY)]
    void_codes(user)
    RecoveryCode.objects.bulk_create(_row(user, code, secret) for code in codes)
    return [in_groups(code, "-") for code in codes]


def void_codes(user: User) -> None:
    """Delete all codes of a user, because their secret is no longer used."""
    RecoveryCode.objects.filter(user=user).delete()


def codes_left(user: User) -> int:
    """Return the number of unused codes of a user."""
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


def exist_for(email: str) -> bool:
    """Return whether the user with this address has unused codes."""
    return _unused(email).exists()


@sensitive_variables()
def normalised(text: str) -> str:
    """Return a typed code in its original form.

    Raises:
        ValueError: it has characters that no code has.
    """
    code = plain(text).upper().translate(LOOK_ALIKES)
    if not set(code) <= set(ALPHABET):
        raise ValueError("not the characters of a recovery code")
    return code


@sensitive_variables("code")
def find(email: str, code: str) -> RecoveryCode | None:
    """Return the unused code of the user with this address."""
    for row in _unused(email).select_related("user"):
        digests = (_digest(row.user_id, code, key) for key in _keys())
        if any(secrets.compare_digest(row.digest, digest) for digest in digests):
            return row
    return None


def claim(row: RecoveryCode) -> bool:
    """Use a code; only one of several parallel requests gets True."""
    rows = RecoveryCode.objects.filter(pk=row.pk, used_at=None)
    return bool(rows.update(used_at=timezone.now()))


def give_back(row: RecoveryCode) -> None:
    """Make a claimed code usable again."""
    RecoveryCode.objects.filter(pk=row.pk).update(used_at=None)


@sensitive_variables("code")
def secret_in(row: RecoveryCode, code: str) -> str | None:
    """Return the secret of the app, which only the code opens."""
    for key in _keys():
        try:
            return _box(row.user_id, code, key).decrypt(row.sealed_secret).decode()
        except InvalidToken:
            continue
    return None


def _unused(email: str) -> QuerySet[RecoveryCode]:
    users = get_user_model().objects.with_email(email).filter(directus_id__isnull=False)
    return RecoveryCode.objects.filter(user__in=users, used_at=None)


def _new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


@sensitive_variables()
def _row(user: User, code: str, secret: str) -> RecoveryCode:
    key = settings.SECRET_KEY
    sealed = _box(user.pk, code, key).encrypt(secret.encode()).decode()
    return RecoveryCode(
        user=user, digest=_digest(user.pk, code, key), sealed_secret=sealed
    )


@sensitive_variables()
def _digest(user_id: int, code: str, key: str) -> str:
    return _derived("digest", user_id, code, key).hex()


@sensitive_variables()
def _box(user_id: int, code: str, key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derived("seal", user_id, code, key)))


@sensitive_variables()
def _derived(purpose: str, user_id: int, code: str, key: str) -> bytes:
    info = f"accounts.recovery:{purpose}:{user_id}".encode()
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=key.encode(), info=info)
    return hkdf.derive(code.encode())


def _keys() -> list[str]:
    """Return the keys of present and older codes, the newest first."""
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
