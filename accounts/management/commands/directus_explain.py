"""Explain the source of a user's rights."""

import json

from django.core.management.base import BaseCommand, CommandError

from ...operations.explain import explain
from ...operations.lookup import local_users

UNKNOWN = 2


class Command(BaseCommand):
    help = (
        "Show which roles and policies gave a user their groups, staff and superuser "
        "status and permissions. Does not call Directus. Exit codes: 0 fine, 2 wrong "
        "usage or unknown user."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "user", metavar="USER", help="E-mail address, Directus id or local id."
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *, user, format, **options):
        found = [explain(row) for row in local_users(user)]
        if not found:
            text = f"There is no user {user} here. directus_sync mirrors all users."
            raise CommandError(text, returncode=UNKNOWN)
        if format == "json":
            self.stdout.write(json.dumps([one.as_dict() for one in found], indent=2))
            return
        for one in found:
            self._print(one)

    def _print(self, one):
        rows = [
            ("user", f"{one.user}, {one.directus_id or 'local'}"),
            ("role", one.role or "-"),
            *(("policy", name) for name in one.policies),
            ("provider", one.provider or "-"),
            ("status", one.status or "-"),
            ("active", "yes" if one.is_active else "no: has no permissions"),
            ("last read", one.synced_at or "-"),
            ("staff", _granted(one.staff)),
            ("superuser", _granted(one.superuser)),
            *(("group", _granted(group)) for group in one.groups),
            *(("permission", _granted(each)) for each in one.permissions),
        ]
        for label, text in rows:
            self.stdout.write(f"{label:<11} {text}")
        for change in one.pending:
            label = self.style.WARNING(f"{'next time':<11}")
            self.stdout.write(f"{label} {change}")


def _granted(one):
    return f"{one.name} ← {one.source}" if one.source else one.name
