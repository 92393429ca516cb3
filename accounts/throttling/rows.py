"""The statements that count and settle several attempts at once.

Each of them reaches its rows in the order of their keys, so that parallel statements
wait for each other and never in a circle.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import DurationField
from django.utils import timezone

from ..models import Attempts

if TYPE_CHECKING:
    from .limits import Attempt

# Opens the first window, counts in an open window with room, or opens the window after
# one that was not used up. PostgreSQL and SQLite share this syntax; Django's upsert
# takes no condition.
COUNT = """
    INSERT INTO accounts_attempts
        ("key", "count", in_flight, strikes, window_ends_at, in_flight_until)
    VALUES {rows}
    ON CONFLICT ("key") DO UPDATE SET
        "count" = CASE
            WHEN accounts_attempts.window_ends_at > %s
            THEN accounts_attempts."count" + 1 ELSE 1 END,
        in_flight = excluded.in_flight + CASE
            WHEN accounts_attempts.window_ends_at > %s
                AND accounts_attempts.in_flight_until > %s
            THEN accounts_attempts.in_flight ELSE 0 END,
        strikes = CASE
            WHEN accounts_attempts.window_ends_at > %s
            THEN accounts_attempts.strikes ELSE 0 END,
        window_ends_at = CASE
            WHEN accounts_attempts.window_ends_at > %s
            THEN accounts_attempts.window_ends_at ELSE excluded.window_ends_at END,
        in_flight_until = excluded.in_flight_until
    WHERE accounts_attempts."count" < CASE excluded."key" {limits} END
"""
TIMES_OF_NOW = 5
LONGEST_SECONDS = 365 * 24 * 3600
SETTLE = """
    UPDATE accounts_attempts SET
        "count" = CASE WHEN "key" IN ({failed}) THEN "count"
            WHEN "key" IN ({succeeded}) THEN in_flight - {settled}
            WHEN "count" > 0 THEN "count" - 1 ELSE 0 END,
        in_flight = in_flight - {settled},
        strikes = CASE WHEN "key" IN ({succeeded}) THEN 0 ELSE strikes END,
        window_ends_at = CASE {longer} ELSE window_ends_at END
    WHERE "key" IN ({locked})
    RETURNING "key", in_flight
"""
SETTLED = "CASE WHEN in_flight > 0 THEN 1 ELSE 0 END"


def count(attempts: Sequence["Attempt"], now: datetime, lease: datetime) -> int:
    """Count those attempts that have room, with one statement; return their number.

    Args:
        attempts: of different keys.
        now: the present time.
        lease: the end of the time in which they have to be settled.
    """
    rows: list[Any] = []
    limits: list[Any] = []
    for attempt in sorted(attempts, key=lambda each: each.key):
        limit = attempt.limit
        ends_at = now + timedelta(seconds=limit.windows[0])
        rows += [attempt.key, int(limit.settles), _column(ends_at), _column(lease)]
        limits += [attempt.key, limit.attempts]
    values = [*rows, *[_column(now)] * TIMES_OF_NOW, *limits]
    return _execute(_count(len(attempts)), values)


@cache
def _count(number: int) -> str:
    return COUNT.format(
        rows=", ".join(["(%s, 1, %s, 0, %s, %s)"] * number),
        limits=" ".join(["WHEN %s THEN %s"] * number),
    )


def settle(
    *,
    failed: Sequence["Attempt"] = (),
    undone: Sequence["Attempt"] = (),
    succeeded: Sequence["Attempt"] = (),
) -> None:
    """Settle attempts together, each as the methods of `Attempt` settle one.

    Args:
        failed: they stay counted.
        undone: they no longer count.
        succeeded: all earlier failures of theirs are deleted.
    """
    if not (failed or undone or succeeded):
        return
    if not succeeded:
        _settle(failed, undone, ())
        return
    with transaction.atomic(savepoint=False):
        rows = _settle(failed, undone, succeeded)
        # A row that is new meanwhile is not locked, and stays.
        keys = {attempt.key for attempt in succeeded}
        ended = [key for key, in_flight in rows if key in keys and not in_flight]
        if ended:
            sql = f'DELETE FROM accounts_attempts WHERE "key" IN ({_marks(ended)})'  # noqa: S608
            _execute(sql, ended)


def _settle(
    failed: Sequence["Attempt"],
    undone: Sequence["Attempt"],
    succeeded: Sequence["Attempt"],
) -> list[tuple[str, int]]:
    """Update the rows; return the key and the number in flight of each."""
    failed_keys = [each.key for each in failed]
    succeeded_keys = [each.key for each in succeeded]
    keys = [*failed_keys, *succeeded_keys, *(each.key for each in undone)]
    longer = [each for each in failed if each.limit.longer_by]
    sql = SETTLE.format(
        failed=_marks(failed_keys) or "NULL",
        succeeded=_marks(succeeded_keys) or "NULL",
        settled=SETTLED,
        longer=" ".join([_longer()] * len(longer)) or "WHEN FALSE THEN NULL",
        locked=_locked(keys),
    )
    params = [*failed_keys, *succeeded_keys, *succeeded_keys]
    for attempt in longer:
        params += _longer_params(attempt)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, *keys])
        return cursor.fetchall()


def _longer() -> str:
    """Return the branch that extends the window of one failure, up to a year."""
    end = connection.ops.combine_duration_expression("+", ["window_ends_at", "%s"])
    least = "LEAST" if connection.vendor == "postgresql" else "MIN"
    return f'WHEN "key" = %s THEN {least}({end}, %s)'


def _longer_params(attempt: "Attempt") -> list[Any]:
    seconds = timedelta(seconds=attempt.limit.longer_by)
    latest = timezone.now() + timedelta(seconds=LONGEST_SECONDS)
    by = DurationField().get_db_prep_value(seconds, connection)
    return [attempt.key, by, _column(latest)]


def _locked(keys: Sequence[str]) -> str:
    """Return the query that locks rows in the order of their keys."""
    sql = f'SELECT "key" FROM accounts_attempts WHERE "key" IN ({_marks(keys)})'  # noqa: S608
    # SQLite has one writer at a time.
    if connection.features.has_select_for_update:
        # As Python sorts them, whatever the language of the database is.
        sql += ' ORDER BY "key" COLLATE "C" FOR UPDATE'
    return sql


def _marks(keys: Sequence[str]) -> str:
    return ", ".join(["%s"] * len(keys))


def _execute(sql: str, params: Sequence[Any]) -> int:
    """Run a statement; return how many rows it wrote."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.rowcount


def _column(moment: datetime) -> Any:
    field = Attempts._meta.get_field("window_ends_at")
    return field.get_db_prep_value(moment, connection)
