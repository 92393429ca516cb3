"""The site's footprint: memory per worker, and bytes that a visitor loads."""

from . import weight
from .servers import Servers
from .table import Line, at_most


def memory(servers: Servers) -> list[Line]:
    """Look at the workers of the site that runs; they should have worked before."""
    resident = servers.worker_memory()
    what = f"resident memory of the largest of {len(resident)} workers, after the load"
    return [at_most(what, max(resident), 120, unit="MB")]


def sign_in_page(servers: Servers) -> list[Line]:
    """Weigh what a browser with an empty cache loads."""
    sizes = weight.load(f"http://localhost:{servers.ports.site}/login/")
    kilobytes = sum(sizes.values()) / 1024
    return [
        at_most("sign-in page, nothing cached: bytes", kilobytes, 60, unit="KB"),
        at_most("sign-in page, nothing cached: requests", len(sizes), 6),
    ]
