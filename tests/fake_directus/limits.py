"""How many rows a page has, as QUERY_LIMIT_MAX says."""

from . import answers
from .asked import Asked
from .state import State

DEFAULT = 100


def limit_of(state: State, asked: Asked) -> int:
    """Return the number of rows of a page, -1 for all; refuse one above the limit."""
    try:
        limit = int(asked.query.get("limit", DEFAULT))
    except ValueError:
        raise answers.invalid_query('"limit" must be a number') from None
    most = state.query_limit_max
    if most is None:
        return limit
    if limit > most and "limit" in asked.query:
        raise answers.invalid_query(f'"limit" must be less than or equal to {most}')
    return limit if 0 <= limit <= most else most
