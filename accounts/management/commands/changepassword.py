"""Change the password of a local user, which does not exist in Directus."""

import getpass

from django.contrib.auth import get_user_model
from django.contrib.auth.management.commands import changepassword
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from ..audited import AuditedCommand

TRIES = 3


class Command(AuditedCommand, changepassword.Command):
    help = (
        "Change the password of a local user, such as one of createsuperuser. The "
        "passwords of all other users are in Directus."
    )

    def handle(self, *args, **options):
        email = options["username"] or getpass.getuser()
        user = self._local_user(email, options["database"])
        self.stdout.write(f"Changing password for user '{user}'")
        for _try in range(TRIES):
            if (password := self._new_password(user)) is not None:
                user.set_password(password)
                user.save(using=options["database"])
                self.facts = {"user_id": user.pk}
                return f"Password changed successfully for user '{user}'"
        raise CommandError(
            f"Aborting password change for user '{user}' after {TRIES} attempts"
        )

    def _local_user(self, email, database):
        users = get_user_model().objects.db_manager(database)
        user = users.local(email).first()
        if user is None and users.filter(email__iexact=email).exists():
            raise CommandError(
                f"The password of {email} is in Directus. Change it there, or let "
                "the user change it on this site."
            )
        if user is None:
            raise CommandError(f"There is no local user {email}.")
        return user

    def _new_password(self, user):
        """Return the password that was typed twice; None if it is not accepted."""
        password = _typed("Password: ")
        if password != _typed("Password (again): "):
            self.stdout.write("Passwords do not match. Please try again.")
            return None
        try:
            validate_password(password, user)
        except ValidationError as error:
            self.stderr.write("\n".join(error.messages))
            return None
        return password


def _typed(prompt: str) -> str:
    if password := getpass.getpass(prompt):
        return password
    raise CommandError("aborted")
