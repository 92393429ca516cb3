"""Migrations run while the version before still serves: they take nothing away from it.

docs/deploying.md has the rules in words.
"""

import re

import pytest
from django.apps import apps
from django.conf import settings
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader

ROOT = settings.BASE_DIR
# Older ones are as they were released.
SINCE = 14
GONE = (
    migrations.DeleteModel,
    migrations.RemoveField,
    migrations.RenameField,
    migrations.RenameModel,
    migrations.AlterModelTable,
)


def released():
    """Return the released versions in the CHANGELOG."""
    text = (ROOT / "CHANGELOG.md").read_text()
    return re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d", text, re.MULTILINE)


def changes_of_tables(operations):
    """Yield the operations that change tables, not the models alone."""
    for operation in operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from changes_of_tables(operation.database_operations)
        else:
            yield operation


def may_be_left_out(field):
    """Tell whether a version that does not know a column can insert rows."""
    return field.null or field.many_to_many or field.has_db_default()


def faults(migration, before):
    """Yield what the version before could not live with.

    Args:
        before: the state of the models before the migration.
    """
    unused_since = getattr(migration, "unused_since", "")
    for change in changes_of_tables(migration.operations):
        name = f"{type(change).__name__} {getattr(change, 'name', '')}"
        if isinstance(change, migrations.AddField):
            if not may_be_left_out(change.field):
                yield f"{name}: needs db_default, or null=True"
        elif isinstance(change, migrations.AlterField):
            old = before.models[migration.app_label, change.model_name_lower]
            if takes_less(old.fields[change.name], change.field):
                yield f"{name}: takes less than before"
        elif isinstance(change, GONE) and unused_since not in released():
            yield f"{name}: needs unused_since, a released version without its use"


def takes_less(old, new):
    """Tell whether a column refuses values that it took before."""
    if old.null and not may_be_left_out(new):
        return True
    if old.get_internal_type() != new.get_internal_type():
        return True
    return (new.max_length or 0) < (old.max_length or 0)


def own_migrations():
    """Yield the migrations of this repository that the rules hold for."""
    loader = MigrationLoader(None)
    for key, migration in sorted(loader.disk_migrations.items()):
        is_own = apps.get_app_config(key[0]).path.startswith(str(ROOT))
        # Other apps than accounts began later.
        if is_own and (key[0] != "accounts" or int(key[1][:4]) >= SINCE):
            yield pytest.param(
                migration, loader.project_state(key, at_end=False), id=".".join(key)
            )


@pytest.mark.parametrize(("migration", "before"), list(own_migrations()))
def test_the_version_before_goes_on_with_it(migration, before):
    assert list(faults(migration, before)) == []


# The rules themselves

TEXT = models.CharField(max_length=50)
BEFORE = migrations.state.ProjectState()
BEFORE.add_model(
    migrations.state.ModelState(
        "accounts",
        "Note",
        [
            ("text", TEXT),
            ("at", models.DateTimeField(null=True)),
        ],
    )
)


def found(*operations, **attributes):
    """Return the faults of a made-up migration."""
    body = {"operations": operations} | attributes
    made_up = type("Migration", (migrations.Migration,), body)
    return list(faults(made_up("0099", "accounts"), BEFORE))


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("note", "new", models.CharField(default="", max_length=9)),
        migrations.RemoveField("note", "text"),
        migrations.RenameField("note", "text", "words"),
        migrations.DeleteModel("note"),
        migrations.AlterField("note", "text", models.CharField(max_length=40)),
        migrations.AlterField("note", "text", models.IntegerField()),
        migrations.AlterField("note", "at", models.DateTimeField()),
        migrations.SeparateDatabaseAndState([migrations.RemoveField("note", "text")]),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_a_change_that_breaks_the_version_before_is_refused(operation):
    assert len(found(operation)) == 1


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("note", "new", models.BooleanField(db_default=False)),
        migrations.AddField("note", "new", models.DateField(null=True)),
        migrations.CreateModel("other", [("text", TEXT)]),
        migrations.AlterField("note", "text", models.CharField(max_length=60)),
        migrations.AlterField("note", "text", models.CharField("words", max_length=50)),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField("note", "text")]
        ),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_other_changes_are_accepted(operation):
    assert found(operation) == []


def test_a_column_goes_when_a_released_version_lives_without_it():
    operation = migrations.RemoveField("note", "text")

    assert found(operation, unused_since=released()[0]) == []
    assert found(operation, unused_since="99.0.0")
