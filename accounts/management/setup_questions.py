"""The questions of directus_setup, and its answers without a terminal."""

import sys
from getpass import getpass

from django.core.management.base import CommandError

from ..operations.provisioning import AdminCredentials, Plan

FAILED, WRONG_USAGE, DIFFERENT = 1, 2, 3


def ask(question: str) -> str:
    """Ask on standard error: standard output may be a document."""
    sys.stderr.write(question)
    sys.stderr.flush()
    return input()


def failure(message: str) -> CommandError:
    """Return the error that ends the command with exit code 1."""
    return CommandError(message, returncode=FAILED)


def wrong_usage(message: str) -> CommandError:
    """Return the error that ends the command with exit code 2."""
    return CommandError(message, returncode=WRONG_USAGE)


def credentials(options: dict) -> AdminCredentials:
    """Return the given credentials of an administrator, or ask for them."""
    given = {
        name: options[f"admin_{name}"] for name in ("token", "email", "password", "otp")
    }
    if given["token"]:
        return AdminCredentials(**given)
    if not (given["email"] and given["password"]) and not sys.stdin.isatty():
        raise wrong_usage("Give an administrator's token, or e-mail and password.")
    given["email"] = given["email"] or ask("Administrator's e-mail: ")
    given["password"] = given["password"] or getpass("Password: ")
    return AdminCredentials(**given)


def require_acceptance(plan: Plan, options: dict) -> None:
    """Ask the operator to accept further rights of the customers' role.

    Raises:
        CommandError: the operator did not accept them.
    """
    accepted = options["accept_role"]
    if accepted and accepted.lower() != plan.customer_role:
        raise wrong_usage(
            f"--accept-role must name the customers' role, {plan.customer_role}."
        )
    if accepted or not plan.must_be_accepted:
        return
    if options["check"] or options["yes"] or not sys.stdin.isatty():
        raise CommandError(
            f"New users would get further rights of the role "
            f"{plan.customer_role_name}. To accept them, use "
            f"--accept-role {plan.customer_role}. Otherwise remove these rights in "
            "Directus, or name another role with --customer-role.",
            returncode=DIFFERENT,
        )
    require_yes("Accept these rights for all new users? [y/N] ")


def require_yes(question: str) -> None:
    """Ask. Raises CommandError unless the answer is yes."""
    if ask(question).strip().lower() not in {"y", "yes"}:
        raise failure("Nothing was changed.")
