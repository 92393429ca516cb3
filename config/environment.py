"""Read the environment and its file, one variable at a time.

The process wins over the file. Blanks around a value are dropped, and an empty variable
counts as one that is not set. A wrong value is refused with one sentence that names the
variable and never the value. The server's master process reads with this too, and keeps
nothing: a reload reads the file again.
"""

import base64
import ipaddress
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from dotenv.parser import parse_stream

from . import colours, web_addresses

BASE_DIR = Path(__file__).resolve().parent.parent
YES = {"1", "true", "yes", "on"}
NO = {"0", "false", "no", "off"}
LINK_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
YEAR = 365 * 24 * 3600
FERNET_KEY_BYTES = 32
# .env.example has this where every site needs a value of its own.
PLACEHOLDER = re.compile("_*change[ _-]?me_*", re.IGNORECASE)
HOW_TO_SET = {
    "DJANGO_SECRET_KEY": "`python -c 'import secrets; "
    "print(secrets.token_urlsafe(50))'` makes one",
    "TOKEN_ENCRYPTION_KEYS": "`python -c 'from cryptography.fernet import Fernet; "
    "print(Fernet.generate_key().decode())'` makes one",
    "DIRECTUS_URL": "it is the address of Directus, such as http://localhost:8055",
    "DIRECTUS_WEBHOOK_SECRET": "`python -c 'import secrets; "
    "print(secrets.token_urlsafe(48))'` makes one",
}


def file_path() -> Path:
    """Return the file that is read: DJANGO_ENV_FILE, or `.env` beside manage.py."""
    return Path(os.environ.get("DJANGO_ENV_FILE") or BASE_DIR / ".env")


def read_file(path: Path) -> dict[str, str]:
    """Return the variables in a file; none where there is no file.

    Raises:
        ImproperlyConfigured: it cannot be read or understood.
    """
    try:
        # With or without the byte order mark of some editors.
        with open(path, encoding="utf-8-sig") as file:
            return parsed(path, file)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ImproperlyConfigured(
            f"{path} cannot be read: {error.strerror}."
        ) from None
    except ValueError:
        raise ImproperlyConfigured(f"{path} is not a text in UTF-8.") from None


def parsed(path: Path, file: IO[str]) -> dict[str, str]:
    """Return the variables in the open file of this path.

    Raises:
        ImproperlyConfigured: it cannot be understood.
    """
    lines = list(parse_stream(file))
    for line in lines:
        if line.error or (line.key is not None and line.value is None):
            number = line.original.line
            text = f"{path}, line {number}, is not like NAME=value, or lacks a quote."
            raise ImproperlyConfigured(text)
    return {line.key: line.value or "" for line in lines if line.key is not None}


class Environment:
    """The variables of the process and of the file.

    Each method takes the name of a variable and its default; all raise
    ImproperlyConfigured for a wrong value.
    """

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        if variables is None:
            variables = read_file(file_path()) | dict(os.environ)
        self._variables = variables

    def require(self, *names: str) -> None:
        """Refuse an environment that lacks variables; each gets a sentence."""
        sentences = [
            _with_advice(
                name, f"is missing: set it in the environment or {file_path()}"
            )
            for name in names
            if not self._variables.get(name, "").strip()
        ]
        if sentences:
            raise ImproperlyConfigured("\n".join(sentences))

    def text(self, name: str, default: Any = "") -> Any:
        """Return a text without line breaks or other control characters."""
        value = self._variables.get(name, "").strip()
        if not value.isprintable():
            raise _wrong(name, "one line, without control characters")
        if PLACEHOLDER.fullmatch(value):
            text = "still has the value of .env.example: choose your own"
            raise ImproperlyConfigured(_with_advice(name, text))
        return value or default

    def secret(self, name: str, least: int) -> str:
        """Return a text of so many characters or more; empty where it is not set."""
        value = self.text(name)
        if value and (len(value) < least or value.startswith("django-insecure-")):
            raise _wrong(name, f"{least} random characters or more")
        return value

    def fernet_keys(self, name: str) -> list[str]:
        """Return keys for Fernet, separated by commas."""
        words = self.words(name)
        if not words or not all(_is_fernet_key(word) for word in words):
            raise _wrong(name, "Fernet keys, separated by commas")
        return words

    def flag(self, name: str, default: bool) -> bool:
        """Return yes or no."""
        value = self.text(name)
        return flag(name, value) if value else default

    def number(self, name: str, default: int, least: int = 0, most: int = YEAR) -> int:
        """Return a whole number between two others."""
        value = self.text(name)
        if not value:
            return default
        if not re.fullmatch("[0-9]{1,12}", value) or not least <= int(value) <= most:
            raise _wrong(name, f"a whole number from {least} to {most}")
        return int(value)

    def seconds(self, name: str, default: float, least: float, most: float) -> float:
        """Return seconds, with or without a fraction."""
        value = self.text(name)
        if not value:
            return default
        is_number = re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value)
        if not is_number or not least <= float(value) <= most:
            raise _wrong(name, f"a number of seconds from {least:g} to {most:g}")
        return float(value)

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        """Return one of several words."""
        value = self.text(name, default)
        if value not in choices:
            raise _wrong(name, f"one of {', '.join(choices)}")
        return value

    def words(self, name: str, default: Any = "") -> list[str]:
        """Return what stands between commas."""
        words = [word.strip() for word in self.text(name, default).split(",")]
        return [word for word in words if word]

    def json(self, name: str, default: Any) -> Any:
        """Return what JSON says."""
        value = self.text(name)
        try:
            return json.loads(value) if value else default
        except (ValueError, RecursionError):
            raise _wrong(name, "JSON, with double quotes around words") from None

    def path(self, name: str, default: Path) -> Path:
        """Return the path of a file or folder."""
        return Path(self.text(name, default))

    def networks(self, name: str) -> list[str]:
        """Return addresses and networks, separated by commas."""
        words = self.words(name)
        for number, word in enumerate(words, 1):
            try:
                ipaddress.ip_network(word, strict=False)
            except ValueError:
                wanted = f"a list of addresses and networks; number {number} is none"
                raise _wrong(name, wanted) from None
        return words

    def hosts(self, name: str, default: list[str]) -> list[str]:
        """Return hosts as browsers send them; `.example.com` and `*` are patterns."""
        found = []
        for number, word in enumerate(self.words(name), 1):
            dot = "." if word.startswith(".") else ""
            try:
                found.append(
                    word if word == "*" else dot + web_addresses.host(word[len(dot) :])
                )
            except ValueError:
                wanted = "a list of hosts without scheme and port"
                raise _wrong(name, f"{wanted}; number {number} is none") from None
        return found or default

    def origin(self, name: str, default: str) -> str:
        """Return scheme, host and port as browsers write them."""
        try:
            return web_addresses.origin(self.text(name, default))
        except ValueError:
            wanted = "http:// or https://, a host and perhaps a port, nothing else"
            raise _wrong(name, wanted) from None

    def address(self, name: str, default: str = "") -> str:
        """Return the address of a server, without a slash at its end."""
        value = self.text(name, default)
        if not value:
            return ""
        try:
            parts = urlsplit(value)
            base = web_addresses.origin(f"{parts.scheme}://{parts.netloc}")
            is_plain = not re.search(r"[\s?#\\]", value)
        except ValueError:
            is_plain = False
        if not is_plain:
            raise _wrong(name, "http(s)://host[:port][/path], without a password")
        return base + parts.path.rstrip("/")

    def link(self, name: str) -> str:
        """Return the address of a page, as browsers follow it."""
        value = self.text(name)
        if value and not web_addresses.is_link(value):
            raise _wrong(name, "http(s)://host[:port][/path], without a password")
        return value

    def mailbox(self, name: str) -> str:
        """Return a plain mail address."""
        value = self.text(name)
        if not value:
            return ""
        try:
            return web_addresses.mailbox(value)
        except ValueError:
            wanted = "a mail address, such as support@example.com"
            raise _wrong(name, wanted) from None

    def colour(self, name: str) -> str:
        """Return a colour as `#rrggbb`."""
        value = self.text(name)
        try:
            return colours.normal(value) if value else ""
        except ValueError:
            raise _wrong(name, "a colour, such as #0b57d0") from None

    def links(self, name: str) -> dict[str, str]:
        """Return addresses of pages by their names: `name=https://…`, with commas."""
        found = {}
        for number, word in enumerate(self.words(name), 1):
            key, _, link = word.partition("=")
            if (
                not LINK_NAME.fullmatch(key)
                or key in found
                or not web_addresses.is_link(link)
            ):
                wanted = "a list of name=https://host/path"
                raise _wrong(name, f"{wanted}; number {number} is none")
            found[key] = link
        return found


def flag(name: str, value: str) -> bool:
    """Return yes or no; raise ImproperlyConfigured for anything else."""
    if value.lower() not in YES | NO:
        raise _wrong(name, "`on` or `off`")
    return value.lower() in YES


def _is_fernet_key(text: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(text)) == FERNET_KEY_BYTES
    except ValueError:
        return False


def _wrong(name: str, wanted: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(_with_advice(name, f"must be {wanted}"))


def _with_advice(name: str, text: str) -> str:
    advice = f"; {HOW_TO_SET[name]}" if name in HOW_TO_SET else ""
    return f"{name} {text}{advice}."
