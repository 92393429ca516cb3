"""System checks of declarations; `directus_doctor` has those that ask Directus."""

from django.core import checks

from accounts.directus import registered

from .collection import all_declared


@checks.register
def check_lists(app_configs, **kwargs):
    """Return an error for each list that compares a list of files of a blueprint."""
    # The URLconf imports the declarations and their views.
    all_declared()
    return [
        checks.Error(
            f"A list of {each.name} sorts, filters or searches by {field}.",
            hint="It is a list of files, which has no value to compare.",
            id="items.E001",
        )
        for each in registered()
        for field in each.compared_fields
        if each.blueprint and field in each.blueprint.file_lists
    ]
