"""Logs as one JSON object a line, without secrets.

The handler's filter is the last net: callers log ids and codes in the first place.
"""

import logging
import logging.config
import re
from typing import Any

from django.views.debug import SafeExceptionReporterFilter
from pythonjsonlogger.json import JsonFormatter

from .middleware import current_request_id

SECRET_NAMES = (
    "password|passwd|otp|token|secret|authorization|cookie|api_?key|encryption"
)
# A JWT, or the value of anything that is called like a secret.
SECRET = re.compile(
    r"eyJ[\w-]{6,}(?:\.[\w-]*){0,2}"
    rf"|(?P<name>[\w-]*(?:{SECRET_NAMES})[\w-]*[\"']?\s*[:=]\s*[\"']?)"
    r"(?:bearer\s+)?[^\s\"'&,;})]+",
    re.IGNORECASE,
)
MASK = "[hidden]"


def mask(text: str) -> str:
    """Return the text with everything that looks like a secret replaced."""
    return SECRET.sub(lambda match: (match["name"] or "") + MASK, text)


class SecretsFilter(logging.Filter):
    """Mask secrets in the message, and add the request's id."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_request_id.get()
        record.msg = mask(record.getMessage())
        record.args = ()
        # Django attaches the request itself, whose repr shows the full path.
        record.__dict__.pop("request", None)
        return True


class JSONFormatter(JsonFormatter):
    """One JSON object a line; line breaks and control characters are escaped."""

    def formatException(self, ei: Any) -> str:
        return mask(super().formatException(ei))


class ReporterFilter(SafeExceptionReporterFilter):
    """Hide in error reports what Django does not know to be secret."""

    hidden_settings = re.compile(
        rf"API|AUTH|TOKEN|KEY|SECRET|PASS|SIGNATURE|HTTP_COOKIE|DIRECTUS|DATABASE|CACHE"
        rf"|{SECRET_NAMES}",
        re.IGNORECASE,
    )

    def is_active(self, request: Any) -> bool:
        return True


def configure(options: dict[str, Any]) -> None:
    """Set logging up; called by Django with settings.LOGGING."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"secrets": {"()": SecretsFilter}},
            "formatters": {
                "json": {
                    "()": "config.logs.JSONFormatter",
                    "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s"
                    " %(request_id)s",
                }
            },
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "formatter": "json",
                    "filters": ["secrets"],
                }
            },
            "root": {"level": options["level"], "handlers": ["stderr"]},
        }
    )
