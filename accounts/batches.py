"""Deleting many rows, while others write."""

import time


def delete_in_batches(queryset, size: int = 1000) -> int:
    """Delete the rows of a queryset, some in each short transaction.

    Between them the database is left alone as long as one took: in SQLite one writer
    waits for another, and looks only now and then whether it may.

    Returns:
        How many rows of the queryset were deleted.
    """
    deleted = 0
    while pks := list(queryset.values_list("pk", flat=True)[:size]):
        began = time.monotonic()
        # With its condition: a row may have come to life again meanwhile.
        _all, counts = queryset.filter(pk__in=pks).delete()
        deleted += counts.get(queryset.model._meta.label, 0)
        if len(pks) < size:
            break
        time.sleep(time.monotonic() - began)
    return deleted
