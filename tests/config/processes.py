"""A site in a process of its own, with an environment made up for it."""

import os
import subprocess
import sys
from pathlib import Path

from cryptography.fernet import Fernet
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
KEY = Fernet.generate_key().decode()
# Long, and not one character over and over.
SECRET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def environment(tmp_path, **variables):
    """Return the environment of a site; None leaves a variable out."""
    usual = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DJANGO_ENV_FILE": "/nonexistent",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DJANGO_SECRET_KEY": SECRET,
        "TOKEN_ENCRYPTION_KEYS": KEY,
        "DIRECTUS_URL": "http://127.0.0.1:1",
        "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
        "PUBLIC_URL": "https://www.example.com",
        "TRUSTED_PROXIES": "10.0.0.0/8",
        "EMAIL_URL": "smtp+tls://mail.example.com:587",
        "DIRECTUS_SERVICE_TOKEN": "a-static-token",
        "STATIC_ROOT": str(tmp_path),
    }
    merged = usual | variables
    return {name: value for name, value in merged.items() if value is not None}


def run(tmp_path, *command, stdin="", **variables):
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment(tmp_path, **variables),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
