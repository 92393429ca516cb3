"""Delete many rows without blocking other writers.

SQLite has one writer at a time, and one statement over hundreds of thousands of rows
would block the others for seconds.
"""

import time

from django.db.models import QuerySet


def delete_in_batches(queryset: QuerySet, size: int = 1000) -> int:
    """Delete the rows of a queryset in batches; return their number.

    Each batch is a transaction of its own, unless the caller has opened one. After a
    batch there is a pause of the same length: in SQLite a waiting writer tries again
    only now and then. A row that leaves the queryset meanwhile stays.
    """
    label = queryset.model._meta.label
    deleted = 0
    while keys := list(queryset.values_list("pk", flat=True)[:size]):
        began = time.monotonic()
        # With the condition again: a row may have changed since it was read.
        total, by_model = queryset.filter(pk__in=keys).delete()
        deleted += by_model.get(label, 0)
        if len(keys) < size or not total:
            break
        time.sleep(time.monotonic() - began)
    return deleted
