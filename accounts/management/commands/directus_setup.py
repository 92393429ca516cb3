"""Bring Directus to what the site needs; --dry-run shows the difference."""

import os
import sys
from getpass import getpass
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

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
    SERVICE_EMAIL,
    UNCHANGED,
    AdminCredentials,
    Options,
    ProvisioningError,
    Webhook,
    admin_client,
    apply_plan,
    describe,
    directus_environment,
    make_plan,
    new_token,
    read_state,
    render_plan,
    token_belongs_to,
)
from ...provisioning.env_file import is_writable, read_value, write_values
from ...provisioning.ids import DEFAULT_CUSTOMER_ROLE

TOKEN, ROLE = "DIRECTUS_SERVICE_TOKEN", "DIRECTUS_CUSTOMER_ROLE"
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
        parser.add_argument("--url", help="Directus, if not the DIRECTUS_URL in use.")
        admin = parser.add_argument_group(
            "administrator",
            "A token, or e-mail and password. Other users of this machine can see "
            "options; the environment (DIRECTUS_ADMIN_TOKEN, DIRECTUS_ADMIN_EMAIL, "
            "DIRECTUS_ADMIN_PASSWORD) and the prompt are private.",
        )
        for name in ("token", "email", "password"):
            default = os.environ.get(f"DIRECTUS_ADMIN_{name.upper()}", "")
            admin.add_argument(f"--admin-{name}", default=default)
        admin.add_argument("--admin-otp", default="", help="The one-time code, if on.")
        self._add_wishes(parser)
        self._add_modes(parser)

    def _add_wishes(self, parser):
        parser.add_argument(
            "--customer-role",
            metavar="NAME_OR_ID",
            help="The role customers get (DIRECTUS_CUSTOMER_ROLE, else 'Customer').",
        )
        parser.add_argument(
            "--service-email",
            default=SERVICE_EMAIL,
            help="Address of the site's own user in Directus; gets no mail. "
            "Default: %(default)s.",
        )
        parser.add_argument(
            "--login-attempts",
            type=_attempts,
            default=UNCHANGED,
            metavar="none|N",
            help="Failures until Directus suspends an account. Not set: left alone.",
        )
        parser.add_argument(
            "--webhook-url",
            metavar="URL",
            help="Where Directus reaches this site's /webhooks/directus/, if not "
            "under PUBLIC_URL. Used when there is a DIRECTUS_WEBHOOK_SECRET.",
        )
        parser.add_argument(
            "--env-file",
            type=Path,
            help=f"Where to write {TOKEN} and {ROLE}; a working token there is kept.",
        )
        parser.add_argument(
            "--print-token",
            action="store_true",
            help="Without --env-file: print a new service token.",
        )

    def _add_modes(self, parser):
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument(
            "--dry-run", action="store_true", help="Show, change nothing."
        )
        mode.add_argument(
            "--check",
            action="store_true",
            help="Like --dry-run; exit 3 on a difference.",
        )
        mode.add_argument("--yes", action="store_true", help="Do not ask.")

    def handle(self, **options):
        self.options = options
        self.env_file = options["env_file"]
        self.transport = (
            Transport(options["url"]) if options["url"] else clients.transport()
        )
        if self.env_file and not is_writable(self.env_file):
            raise _failure(_("%(file)s cannot be written.") % {"file": self.env_file})
        try:
            with admin_client(self.transport, self._credentials()) as client:
                self._run(client)
        except InvalidOTP as error:
            raise _failure(_("A one-time code is needed: --admin-otp.")) from error
        except AuthenticationFailed as error:
            raise _failure(_("Directus does not accept the credentials.")) from error
        except (ProvisioningError, DirectusError) as error:
            raise _failure(str(error)) from error

    def _run(self, client):
        wishes = self._wishes()
        state = read_state(client, wishes)
        token_works = self._token_works(state)
        plan = make_plan(state, wishes, token_works=token_works)
        self._show(plan)
        lines = self._missing_lines(plan)
        if not self._goes_ahead(plan, lines):
            return
        token = new_token()
        apply_plan(client, plan, token=token, on_change=self._report)
        if plan.makes_token:
            lines[TOKEN] = token
        self._hand_over(lines)
        self._print_environment()

    def _wishes(self):
        return Options(
            customer_role=self.options["customer_role"]
            or clients.customer_role()
            or DEFAULT_CUSTOMER_ROLE,
            service_email=self.options["service_email"],
            login_attempts=self.options["login_attempts"],
            open_registration=clients.signup_mode() == "register",
            make_token=bool(self.env_file or self.options["print_token"]),
            webhook=self._webhook(),
            profile_fields=tuple(clients.profile_fields()),
        )

    def _webhook(self):
        secret = clients.webhook_secret()
        return Webhook(self._webhook_url(), secret) if secret else None

    def _webhook_url(self):
        return self.options["webhook_url"] or public_url(WEBHOOK)

    def _credentials(self):
        given = {
            name: self.options[f"admin_{name}"]
            for name in ("token", "email", "password", "otp")
        }
        if given["token"]:
            return AdminCredentials(**given)
        if not (given["email"] and given["password"]) and not sys.stdin.isatty():
            raise CommandError(
                _("Give an administrator's token, or e-mail and password."),
                returncode=WRONG_USAGE,
            )
        given["email"] = given["email"] or input(_("Administrator's e-mail: "))
        given["password"] = given["password"] or getpass(_("Password: "))
        return AdminCredentials(**given)

    def _token_works(self, state):
        """Return whether the token that the site uses or will use is good."""
        if self.env_file:
            token = read_value(self.env_file, TOKEN)
            client = token and DirectusClient(self.transport, auth=BearerAuth(token))
        else:
            client = clients.service_client()
        return bool(client) and token_belongs_to(client, state.service_user)

    def _missing_lines(self, plan):
        """Return the lines of the environment file that a change needs or corrects."""
        role = plan.customer_role
        if not self.env_file or read_value(self.env_file, ROLE) == role:
            return {}
        return {ROLE: role}

    def _show(self, plan):
        style = self.style
        for line in render_plan(
            plan, added=style.SUCCESS, changed=style.WARNING, removed=style.ERROR
        ):
            self.stdout.write(line)
        if plan.token_missing:
            self.stdout.write(
                style.WARNING(
                    _(
                        "The site has no working service token. Give --env-file or "
                        "--print-token to make one."
                    )
                )
            )

    def _goes_ahead(self, plan, lines):
        differs = bool(plan.changes or lines)
        if self.options["check"]:
            if differs or plan.token_missing:
                raise CommandError(
                    _("Directus differs from what the site needs."),
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
                _("Nobody is here to be asked: pass --yes."), returncode=WRONG_USAGE
            )
        answer = input(_("Make these changes? [y/N] "))
        if answer.strip().lower() not in {"y", "yes"}:
            raise _failure(_("Nothing was changed."))
        return True

    def _report(self, change):
        self.stdout.write(f"{self.style.SUCCESS('✓')} {describe(change)}")

    def _hand_over(self, lines):
        if self.env_file and lines:
            write_values(self.env_file, lines)
            written = {"names": ", ".join(sorted(lines)), "file": self.env_file}
            self.stdout.write(_("Wrote %(names)s to %(file)s.") % written)
        elif TOKEN in lines:
            self.stdout.write(f"{TOKEN}={lines[TOKEN]}")

    def _print_environment(self):
        self.stdout.write("")
        self.stdout.write(
            _(
                "Directus reads the following from its own environment. Put the "
                "address of this site's server in place of 127.0.0.1, and set up mail "
                "(EMAIL_TRANSPORT, EMAIL_FROM) and SECRET there, too."
            )
        )
        lines = directus_environment(
            reset_url=public_url("accounts:password_reset_confirm"),
            verify_url=public_url("accounts:verify_email"),
            webhook_url=self._webhook_url() if clients.webhook_secret() else "",
        )
        for name, value in lines.items():
            self.stdout.write(f'{name}="{value}"')
        alone = _("if nobody but this site uses Directus")
        self.stdout.write(f'# MAX_PAYLOAD_SIZE="100kb"  {alone}')


def _attempts(text):
    if text.lower() == "none":
        return None
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _failure(message):
    return CommandError(message, returncode=FAILED)
