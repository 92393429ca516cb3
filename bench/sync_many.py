"""directus_sync of 100 000 users: time, memory, and what it does when half are gone."""

from .many_users import remove_half
from .servers import Servers
from .sync import EMPTY, FLAT_MB, against, database_url, run_inside, set_number, sync
from .table import Line, at_most, exactly

USERS = 100_000


def compare(servers: Servers) -> list[Line]:
    """Measure once: a round takes a minute."""
    servers.manage("migrate", "--no-input", DATABASE_URL=database_url(EMPTY))
    try:
        fifth = sync(servers, set_number(servers, USERS // 5), fresh=True)
        number = set_number(servers, USERS)
        fetched = run_inside(servers, number, "fetch")
        first = sync(servers, number, fresh=True)
        again = sync(servers, number, fresh=False)
        remove_half(servers.state.folder)
        braked = run_inside(servers, number, "braked-sync")
    finally:
        set_number(servers, 0)
    grown = first["peak_mb"] - fifth["peak_mb"]
    reference = f"{fifth['peak_mb']:.0f} MB"
    return [
        against(f"directus_sync of {USERS} new users", (first,), (fetched,)),
        against(f"directus_sync of {USERS} known users", (again,), (fetched,)),
        at_most(
            f"directus_sync, memory for {USERS} users against {USERS // 5}",
            grown,
            # FLAT_MB are for 10 000 users more.
            FLAT_MB * (USERS - USERS // 5) / 10_000,
            unit="MB",
            reference=reference,
        ),
        exactly("users it deactivates when half are gone", braked["lost"], 0),
        at_most("the same, seconds until it refuses", braked["seconds"], 60, unit="s"),
    ]
