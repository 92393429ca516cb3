"""The stack's state folder: what is made once and kept, readable to its owner alone."""

import base64
import contextlib
import fcntl
import json
import os
import secrets
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .problem import Problem

ADMIN_EMAIL = "admin@example.com"


class State:
    """One stack's folder: `.local/` of a checkout, or a test run's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.directus = folder / "directus"
        self.mail = folder / "mail"
        self.mail_samples = folder / "mail-samples"
        self.log = folder / "log"
        self.site_env = folder / "site.env"
        self.credentials = folder / "credentials.json"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            for each in (self.directus, self.mail, self.log):
                each.mkdir(exist_ok=True)
        except OSError as error:
            raise Problem(f"{folder} cannot be written to: {error.strerror}.") from None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep a second stack from starting on this folder."""
        with open(self.folder / "lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Problem("This checkout's stack is running already.") from None
            yield

    def secrets(self) -> dict[str, str]:
        """Return the passwords and keys, made on the first call."""
        path = self.folder / "secrets.json"
        if not path.exists():
            write_private(path, json.dumps(_new_secrets(), indent=2) + "\n")
        kept: dict[str, str] = json.loads(path.read_text())
        if missing := _new_secrets().keys() - kept.keys():
            # The file of an older checkout lacks one of them.
            kept |= {name: _new_secrets()[name] for name in missing}
            write_private(path, json.dumps(kept, indent=2) + "\n")
        return kept

    def save_credentials(self, credentials: Mapping[str, Any]) -> None:
        """Write down for people and checks what the stack answers to."""
        write_private(self.credentials, json.dumps(credentials, indent=2) + "\n")

    def save_site_env(self, values: Mapping[str, str]) -> None:
        """Set these variables in site.env and leave all other lines as they are."""
        old = self.site_env.read_text() if self.site_env.exists() else ""
        kept = [line for line in old.splitlines() if line.split("=")[0] not in values]
        lines = [f"{name}={value}" for name, value in values.items()]
        write_private(self.site_env, "\n".join(lines + kept) + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, all at once."""
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    with open(
        os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
    ) as file:
        file.write(text)
    partial.rename(path)


def _new_secrets() -> dict[str, str]:
    return {
        "directus_key": str(uuid.uuid4()),
        "directus_secret": secrets.token_urlsafe(48),
        "admin_password": _password("Admin"),
        "admin_token": secrets.token_urlsafe(32),
        "customer_password": _password("Demo"),
        "django_secret_key": secrets.token_urlsafe(64),
        "webhook_secret": secrets.token_urlsafe(48),
        "provider_client_secret": secrets.token_urlsafe(32),
        "provider_cookie_key": secrets.token_urlsafe(32),
        # What cryptography's Fernet.generate_key() returns.
        "token_encryption_key": base64.urlsafe_b64encode(os.urandom(32)).decode(),
    }


def _password(word: str) -> str:
    """Return a password that can be typed, and that any policy accepts."""
    return f"{word}-{1000 + secrets.randbelow(9000)}-{secrets.token_hex(4)}"
