"""`make run`: start the whole stack, print its addresses, and end it at a signal."""

import os
import sys
import time
from pathlib import Path
from typing import NoReturn

from .node import directus_tree, provider_tree
from .paths import ROOT
from .ports import Ports
from .problem import Problem, report
from .processes import Stopped, stoppable
from .progress import step
from .provider import LABEL
from .stack import Stack
from .state import State
from .versions import Version, chosen_version


def main() -> int:
    """Run the stack until a signal, or until one of its servers ends by itself."""
    _check_database()
    version = chosen_version()
    state = State(_folder(version))
    ports = Ports.from_environment()
    with state.held():
        ports.check()
        stack = Stack(state, ports, base_env=os.environ, version=version)
        try:
            _start(stack)
            _show(stack)
            _watch(stack)
        except Stopped as stopped:
            print("\nStopping.", flush=True)
            return 0 if stack.site.is_running() else stopped.exit_code
        finally:
            stack.stop()


def _check_database() -> None:
    """Refuse a database that is for tests: it is lost when they end."""
    if os.environ.get("DIRECTUS_DATABASE", "sqlite") not in {"", "sqlite"}:
        raise Problem(
            "`make run` keeps the data of Directus in SQLite: DIRECTUS_DATABASE is for"
            " `make test`."
        )


def _folder(version: Version) -> Path:
    """Return where a version keeps its state: none reads what another one wrote."""
    local = ROOT / ".local"
    return local if version.is_default else local / f"directus-{version.number}"


def _start(stack: Stack) -> None:
    directus_tree(stack.directus.version)
    if stack.provider is not None:
        provider_tree()
    with step(f"Starting Directus {stack.directus.version.number}"):
        stack.start_mail()
        stack.directus.start()
        stack.start_provider()
        stack.prepare_site()
        stack.write_mail_samples()
        stack.directus.wait()
    with step("Setting Directus up"):
        stack.provision()
        stack.add_demo_customers()
        stack.add_demo_tickets()
        stack.add_provider_staff()
        stack.state.save_credentials(stack.credentials())
    with step("Starting the site"):
        stack.site.start()
        stack.site.wait()


def _show(stack: Stack) -> None:
    kept = stack.state.secrets()
    customer, admin = kept["customer_password"], kept["admin_password"]
    rows = [
        ("Site", stack.site_url),
        ("Django admin", f"{stack.site_url}/admin/"),
        ("Directus", f"{stack.directus_public_url}/admin"),
        ("Mails", stack.mail_url),
        ("Samples of mails", f"{stack.mail_url}/samples/"),
        _provider_row(stack),
        ("", ""),
    ]
    people = stack.credentials()["demo_customers"]
    assert isinstance(people, list)
    rows += [("Customer", f"{person['email']}  {customer}") for person in people]
    rows += [
        ("Administrator", f"{stack.credentials()['admin_email']}  {admin}"),
        ("", ""),
        ("Logs and mails", f"{stack.state.folder.relative_to(ROOT)}/"),
    ]
    print("\n" + "\n".join(f"  {name:16} {value}".rstrip() for name, value in rows))
    print("\n  Ctrl-C ends everything.\n", flush=True)


def _provider_row(stack: Stack) -> tuple[str, str]:
    if stack.provider is None:
        version = stack.directus.version
        return f"No {LABEL}", f"Directus {version.major}: {version.without_provider}"
    return LABEL, f"{stack.provider.url}  press “Continue with {LABEL}” at the site"


def _watch(stack: Stack) -> NoReturn:
    """Never return; raise when a server has ended."""
    parent = os.getppid()
    while True:
        time.sleep(0.5)
        for server in (stack.directus, stack.provider, stack.site):
            if server is not None and not server.is_running():
                raise Problem(f"{server.name} ended by itself: {server.log} tells why.")
        # A make that was killed outright could not pass the signal on.
        if "MAKELEVEL" in os.environ and os.getppid() != parent:
            raise Problem("The make that started this is gone.")


if __name__ == "__main__":
    try:
        with stoppable():
            sys.exit(report(main))
    except Stopped as stopped:
        sys.exit(stopped.exit_code)
