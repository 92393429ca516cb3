"""Whether the site or Directus will mail the links of sign-up, reset and invitation.

The settings decide when the site starts. A set-up decides the same for the settings
that it is about to complete.
"""

from dataclasses import dataclass

SITE, DIRECTUS = "site", "directus"


@dataclass(frozen=True)
class Mails:
    """The sender, `site` or `directus`, and the reason in words."""

    sender: str
    reason: str

    @property
    def are_from_site(self) -> bool:
        """Whether the site sends them."""
        return self.sender == SITE


def mails_after_set_up(
    *, chosen: str, has_server: bool, has_token: bool, has_role: bool
) -> Mails:
    """Return the sender of the mails once the set-up is done.

    Args:
        chosen: ACCOUNT_MAILS, empty where it is not set.
        has_server: whether EMAIL_URL names a mail server.
        has_token: whether the site has a service token, or gets one now.
        has_role: the same for the customers' role, DIRECTUS_CUSTOMER_ROLE.
    """
    lacks = [
        text
        for text, is_there in (
            ("EMAIL_URL is empty", has_server),
            ("the site has no service token", has_token),
            ("DIRECTUS_CUSTOMER_ROLE is empty", has_role),
        )
        if not is_there
    ]
    if chosen:
        reason = "it is set"
        if chosen == SITE and lacks:
            reason += f", but {' and '.join(lacks)}"
        return Mails(chosen, reason)
    if lacks:
        return Mails(DIRECTUS, " and ".join(lacks))
    return Mails(SITE, "EMAIL_URL is set, and the site has a service token")
