"""Compare the site's needs with the state of Directus, and make the changes.

Plain functions and dataclasses that take a DirectusClient; no settings, no models.
Everything that the site makes has a fixed id, so that it is recognised under any
name and nothing else is changed.
"""

from ...directus.ids import SiteIds
from .admin import AdminCredentials, admin_client
from .apply import apply_plan, new_token
from .changes import Change
from .environment import directus_environment
from .errors import ProvisioningError
from .owner import refuse_another_site
from .plan import Plan, make_plan
from .rendering import render_plan
from .server import Server
from .state import State, read_state, token_belongs_to
from .wanted import UNCHANGED, Options
from .webhook import Webhook

__all__ = [
    "UNCHANGED",
    "AdminCredentials",
    "Change",
    "Options",
    "Plan",
    "ProvisioningError",
    "Server",
    "SiteIds",
    "State",
    "Webhook",
    "admin_client",
    "apply_plan",
    "directus_environment",
    "make_plan",
    "new_token",
    "read_state",
    "refuse_another_site",
    "render_plan",
    "token_belongs_to",
]
