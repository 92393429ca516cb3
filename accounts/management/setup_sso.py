"""directus_setup --sso: print what sets a single sign-on provider up."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.conf import settings

from ..core import clients
from ..directus import BearerAuth, DirectusClient, Transport
from ..operations.provisioning import ProvisioningError, Server
from ..operations.provisioning.sso import KINDS, SsoPlan, kind_of, sso_plan

PAGE = "docs/single-sign-on.md"
NO_LICENCE = (
    "This Directus has no licence. Version 12 then ignores AUTH_PROVIDERS: it names "
    "no provider to the site, and its addresses for single sign-on do not exist."
)
UNKNOWN_VERSION = (
    "Directus does not tell its version without a service token. Before 11.14.1 a "
    f"rule of Directus' proxy is needed, too: see {PAGE}."
)
# Each gives strangers an account, or ends sessions for no reason.
NEVER = (
    "Never set IDENTIFIER_KEY=email, SYNC_USER_INFO or PLAIN_CODE_CHALLENGE, and keep "
    f"offline_access out of SCOPE: {PAGE} says why."
)
OLD = (
    "This Directus, {version}, always lets the provider send browsers to Directus' own "
    "public address. Its proxy must pass them on to this site with one of these rules; "
    "then set SSO_PROXY_RULE=on here:"
)


def show(options: dict, transport: Transport, write: Callable[[str], Any]) -> None:
    """Print the lines for a provider. Changes nothing, and needs no administrator.

    Args:
        options: those of the command.
        transport: the way to Directus.
        write: takes a line.

    Raises:
        ProvisioningError: this Directus offers no providers.
        DirectusError: Directus does not answer.
    """
    server = _server(options, transport)
    if not server.takes_rules:
        raise ProvisioningError(NO_LICENCE)
    provider = options["sso"]
    kind = options["sso_kind"] or kind_of(provider)
    ways = DirectusClient(transport).sign_in_ways()
    plan = sso_plan(
        provider,
        KINDS[kind],
        site_url=settings.PUBLIC_URL,
        directus_url=clients.directus_public_url(),
        customer_role=clients.customer_role(),
        others=[each.name for each in ways.providers],
        takes_site=server.takes_public_urls,
    )
    notes = [*plan.notes, NEVER, *([] if server.version else [UNKNOWN_VERSION])]
    if options["format"] == "json":
        write(_document(provider, kind, plan, notes))
        return
    for line in _text(plan, notes, server.version):
        write(line)


def _server(options: dict, transport: Transport) -> Server:
    """Return the features of Directus, as far as it tells them to the site."""
    token = options["admin_token"] or clients.service_token()
    auth = BearerAuth(token) if token else None
    info = DirectusClient(transport, auth=auth).get_server_info()
    licence = info.get("license")
    takes_rules = licence is None or licence.get("source") is not None
    return Server(str(info.get("version") or ""), takes_rules=takes_rules)


def _document(provider: str, kind: str, plan: SsoPlan, notes: list[str]) -> str:
    document = {
        "provider": provider,
        "kind": kind,
        "redirect_address": plan.redirect_address,
        "environment_of_directus": plan.lines,
        "proxy_of_directus": asdict(plan.proxy) if plan.proxy else None,
        "notes": notes,
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _text(plan: SsoPlan, notes: list[str], version: str) -> list[str]:
    lines = [
        "Enter this redirect address at the provider:",
        f"  {plan.redirect_address}",
        "",
        "Put the following into Directus' own environment, and restart Directus. Fill "
        "in each …, and use the address of this site's server instead of 127.0.0.1. "
        "Values that AUTH_ALLOWED_PUBLIC_URLS and IP_TRUST_PROXY have already stay, "
        "with a comma between them.",
        *(f"{name}={_quoted(value)}" for name, value in plan.lines.items()),
    ]
    if plan.proxy:
        rules = [f"  nginx: {plan.proxy.nginx}", f"  Caddy: {plan.proxy.caddy}"]
        lines += ["", OLD.format(version=version), *rules]
    return [*lines, "", *(f"- {note}" for note in notes)]


def _quoted(value: str) -> str:
    quote = "'" if '"' in value else '"'
    return f"{quote}{value}{quote}"
