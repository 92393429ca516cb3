"""A host whose clock is half a minute ahead."""

from dataclasses import replace

from ..table import Line, exactly
from . import session_checks
from .cluster import Cluster
from .session_checks import answers_of, signed_in

AHEAD = 30
RESET_PAGE = "/reset-password/"
# accounts.throttling.limits.ACCOUNT_FAILURES.
WRONG_PASSWORDS = 5
SIGN_IN = "POST /auth/login"
NEW_PASSWORD = "another horse battery staple"


def ahead(cluster: Cluster) -> list[Line]:
    """Set the clock of the last host ahead, and use all hosts."""
    browser = signed_in(cluster, cluster.account("clock"))
    with cluster.clock_ahead(cluster.sites[-1], AHEAD):
        good = answers_of(cluster, browser).count(200)
        lines = session_checks.storm(cluster, "clock-storm")
        lines += [_throttled(cluster), _link_works_once(cluster)]
    good += answers_of(cluster, browser).count(200)
    lines.append(exactly("signed in before: answers 200", good, 6))
    return [
        replace(line, what=f"a clock {AHEAD} s ahead: {line.what}") for line in lines
    ]


def _throttled(cluster: Cluster) -> Line:
    """Send wrong passwords to all hosts in turn; Directus may see only some."""
    email = cluster.account("clock-guesses")
    cluster.counter.calls.clear()
    for number in range(3 * WRONG_PASSWORDS):
        site = cluster.sites[number % len(cluster.sites)]
        form = {"email": email, "password": f"wrong {number}"}
        cluster.browser().post(site.netloc, "/login/", page="/login/", **form)
    calls = cluster.counter.calls[SIGN_IN]
    return exactly("wrong passwords that reach Directus", calls, WRONG_PASSWORDS)


def _link_works_once(cluster: Cluster) -> Line:
    """Ask for a link on the first host; use it on the last and on the first one."""
    email = cluster.account("clock-link")
    places = [cluster.sites[-1].netloc, cluster.sites[0].netloc]
    form = "/request-reset-password/"
    cluster.browser().post(places[1], form, page=form, email=email)
    link = cluster.link_mailed_to(email)
    browsers = [cluster.browser() for _ in places]
    tokens = [
        browser.follow(at, link) for browser, at in zip(browsers, places, strict=True)
    ]
    done = 0
    for browser, at, token in zip(browsers, places, tokens, strict=True):
        fields = dict.fromkeys(("new_password", "new_password_again"), NEW_PASSWORD)
        answer = browser.send(at, RESET_PAGE, token, **fields)
        done += answer.location == f"{RESET_PAGE}done/"
    return exactly("uses of a link for a new password", done, 1)
