"""All hosts restarted in turn, under load through the proxy."""

from collections.abc import Callable

from ..browser import FORM_TOKEN
from ..table import Line, at_least, exactly
from .browser import Answer, Browser
from .cluster import Cluster
from .session_checks import answers_of, signed_in
from .watch import Watch

READERS, WRITERS = 4, 2
FORM_PAGE = "/account/sessions/"
# The form answers that this device is signed out already, and notes it in the session.
NO_SESSION = "999999999"


def rolling_restart(cluster: Cluster) -> list[Line]:
    """Restart one host after the other while pages and forms go on."""
    email = cluster.account("rolling")
    browsers = [signed_in(cluster, email) for _ in range(READERS + WRITERS)]
    front = cluster.front.netloc
    reads = [_reading(browser, front) for browser in browsers[:READERS]]
    writes = [_writing(browser, front) for browser in browsers[READERS:]]
    read, written = Watch(), Watch()
    with read.over(reads), written.over(writes):
        for site in cluster.sites:
            cluster.restart_behind_proxy(site)
    alive = sum(answers_of(cluster, browser).count(200) for browser in browsers)
    hosts = len(cluster.sites)
    return [
        exactly("rolling restart: GETs that failed", read.failed, 0),
        at_least("rolling restart: GETs", read.kinds.total(), 100),
        exactly("rolling restart: POSTs that failed", written.failed, 0),
        at_least("rolling restart: POSTs", written.kinds.total(), 50),
        exactly("rolling restart: later answers 200", alive, hosts * len(browsers)),
    ]


def _reading(browser: Browser, front: str) -> Callable[[], Answer]:
    return lambda: browser.get(front)


def _writing(browser: Browser, front: str) -> Callable[[], Answer]:
    token = FORM_TOKEN.search(browser.get(front, FORM_PAGE).body)
    if token is None:
        raise ValueError(f"{FORM_PAGE} has no form")
    text = token[1].decode()
    return lambda: browser.send(front, FORM_PAGE, text, session=NO_SESSION)
