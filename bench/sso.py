"""Sign-in with a provider: its added time, and what the buttons cost a page."""

import json
import time
from functools import partial

from local.provider import PROVIDER

from .browser import Browser
from .load import Page, ask
from .servers import Servers
from .sign_in import added
from .sso_browser import sign_in_directly, sign_in_through_site
from .table import Line, at_most

PEOPLE = [f"bench{n}" for n in range(8)]
VISITS = 200
# After so many seconds a worker asks Directus for its providers again.
ASKS_EACH = 60


def compare(servers: Servers) -> list[Line]:
    """Compare latency with one client."""
    provider = servers.stack.provider
    if provider is None:
        return []
    for sub in PEOPLE:
        names = {"given_name": "Bench", "family_name": "Example"}
        address = {"email": f"{sub}@example.org", "email_verified": True}
        provider.add_person(sub, **names, **address)
    site = partial(sign_in_through_site, servers.ports)
    direct = partial(sign_in_directly, servers.ports)
    # Users and their rows are created before.
    for way in (direct, site):
        for sub in PEOPLE:
            way(sub)
    what = "sign-in with a provider, 1 client"
    return [added(what, PEOPLE, site, direct, limit=15)]


def buttons(servers: Servers) -> list[Line]:
    """Count the calls for the buttons; the site has to run behind the proxy."""
    if servers.stack.provider is None:
        return []
    servers.proxy.calls.clear()
    began = time.monotonic()
    for _ in range(VISITS):
        status = ask(Page(servers.ports.site, "none=", "/login/"))
        if status != 200:
            raise ValueError(f"/login/ answered {status}")
    calls = servers.proxy.calls.total()
    turns = int((time.monotonic() - began) // ASKS_EACH) + 1
    most = turns * len(servers.worker_memory())
    if f"/sso/{PROVIDER}/" not in Browser(servers.ports.site).sign_in_page():
        raise ValueError("the page has no button")
    host = f"localhost:{servers.ports.site}"
    weighed = json.loads(servers.inside("buttons", host))
    return [
        at_most(f"sign-in page, calls to Directus in {VISITS} visits", calls, most),
        at_most(
            "sign-in page, bytes of HTML for the buttons",
            weighed["with"] - weighed["without"],
            4096,
            reference=str(weighed["without"]),
        ),
    ]
