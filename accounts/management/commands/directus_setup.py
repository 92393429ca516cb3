"""Set Directus up for the site; --dry-run shows the changes."""

import sys
from dataclasses import replace

from django.conf import settings
from django.core.management.base import CommandError

from ...core import clients
from ...directus import (
    AuthenticationFailed,
    BearerAuth,
    DirectusClient,
    DirectusError,
    InvalidOTP,
    Transport,
)
from ...directus.ids import DEFAULT_CUSTOMER_ROLE
from ...operations.own_collections import declared_collections
from ...operations.provisioning import (
    UNCHANGED,
    Options,
    ProvisioningError,
    SiteIds,
    Webhook,
    admin_client,
    apply_plan,
    make_plan,
    new_token,
    read_state,
    refuse_another_site,
    token_belongs_to,
)
from ...operations.provisioning.env_file import (
    read_value,
    require_writable,
    write_values,
)
from ...operations.provisioning.mails import mails_after_set_up
from ...operations.provisioning.owner import other_address
from ...operations.provisioning.reports import JsonReport, TextReport
from ...web.links import public_url
from ..audited import AuditedCommand
from ..setup_arguments import (
    MAILS,
    ROLE,
    SITE,
    TOKEN,
    add_administrator,
    add_both_ends,
    add_customers,
    add_modes,
    add_own_things,
    add_sso,
    administrator,
)
from ..setup_environment import tell_environment
from ..setup_questions import (
    DIFFERENT,
    ask,
    credentials,
    failure,
    require_acceptance,
    require_yes,
    wrong_usage,
)
from ..setup_sso import show

WEBHOOK = "accounts:directus_webhook"


class Command(AuditedCommand):
    help = (
        "Create the role, the rights and the settings in Directus that the site needs. "
        "Shows the changes first, and asks. Deletes no data, and changes only "
        "the objects that it created, and the sign-up settings that it shows. "
        "Exit codes: 0 fine, 1 failed, 2 wrong usage, 3 --check found changes to make, "
        "or further rights of customers were not accepted."
    )
    # This command provides the settings that the checks demand.
    requires_system_checks = ()

    def add_arguments(self, parser):
        add_administrator(parser)
        add_customers(parser)
        add_own_things(parser)
        add_both_ends(parser)
        add_sso(parser)
        add_modes(parser)

    def handle(self, **options):
        self.options = options | administrator(options)
        self.env_file = options["env_file"]
        self.transport = self._transport()
        if options["sso"]:
            self._show_sso()
            return
        if options["sso_kind"]:
            raise wrong_usage("--sso-kind needs --sso.")
        self.report = self._report()
        if options["new_token"] and not (self.env_file or options["print_token"]):
            raise wrong_usage("--new-token needs --env-file or --print-token.")
        try:
            if self.env_file:
                require_writable(self.env_file)
            self._sign_in_and_run(credentials(self.options))
        except AuthenticationFailed as error:
            raise failure("Directus does not accept the credentials.") from error
        except (ProvisioningError, DirectusError, OSError) as error:
            raise failure(str(error)) from error
        except (KeyboardInterrupt, EOFError) as error:
            text = "Interrupted. The changes so far stay; run it again for the rest."
            raise failure(text) from error
        finally:
            self.report.end()

    def _show_sso(self):
        try:
            show(self.options, self.transport, self.stdout.write)
        except AuthenticationFailed as error:
            raise failure("Directus does not accept the token.") from error
        except (ProvisioningError, DirectusError, ValueError) as error:
            raise failure(str(error)) from error

    def _transport(self):
        url = self.options["url"]
        trusted = clients.trusted_certificates()
        try:
            if not url:
                return clients.transport()
            return Transport(url, ca_bundle=trusted if trusted is not True else None)
        except ValueError as error:
            raise wrong_usage(f"Directus: {error}.") from error

    def _sign_in_and_run(self, given):
        try:
            with admin_client(self.transport, given) as client:
                self._run(client)
        except InvalidOTP as error:
            if given.otp or not sys.stdin.isatty():
                text = "The one-time code is missing or wrong: --admin-otp."
                raise failure(text) from error
            otp = ask("One-time code: ").strip()
            if not otp:
                raise
            self._sign_in_and_run(replace(given, otp=otp))

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
            raise wrong_usage(
                "--format json cannot ask: give --dry-run, --check or --yes."
            )
        return JsonReport(self.stdout.write)

    def _run(self, client):
        wishes = self._wishes()
        state = read_state(client, wishes)
        token = self._working_token(state)
        refuse_another_site(state, wishes, token_works=bool(token))
        mails = self._mails(token, wishes)
        wishes = replace(
            wishes,
            webhook=self._webhook(state),
            open_registration=self._registration(state, mails),
        )
        plan = make_plan(state, wishes, token_works=bool(token))
        self.report.plan(plan, state.server.version)
        self.report.mails(mails.sender, mails.reason)
        self._note_other_address(state, wishes)
        lines = self._missing_lines(plan, wishes, token)
        if lines:
            names = ", ".join(sorted(lines))
            self.report.note(
                f"{self.env_file} lacks values or has wrong ones: {names}."
            )
        if not self._goes_ahead(plan, lines):
            return
        self._apply(client, plan, lines)
        tell_environment(self.report, wishes.webhook, mails)

    def _apply(self, client, plan, lines):
        self.facts = {"changes": len(plan.changes), "lines": sorted(lines)}
        token = new_token()
        if plan.makes_token and self.env_file and self.env_file.exists():
            # Only the replacement itself shows whether it is possible.
            write_values(self.env_file, {})

        def made(change):
            self.report.made(change)
            if change.needs_token:
                # At once: later steps may fail, and Directus shows the token only here.
                self._hand_over({ROLE: plan.customer_role, **lines, TOKEN: token})

        apply_plan(client, plan, token=token, on_change=made)
        if not plan.makes_token:
            self._hand_over(lines)

    def _wishes(self):
        return Options(
            customer_role=self.options["customer_role"]
            or clients.customer_role()
            or DEFAULT_CUSTOMER_ROLE,
            known_customer_role=self._setting(ROLE, clients.customer_role()),
            site=self._site(),
            site_url=settings.PUBLIC_URL,
            is_named=self.options["site"] is not None,
            service_email=self.options["service_email"],
            login_attempts=self.options["login_attempts"],
            password_policy=self.options["password_policy"],
            modification_field=self.options["modification_field"],
            make_token=bool(self.env_file or self.options["print_token"]),
            replace_token=self.options["new_token"],
            profile_fields=tuple(clients.profile_fields()),
            signup_fields=tuple(clients.signup_fields()),
            collections=declared_collections(),
        )

    def _setting(self, name, in_use):
        """Return the value in the environment file, or the one in use."""
        return (self.env_file and read_value(self.env_file, name)) or in_use

    def _site(self):
        in_use = self._setting(SITE, clients.site_name())
        try:
            return SiteIds(self.options["site"] or in_use)
        except ValueError as error:
            raise ProvisioningError(f"{SITE}: {error}.") from None

    def _mails(self, token, wishes):
        # A new token is handed over with the role.
        is_new = wishes.make_token and not token
        return mails_after_set_up(
            chosen=self._setting(MAILS, settings.ACCOUNT_MAILS_CHOSEN),
            has_server=bool(self._setting("EMAIL_URL", settings.EMAIL_URL)),
            has_token=bool(token) or is_new,
            has_role=bool(self.env_file or is_new or clients.customer_role()),
        )

    def _registration(self, state, mails):
        if clients.signup_mode() == "register" and not mails.are_from_site:
            return True
        # With another role it is open for something else than this site.
        role = state.settings.get("public_registration_role")
        is_others = role not in {None, state.customer_role}
        if self.options["keep_registration"] or is_others:
            return UNCHANGED
        # The site does not see a sign-up at Directus itself.
        return False

    def _webhook(self, state):
        secret = clients.webhook_secret()
        if not secret:
            return None
        here = public_url(WEBHOOK)
        url = self.options["webhook_url"] or state.webhook_url or here
        if url != here and not self.options["webhook_url"]:
            self.report.note(
                f"The Flow keeps calling {url}; --webhook-url names another. A second "
                "site needs a Flow of its own, by --site."
            )
        return Webhook(url, secret)

    def _note_other_address(self, state, wishes):
        # A Flow with another address has its own note.
        is_told = wishes.webhook and wishes.webhook.url != public_url(WEBHOOK)
        other = other_address(state, wishes)
        if other and not (is_told or wishes.is_named):
            self.report.note(
                f"This was created for {other}, and this site is at {wishes.site_url}. "
                f'If the site has moved, use --site "{state.own.name}". A second site '
                "needs another name, and no copy of the first one's token."
            )

    def _working_token(self, state):
        """Return the site's present or future token if it is valid, else ""."""
        in_file = read_value(self.env_file, TOKEN) if self.env_file else ""
        for token in filter(None, dict.fromkeys([in_file, clients.service_token()])):
            try:
                client = DirectusClient(self.transport, auth=BearerAuth(token))
            except ValueError:
                # It cannot be a token.
                continue
            if token_belongs_to(client, state.service_user):
                return token
        return ""

    def _missing_lines(self, plan, wishes, token):
        """Return the values that the environment file lacks or has wrong."""
        wanted = {ROLE: plan.customer_role}
        if token and not plan.makes_token:
            wanted[TOKEN] = token
        name = wishes.site.name
        if (
            self._setting(SITE, clients.site_name()) != name
            or not wishes.site.is_default
        ):
            wanted[SITE] = name
        if not self.env_file:
            if wanted.get(SITE, clients.site_name()) != clients.site_name():
                self.report.note(f"Put {SITE}={name} into this site's environment.")
            return {}
        return {
            key: value
            for key, value in wanted.items()
            if read_value(self.env_file, key) != value
        }

    def _goes_ahead(self, plan, lines):
        differs = bool(plan.changes or lines)
        if not self.options["dry_run"]:
            require_acceptance(plan, self.options)
        if self.options["check"]:
            if differs or plan.token_missing:
                raise CommandError(
                    "Directus differs from the site's needs.",
                    returncode=DIFFERENT,
                )
            return False
        if self.options["dry_run"]:
            return False
        if differs and not self.options["yes"]:
            if not sys.stdin.isatty():
                raise wrong_usage("There is no terminal to ask: pass --yes.")
            what = "Make these changes" if plan.changes else f"Write to {self.env_file}"
            require_yes(f"{what}? [y/N] ")
        return True

    def _hand_over(self, lines):
        if self.env_file and lines:
            write_values(self.env_file, lines)
            self.report.handed_over(sorted(lines), self.env_file)
        elif TOKEN in lines:
            self.report.token(TOKEN, lines[TOKEN])
            self.report.token(ROLE, lines[ROLE])
