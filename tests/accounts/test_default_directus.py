"""The whole site on a Directus that has nothing but its database and administrator.

The site mails all links itself. Directus knows no mail server, no address of the site
and no proxy.
"""

import json
import os
import re
import secrets
import sys

import pytest

from local.directus import PASSED_ON, Directus, least_environment
from local.paths import ROOT
from local.ports import Ports
from local.problem import Problem
from local.processes import run
from local.stack import Stack
from local.state import State
from local.versions import chosen_version
from tests.accounts.browser_form import Form
from tests.on_wire.site import Browser
from tests.stack import SITE_ENV, Customer, Mailbox, directus_database

pytestmark = [pytest.mark.real, pytest.mark.versions]

# A busy machine, and one without a network, are no part of these tests.
QUIET = {"PRESSURE_LIMITER_ENABLED": "false", "TELEMETRY": "false"}
OWN_SETTINGS = SITE_ENV | {
    # As in .env.example; the local stack has other values.
    "DIRECTUS_LOGIN_ATTEMPTS": "25",
    # Directus calls no address of its own machine without a line in its environment.
    "DIRECTUS_WEBHOOK_SECRET": "",
    "SSO_SIGN_OUT_URLS": "",
}
# What lines in Directus' environment would mend, and the age of version 10.
EXPECTED = {
    10: {"directus.version", "webhook.secret"},
    11: {"directus.address", "webhook.secret"},
    12: {"directus.address", "webhook.secret"},
}
NEW = "Another horse battery 43"


def document(text):
    """Return what a command printed, without the lines of its log."""
    decoder = json.JSONDecoder()
    while text:
        found, end = decoder.raw_decode(text)
        if "levelname" not in found:
            return found
        text = text[end:].lstrip()
    raise ValueError("the command printed no document")


class BareStack(Stack):
    """A site and its mails, beside a Directus that was only started."""

    def __init__(self, state, database):
        env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        super().__init__(state, Ports.free(), base_env=env)
        self.provider = None
        bare = least_environment(state, self.ports) | database | QUIET
        self.directus = Directus(state, bare, chosen_version())
        state.save_site_env(OWN_SETTINGS)

    def set_up(self):
        """Run directus_setup as an operator does; return its document."""
        command = ["directus_setup", "--yes", "--format=json"]
        token = self.state.secrets()["admin_token"]
        file = f"--env-file={self.state.site_env}"
        text = self.site.manage(*command, file, DIRECTUS_ADMIN_TOKEN=token)
        return document(text)

    def examine(self):
        """Run directus_doctor; return its findings by id."""
        command = [sys.executable, "manage.py", "directus_doctor", "--format=json"]
        _code, text = run(command, env=self.site.env, cwd=ROOT)
        return {row["id"]: row for row in document(text)}


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """Directus with its default environment, and the site in front of it."""
    try:
        with directus_database() as database:
            stack = BareStack(State(tmp_path_factory.mktemp("bare")), database)
            try:
                stack.start_mail()
                stack.directus.start()
                stack.prepare_site()
                stack.directus.wait()
                stack.told = stack.set_up()
                stack.site.start()
                stack.site.wait()
                yield stack
            finally:
                stack.stop()
    except Problem as problem:
        pytest.fail(str(problem), pytrace=False)


@pytest.fixture
def new_browser(bare):
    """Return a function that opens a browser at an address of its own."""
    return lambda: Browser(bare.ports.site)


@pytest.fixture
def mailbox(bare):
    """The mails that arrive during this test."""
    return Mailbox(bare.state.mail)


@pytest.fixture
def email():
    """An address that has no account."""
    return f"erika-{secrets.token_hex(6)}@example.com"


@pytest.fixture
def customer(bare, email):
    """A customer that Directus has already."""
    password = f"Correct-horse-{secrets.token_hex(4)}"
    fields = {"first_name": "Erika", "last_name": "Example"}
    user = bare.admin.create_user(email, password, role=bare.customer_role, **fields)
    return Customer(user["id"], email, password)


def submit(browser, path, **values):
    """Open a page, fill in the form of its main part, and send it."""
    main = browser.get(path).text.partition("<main")[2].partition("</main>")[0]
    form = {name: found[-1] for name, found in Form(main).values.items()}
    return browser.post(path, **form | values)


def open_link(browser, bare, link):
    """Open a mailed link; return the path of its page."""
    assert link.startswith(f"{bare.site_url}/")
    path = link.removeprefix(bare.site_url)
    assert browser.get(path).status == 302
    return path.partition("?")[0]


def can_sign_in(bare, email, password):
    form = {"email": email, "password": password}
    return Browser(bare.ports.site).post("/login/", **form).status == 302


def sign_up(browser, email, password):
    names = {"first_name": "Erika", "last_name": "Example"}
    page = submit(browser, "/register/", email=email, password=password, **names)
    assert (page.status, page.location) == (302, "/register/done/")


# Set-up


def test_no_line_is_needed(bare):
    assert bare.told["account_mails"]["sender"] == "site"
    assert bare.told["environment_of_directus"] == {}
    assert bare.told["environment_good_to_have"]


def test_directus_takes_no_sign_ups_itself(bare):
    assert not bare.admin.get_settings()["public_registration"]


def test_the_doctor_finds_no_problem(bare):
    found = bare.examine()

    odd = {id: row for id, row in found.items() if row["verdict"] != "ok"}
    assert {row["verdict"] for row in odd.values()} <= {"warning", "unknown"}, odd
    warned = {id for id, row in odd.items() if row["verdict"] == "warning"}
    assert warned == EXPECTED[chosen_version().major], odd


# The walks


def test_sign_up(bare, new_browser, mailbox, email):
    here = new_browser()
    sign_up(here, email, NEW)
    assert not can_sign_in(bare, email, NEW)

    path = open_link(here, bare, mailbox.link_for(email, "Confirm your email"))
    page = submit(here, path)

    assert (page.status, page.location) == (302, "/verify-email/done/")
    assert can_sign_in(bare, email, NEW)
    assert bare.admin.find_user(email)["role"] == bare.customer_role


def test_sign_up_twice_from_different_browsers(bare, new_browser, mailbox, email):
    """The address is confirmed, and neither password is kept."""
    stranger, owner = new_browser(), new_browser()
    sign_up(stranger, email, "A stranger's horse 1")
    mailbox.wait_for(email, "Confirm your email")
    sign_up(owner, email, "The owner's horse 2")

    path = open_link(owner, bare, mailbox.link_for(email, "Confirm your email"))
    asked = submit(owner, path)
    page = submit(owner, path, new_password=NEW, new_password_again=NEW)

    assert asked.location != "/verify-email/done/"
    assert page.location == "/verify-email/done/"
    assert not can_sign_in(bare, email, "A stranger's horse 1")
    assert not can_sign_in(bare, email, "The owner's horse 2")
    assert can_sign_in(bare, email, NEW)


def test_many_sign_ups_within_a_minute(new_browser, mailbox):
    """Directus' own registration takes five a minute, of all visitors together."""
    emails = [f"many-{n}-{secrets.token_hex(4)}@example.com" for n in range(8)]

    for each in emails:
        sign_up(new_browser(), each, NEW)

    for each in emails:
        mailbox.wait_for(each, "Confirm your email")


def test_a_forgotten_password(bare, new_browser, mailbox, customer):
    here = new_browser()
    page = submit(here, "/request-reset-password/", email=customer.email)
    assert page.location == "/request-reset-password/done/"

    path = open_link(here, bare, mailbox.link_for(customer.email, "Reset your"))
    page = submit(here, path, new_password=NEW, new_password_again=NEW)

    assert page.location == "/reset-password/done/"
    assert not can_sign_in(bare, customer.email, customer.password)
    assert can_sign_in(bare, customer.email, NEW)


def test_a_new_address(bare, new_browser, mailbox, customer):
    here, elsewhere = new_browser(), new_browser()
    here.sign_in(customer)
    new = f"new-{customer.email}"
    page = submit(here, "/account/email/", email=new)
    assert page.status == 302
    mailbox.wait_for(customer.email, "Request to change your")

    link = mailbox.link_for(new, "Confirm your new email")
    path = open_link(elsewhere, bare, link)
    page = submit(elsewhere, path)

    assert page.location == "/account/email/done/"
    mailbox.wait_for(customer.email, "email was changed")
    assert not can_sign_in(bare, customer.email, customer.password)
    assert can_sign_in(bare, new, customer.password)


def test_an_invitation(bare, new_browser, mailbox, email):
    staff, guest = new_browser(), new_browser()
    kept = bare.credentials()
    staff.sign_in(Customer("", kept["admin_email"], kept["admin_password"]))
    names = {"first_name": "Erika", "last_name": "Example"}
    page = submit(staff, "/admin/accounts/user/invite/", email=email, **names)
    assert page.location.startswith("/admin/accounts/user/"), page.text

    path = open_link(guest, bare, mailbox.link_for(email, "invited"))
    page = submit(guest, path, new_password=NEW, new_password_again=NEW)

    assert page.location == "/invite/done/"
    assert can_sign_in(bare, email, NEW)


def test_staff_send_a_link_to_a_new_password(bare, new_browser, mailbox, customer):
    staff = new_browser()
    kept = bare.credentials()
    staff.sign_in(Customer("", kept["admin_email"], kept["admin_password"]))
    bare.site.manage("directus_sync", "--user", customer.email)
    found = staff.get(f"/admin/accounts/user/?q={customer.email}").text
    user = re.search(r"/admin/accounts/user/\d+/", found)[0]

    page = staff.post(f"{user}send-password-reset/", post="yes")

    assert page.status == 302
    assert mailbox.link_for(customer.email, "Reset your").startswith(bare.site_url)
