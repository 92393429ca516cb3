"""Keep a digest of each session's key in place of the key.

Beside a running site, in short transactions. The sessions of visitors go: they held
the tokens of mailed links, which are kept elsewhere now.
"""

import hashlib
import time

from django.db import migrations, transaction

BATCH = 1000
KEY_DIGITS = 32
UPDATE = "UPDATE %s SET session_key = %%s WHERE id = %%s AND session_key = %%s"


def keep_digests(apps, schema_editor):
    """Convert all rows; one that gets a new key meanwhile has a digest already."""
    model = apps.get_model("accounts", "Session")
    connection = schema_editor.connection
    sessions = model.objects.using(connection.alias)
    _delete(sessions.filter(user=None))
    statement = UPDATE % connection.ops.quote_name(model._meta.db_table)
    last = 0
    rows = sessions.order_by("pk").values_list("pk", "session_key")
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        began = time.monotonic()
        last = batch[-1][0]
        values = [
            (hashlib.sha256(key.encode()).hexdigest()[:40], pk, key)
            for pk, key in batch
            if len(key) == KEY_DIGITS
        ]
        with transaction.atomic(connection.alias), connection.cursor() as cursor:
            cursor.executemany(statement, values)
        # Others may write in between.
        time.sleep(time.monotonic() - began)


def _delete(rows):
    while keys := list(rows.values_list("pk", flat=True)[:BATCH]):
        began = time.monotonic()
        deleted, _by_model = rows.filter(pk__in=keys).delete()
        if not deleted:
            return
        time.sleep(time.monotonic() - began)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0009_sign_up_origin")]
    # There is no way back to the keys: an older version asks everybody to sign in.
    operations = [migrations.RunPython(keep_digests, migrations.RunPython.noop)]
