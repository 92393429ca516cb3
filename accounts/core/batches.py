"""Deleting many rows without keeping others from writing.

SQLite has one writer at a time, and one statement over hundreds of thousands of rows
would be it for seconds.
"""

import time

from django.db.models import QuerySet


def delete_in_batches(queryset: QuerySet, size: int = 1000) -> int:
    """Delete the rows of a queryset, so many at a time; return how many.

    Each batch is a transaction of its own, unless the caller has opened one. Between
    them the database is left alone as long as one took: in SQLite one writer waits for
    another, and looks only now and then whether it may. A row that leaves the queryset
    meanwhile stays.
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
