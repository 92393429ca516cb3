"""Every mail with facts made up, to be looked at and for tests."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import translation

from ..core import mail_texts
from ..models import User
from ..web.user_agent import browser_in_words

MOMENT = datetime(2026, 11, 30, 21, 10, tzinfo=UTC)
TOKEN = "Vq3-xy_zAbCdEfGhIjKlMnOpQrStUvWxYz012345678"
PROVIDER = "Example ID"
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
)
ZONES = {
    "en-gb": "Europe/London",
    "de": "Europe/Berlin",
    "fr": "Europe/Paris",
    "es": "Europe/Madrid",
    "pt-br": "America/Sao_Paulo",
    "ja": "Asia/Tokyo",
}


@dataclass(frozen=True)
class Sample:
    """A mail, as one of the site's flows asks for it.

    Attributes:
        name: of the template.
        facts: the values of the flow.
        has_cause: whether the mail names the browser that caused it.
        provider: the label of the user's provider; empty for a password.
    """

    name: str
    facts: dict[str, Any] = field(default_factory=dict)
    has_cause: bool = True
    provider: str = ""

    @property
    def label(self) -> str:
        """The name, different for users of a provider."""
        is_other = self.provider and "provider" not in self.name
        return f"{self.name}-of-provider" if is_other else self.name


def _link(path: str, hours: int) -> dict[str, Any]:
    link = f"{settings.PUBLIC_URL}/{path}/?token={TOKEN}"
    return {"link": link, "hours": hours}


DELETE_AT = {"delete_at": datetime(2026, 12, 13, 23, 30, tzinfo=UTC)}
SESSIONS = {"sessions_path": "/account/sessions/"}
SAMPLES = (
    Sample("sign_up_confirm", _link("verify-email", 72)),
    Sample("sign_up_taken"),
    Sample("sign_up_taken", provider=PROVIDER),
    Sample("password_reset", _link("reset-password", 1)),
    Sample("password_reset_provider", provider=PROVIDER),
    Sample("invitation", _link("invite", 168), has_cause=False),
    Sample("email_confirm", _link("account/email/confirm", 24), has_cause=False),
    Sample("email_taken", has_cause=False),
    Sample("email_change_asked"),
    Sample("email_changed"),
    Sample("password_changed"),
    Sample("new_device", SESSIONS),
    Sample("new_device", SESSIONS, provider=PROVIDER),
    Sample("two_factor_on"),
    Sample("two_factor_on", provider=PROVIDER),
    Sample("two_factor_off"),
    Sample("two_factor_off", provider=PROVIDER),
    Sample("two_factor_recovered", {"codes_left": 3}),
    Sample("two_factor_recovered", {"codes_left": 1}, provider=PROVIDER),
    Sample("deletion_asked", DELETE_AT),
    Sample("deletion_asked", DELETE_AT, provider=PROVIDER),
    Sample("deletion_cancelled"),
    Sample("deletion_cancelled", provider=PROVIDER),
    Sample("deletion_done", has_cause=False),
)


def recipient(language: str) -> User:
    """Return the user that a sample is for, in a time zone of the language."""
    return User(
        email="erika@example.com",
        directus_id=UUID(int=1),
        first_name="Erika",
        last_name="Example",
        time_zone=ZONES[language],
    )


def written(
    sample: Sample, language: str, user: User | None = None
) -> mail_texts.Written:
    """Return a sample in a language, for this user if it is for a certain one."""
    user = user or recipient(language)
    context = {"user": user, "moment": MOMENT, "provider": sample.provider}
    if sample.has_cause:
        with translation.override(language):
            browser = browser_in_words(AGENT)
        context |= {"address": "203.0.113.7", "browser": browser}
    return mail_texts.written(sample.name, language, user.email, context | sample.facts)
