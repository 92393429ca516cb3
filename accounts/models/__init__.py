"""The rows of the database. Nothing here calls Directus."""

from .attempts import Attempts
from .audit import AccountEvent
from .mails import MailedLink, OutgoingMail
from .operations import HealthReport, Revocation, SyncEnd, SyncPosition
from .sessions import Session, SsoAttempt
from .sign_ups import SignUp, TermsAcceptance
from .users import RecoveryCode, RoleMembership, User

__all__ = [
    "AccountEvent",
    "Attempts",
    "HealthReport",
    "MailedLink",
    "OutgoingMail",
    "RecoveryCode",
    "Revocation",
    "RoleMembership",
    "Session",
    "SignUp",
    "SsoAttempt",
    "SyncEnd",
    "SyncPosition",
    "TermsAcceptance",
    "User",
]
