"""Bring Directus to what the site needs; --dry-run shows the difference."""

import sys
from dataclasses import replace
from getpass import getpass

from django.core.management.base import BaseCommand, CommandError

from ... import clients
from ...directus import (
    AuthenticationFailed,
    BearerAuth,
    DirectusClient,
    DirectusError,
    InvalidOTP,
    Transport,
)
from ...links import public_url
from ...provisioning import (
    AdminCredentials,
    Options,
    ProvisioningError,
    Webhook,
    admin_client,
    apply_plan,
    directus_environment,
    make_plan,
    new_token,
    read_state,
    token_belongs_to,
)
from ...provisioning.env_file import is_writable, read_value, write_values
from ...provisioning.ids import DEFAULT_CUSTOMER_ROLE
from ...provisioning.reports import JsonReport, TextReport
from ..setup_arguments import (
    ROLE,
    TOKEN,
    add_administrator,
    add_both_ends,
    add_modes,
    add_wishes,
)

WEBHOOK = "accounts:directus_webhook"
FAILED, WRONG_USAGE, DIFFERENT = 1, 2, 3


class Command(BaseCommand):
    help = (
        "Make the role, the rights and the settings in Directus that the site needs. "
        "Shows the difference first and asks. Deletes nothing, and changes nothing "
        "that it did not make except the sign-up settings it names. "
        "Exit codes: 0 fine, 1 failed, 2 wrong usage, 3 --check found a difference."
    )
    # It provides what the checks ask for.
    requires_system_checks = ()

    def add_arguments(self, parser):
        add_administrator(parser)
        add_wishes(parser)
        add_both_ends(parser)
        add_modes(parser)

    def handle(self, **options):
        self.options = options
        self.env_file = options["env_file"]
        self.report = self._report()
        self.transport = self._transport()
        if self.env_file and not is_writable(self.env_file):
            raise _failure(f"{self.env_file} cannot be written.")
        try:
            self._sign_in_and_run(self._credentials())
        except AuthenticationFailed as error:
            raise _failure("Directus does not accept the credentials.") from error
        except (ProvisioningError, DirectusError, OSError) as error:
            raise _failure(str(error)) from error
        except (KeyboardInterrupt, EOFError) as error:
            text = "Interrupted. What was made stays; run it again for the rest."
            raise _failure(text) from error
        finally:
            self.report.end()

    def _transport(self):
        url = self.options["url"]
        trusted = clients.trusted_certificates()
        try:
            if not url:
                return clients.transport()
            return Transport(url, ca_bundle=trusted if trusted is not True else None)
        except ValueError as error:
            raise CommandError(f"Directus: {error}.", returncode=WRONG_USAGE) from error

    def _sign_in_and_run(self, credentials):
        try:
            with admin_client(self.transport, credentials) as client:
                self._run(client)
        except InvalidOTP as error:
            if credentials.otp or not sys.stdin.isatty():
                text = "The one-time code is missing or wrong: --admin-otp."
                raise _failure(text) from error
            otp = _ask("One-time code: ").strip()
            if not otp:
                raise
            self._sign_in_and_run(replace(credentials, otp=otp))

    def _report(self):
        style = self.style
        if self.options["format"] == "text":
            return TextReport(
                self.stdout.write,
                good=style.SUCCESS,
                changed=style.WARNING,
                bad=style.ERROR,
            )
        if not any(self.options[mode] for mode in ("dry_run", "check", "yes")):
            raise CommandError(
                "--format json asks nothing: give --dry-run, --check or --yes.",
                returncode=WRONG_USAGE,
            )
        return JsonReport(self.stdout.write)

    def _run(self, client):
        wishes = self._wishes()
        state = read_state(client, wishes)
        wishes = replace(wishes, webhook=self._webhook(state))
        token_works = self._token_works(state)
        plan = make_plan(state, wishes, token_works=token_works)
        self.report.plan(plan, state.server.version)
        lines = self._missing_lines(plan)
        if not self._goes_ahead(plan, lines):
            return
        self._apply(client, plan, lines)
        self._tell_environment(wishes.webhook)

    def _apply(self, client, plan, lines):
        token = new_token()

        def made(change):
            self.report.made(change)
            if change.needs_token:
                # At once: what follows may fail, and Directus shows no token again.
                self._hand_over({**lines, TOKEN: token})

        apply_plan(client, plan, token=token, on_change=made)
        if not plan.makes_token:
            self._hand_over(lines)

    def _wishes(self):
        return Options(
            customer_role=self.options["customer_role"]
            or clients.customer_role()
            or DEFAULT_CUSTOMER_ROLE,
            service_email=self.options["service_email"],
            login_attempts=self.options["login_attempts"],
            password_policy=self.options["password_policy"],
            modification_field=self.options["modification_field"],
            open_registration=clients.signup_mode() == "register",
            make_token=bool(self.env_file or self.options["print_token"]),
            profile_fields=tuple(clients.profile_fields()),
        )

    def _webhook(self, state):
        secret = clients.webhook_secret()
        if not secret:
            return None
        here = public_url(WEBHOOK)
        url = self.options["webhook_url"] or state.webhook_url or here
        if url != here and not self.options["webhook_url"]:
            self.report.note(
                f"The Flow keeps calling {url}; --webhook-url names another."
            )
        return Webhook(url, secret)

    def _credentials(self):
        given = {
            name: self.options[f"admin_{name}"]
            for name in ("token", "email", "password", "otp")
        }
        if given["token"]:
            return AdminCredentials(**given)
        if not (given["email"] and given["password"]) and not sys.stdin.isatty():
            raise CommandError(
                "Give an administrator's token, or e-mail and password.",
                returncode=WRONG_USAGE,
            )
        given["email"] = given["email"] or _ask("Administrator's e-mail: ")
        given["password"] = given["password"] or getpass("Password: ")
        return AdminCredentials(**given)

    def _token_works(self, state):
        """Return whether the token that the site uses or will use is good."""
        env_file = self.env_file
        token = read_value(env_file, TOKEN) if env_file else clients.service_token()
        try:
            client = DirectusClient(self.transport, auth=BearerAuth(token))
        except ValueError:
            # There is none, or nothing that can be one.
            return False
        return token_belongs_to(client, state.service_user)

    def _missing_lines(self, plan):
        """Return the lines of the environment file that a change needs or corrects."""
        role = plan.customer_role
        if not self.env_file or read_value(self.env_file, ROLE) == role:
            return {}
        return {ROLE: role}

    def _goes_ahead(self, plan, lines):
        differs = bool(plan.changes or lines)
        if self.options["check"]:
            if differs or plan.token_missing:
                raise CommandError(
                    "Directus differs from what the site needs.",
                    returncode=DIFFERENT,
                )
            return False
        if self.options["dry_run"]:
            return False
        if not plan.changes or self.options["yes"]:
            return True
        return self._confirmed()

    def _confirmed(self):
        if not sys.stdin.isatty():
            raise CommandError(
                "Nobody is here to be asked: pass --yes.", returncode=WRONG_USAGE
            )
        answer = _ask("Make these changes? [y/N] ")
        if answer.strip().lower() not in {"y", "yes"}:
            raise _failure("Nothing was changed.")
        return True

    def _hand_over(self, lines):
        if self.env_file and lines:
            write_values(self.env_file, lines)
            self.report.handed_over(sorted(lines), self.env_file)
        elif TOKEN in lines:
            self.report.token(TOKEN, lines[TOKEN])

    def _tell_environment(self, webhook):
        lines = directus_environment(
            reset_url=public_url("accounts:password_reset_confirm"),
            verify_url=public_url("accounts:verify_email"),
            invite_url=public_url("accounts:invite"),
            webhook_url=webhook.url if webhook else "",
        )
        self.report.environment(lines)


def _ask(question):
    """Ask on standard error: standard output may be a document."""
    sys.stderr.write(question)
    sys.stderr.flush()
    return input()


def _failure(message):
    return CommandError(message, returncode=FAILED)
