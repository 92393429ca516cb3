"""Logs as one JSON object a line, without secrets.

The formatter is the last net: callers log ids and codes in the first place.
"""

import logging
import logging.config
import re
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from accounts.directus import TryLater
from accounts.directus.tracing import current_trace

from .middleware import current_request_id
from .outages import is_database_away

SECRET_NAMES = (
    "password|passwd|otp|token|secret|authorization|cookie|credential|api_?key"
    "|encryption|sealed"
)
# A JWT, or the value of anything that is called like a secret. Bounded repetitions
# alone: text that a visitor wrote must not take long.
SECRET = re.compile(
    r"eyJ[\w-]{6,4096}(?:\.[\w-]{0,4096}){0,2}"
    # The answer of a single sign-on provider, in an address.
    r"|(?P<query>[?&](?:code|state)=)[^\s\"'&]{1,4096}"
    rf"|(?P<name>(?:{SECRET_NAMES})[\w-]{{0,32}}[\"']?\s{{0,3}}[:=]\s{{0,3}})"
    r"(?:bearer\s{1,3})?"
    r"(?:\"[^\"]{0,4096}\"?|'[^']{0,4096}'?|[^\s\"'&,;})]{1,4096})",
    re.IGNORECASE,
)
MASK = "[hidden]"
LONGEST_REASON = 200
# The attributes of every log record; the caller added any other.
USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def mask(text: str) -> str:
    """Return the text with everything that looks like a secret replaced."""
    return SECRET.sub(
        lambda match: (match["name"] or match["query"] or "") + MASK, text
    )


class JSONFormatter(JsonFormatter):
    """One JSON object a line, without secrets, with the ids of request and trace.

    Times are in UTC and say so. Line breaks and control characters are escaped.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Write a masked copy: other handlers get the record as it came."""
        facts = vars(record) | {"msg": mask(_message(record)), "args": ()}
        if cause := _outer_cause(record):
            facts |= {"msg": f"{facts['msg']} ({cause})", "exc_info": None}
        # Django attaches the request itself; its repr shows the full path.
        facts.pop("request", None)
        # Perhaps already written by a handler that masks nothing.
        facts["exc_text"] = None
        for name in facts.keys() - USUAL:
            if not isinstance(facts[name], (bool, int, float, type(None))):
                facts[name] = mask(str(facts[name]))
        facts["request_id"] = current_request_id.get()
        trace = current_trace.get()
        facts["trace_id"] = trace.id if trace else ""
        return super().format(logging.makeLogRecord(facts))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Return the time in ISO 8601, with milliseconds and the offset of UTC."""
        moment = datetime.fromtimestamp(record.created, UTC)
        return moment.isoformat(timespec="milliseconds")

    def formatException(self, ei: Any) -> str:
        return mask(logging.Formatter.formatException(self, ei))


def _outer_cause(record: logging.LogRecord) -> str:
    """Return why Django refused a request, or what was away, in place of a traceback.

    Empty for all other lines: a fault of the site keeps its traceback.
    """
    if not record.name.startswith(("django.request", "django.security")):
        return ""
    if getattr(record, "status_code", 500) == 500:
        return ""
    outage = getattr(getattr(record, "request", None), "outage", None)
    error = record.exc_info[1] if record.exc_info else outage
    if error is None:
        return ""
    reason = ""
    if isinstance(error, TryLater) or is_database_away(error):
        reason = (str(error).splitlines() or [""])[0][:LONGEST_REASON]
    return mask(f"{type(error).__name__}: {reason}".removesuffix(": "))


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        # A mistake in a log line must not become an error of the page.
        return str(record.msg)


def configure(options: dict[str, Any]) -> None:
    """Set logging up; called by Django with settings.LOGGING."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": "config.logs.JSONFormatter",
                    "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s"
                    " %(request_id)s %(trace_id)s",
                }
            },
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "formatter": "json",
                }
            },
            # Django's own handlers would print and mail unfiltered records.
            "loggers": {
                "django": {"handlers": [], "level": "NOTSET"},
                "django.server": {"handlers": [], "propagate": True},
                # At DEBUG these print whole contexts: forms, users, requests.
                "django.template": {"level": "INFO"},
                "crispy_forms": {"level": "INFO"},
                # These print each address: that of the service for breached passwords
                # has digits of a digest in it.
                "httpx": {"level": "WARNING"},
                "httpcore": {"level": "WARNING"},
            },
            "root": {"level": options["level"], "handlers": ["stderr"]},
        }
    )
