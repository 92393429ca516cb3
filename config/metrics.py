"""The figures that the processes count for `/metrics`; see docs/monitoring.md.

Labels have few values, all of them from the code: no address, name, id, token or path.
config/gunicorn.py makes the folder in which the workers share their figures; a command
counts for itself alone.
"""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("site_requests", "Answered requests.", ["view", "method", "status"])
REQUEST_SECONDS = Histogram(
    "site_request_seconds", "Time from a request to its answer.", ["view"]
)

CALLS = Counter("site_directus_calls", "Calls to Directus.", ["endpoint", "outcome"])
CALL_SECONDS = Histogram(
    "site_directus_call_seconds",
    "Time of calls to Directus, with the wait for a slot and a retry.",
    ["endpoint"],
)
BREAKER = Gauge(
    "site_directus_breaker_state",
    "The circuit breaker: 0 closed, 1 half-open, 2 open; of the worst worker.",
    multiprocess_mode="livemax",
)
SLOTS = Gauge(
    "site_directus_slots",
    "The most calls to Directus that may run at once.",
    ["kind"],
    multiprocess_mode="livesum",
)
SLOTS_IN_USE = Gauge(
    "site_directus_slots_in_use",
    "Calls to Directus that run now.",
    ["kind"],
    multiprocess_mode="livesum",
)
SLOTS_REFUSED = Counter(
    "site_directus_slots_refused", "Calls that got no slot in time.", ["kind"]
)

REFRESHES = Counter("site_token_refreshes", "Renewed tokens of users.", ["outcome"])
REVALIDATIONS = Counter(
    "site_revalidations", "Questions whether a user is still active.", ["outcome"]
)
THROTTLED = Counter(
    "site_throttled_attempts", "Attempts above a limit of this site.", ["limit"]
)
SIGN_INS = Counter("site_sign_ins", "Attempts to sign in.", ["kind", "outcome"])

# A rate sees the first count only if there was a 0 before.
_REFUSALS = ("refused", "throttled", "no_answer")
for _kind in ("password", "code", "recovery_code", "provider", "break_glass"):
    for _outcome in ("done", *_REFUSALS):
        SIGN_INS.labels(_kind, _outcome)
for _outcome in ("done", "refused", "no_answer"):
    REFRESHES.labels(_outcome)
for _outcome in ("confirmed", "ended", "no_answer"):
    REVALIDATIONS.labels(_outcome)
