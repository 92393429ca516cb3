"""Sign in with a provider, click by click: browsers, restarts, a second factor."""

import re
import secrets
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import expect

from accounts.operations.provisioning.sso import callback_address
from accounts.two_factor.totp import new_secret
from local.provider import LABEL, PROVIDER, STAFF
from tests.contract.providers import RealProviders, Stranger
from tests.contract.providers import choose as choose_plainly
from tests.contract.real_world import RealWorld
from tests.contract.test_sign_in import code_for

from .conftest import (
    PASSWORD,
    expect_greeting,
    expect_sign_in_page,
    follow,
    fresh_code,
    sign_out,
    until,
)
from .test_looks import SMALL_PHONE, is_wider_than_the_screen, violations

pytestmark = [
    pytest.mark.browser,
    # Version 10 sends people back to its own address; 12 has providers with a licence.
    pytest.mark.directus(11),
]


@pytest.fixture
def sso(site, mailbox):
    """What people do past the site: at the providers, and with plain HTTP."""
    world = RealWorld(site, mailbox)
    yield RealProviders(world)
    world.close()


@pytest.fixture
def known(site):
    """A person whom Example ID knows, by a name of their own."""
    return add_person(site)


def add_person(site, **claims):
    sub = secrets.token_hex(5)
    claims = {
        "given_name": "Sina",
        "family_name": sub,
        "email": f"sina-{sub}@example.org",
        "email_verified": True,
    } | claims
    site.provider.add_person(sub, **claims)
    return Stranger(sub, claims["email"])


def name_of(person):
    return f"Sina {person.sub}"


def go_to_provider(page, label=LABEL):
    """Press the button; end at the provider's page."""
    page.goto("/login/")
    page.get_by_role("button", name=f"Continue with {label}", exact=True).click()
    page.wait_for_url("http://127.0.0.1:*/**")


def choose(page, person):
    """Choose a person at Example ID; end at the site."""
    page.get_by_role("button", name=name_of(person)).click()
    page.wait_for_url("http://localhost:*/**")


def callback_of(page, site, person):
    """Return where the provider sends the browser, which does not go there yet."""
    with page.expect_request(f"{site.provider.url}/auth?*") as asked:
        go_to_provider(page)
    answer = choose_plainly(asked.value.url, sub=person.sub)
    return f"{callback_address(site.site_url, PROVIDER)}?{urlencode(answer)}"


def expect_dashboard(page, name):
    expect(page).to_have_url(re.compile(r"^http://localhost:\d+/$"))
    expect_greeting(page, name)


def expect_problem(page, title, text):
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.get_by_text(text)).to_be_visible()
    assert "code=" not in page.url
    assert "state=" not in page.url


# A sign-in


def test_choose_a_person_look_around_sign_out_and_come_again(page, site, known):
    hosts = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))

    go_to_provider(page)
    choose(page, known)
    expect_dashboard(page, name_of(known))
    page.goto("/account/overview/")
    overview = page.locator("main")
    expect(overview.get_by_text(known.email).first).to_be_visible()
    expect(overview.get_by_text("Customer", exact=True)).to_be_visible()
    # Directus is never met, and gives the browser nothing.
    assert hosts == {urlsplit(url).netloc for url in (site.site_url, site.provider.url)}
    assert not [c for c in page.context.cookies() if "directus" in c["name"]]

    sign_out(page)
    page.goto("/")
    expect_sign_in_page(page)
    # The provider remembers the person.
    page.get_by_role("button", name=f"Continue with {LABEL}", exact=True).click()
    expect_dashboard(page, name_of(known))


def test_it_works_with_another_provider_and_without_scripts(new_browser, site):
    page = new_browser(java_script_enabled=False)
    number = str(10**6 + secrets.randbelow(10**6))
    person = {"id": int(number), "name": f"Octo {number}", "email": None}
    site.hub.people[number] = person

    go_to_provider(page, site.hub.label)
    page.get_by_role("link", name=f"Octo {number}").click()

    expect_dashboard(page, f"Octo {number}")


def test_a_provider_may_answer_with_a_form(page, site, known):
    with page.expect_request(f"{site.provider.url}/auth?*") as asked:
        go_to_provider(page)
    page.goto(f"{asked.value.url}&response_mode=form_post")
    page.get_by_role("button", name=name_of(known)).click()

    expect_dashboard(page, name_of(known))


def test_the_page_that_was_asked_for_is_shown_afterwards(page, known):
    page.goto("/account/sessions/")
    page.get_by_role("button", name=f"Continue with {LABEL}", exact=True).click()
    choose(page, known)

    expect(page).to_have_url(re.compile("/account/sessions/$"))


def test_staff_by_role_reach_the_admin(page, site):
    site.add_provider_staff()

    page.goto("/admin/")
    page.get_by_role("button", name=f"Continue with {LABEL}", exact=True).click()
    page.locator(f"button[value={STAFF}]").click()

    expect(page).to_have_url(re.compile("/admin/$"))
    expect(page.get_by_role("link", name="Users", exact=True)).to_be_visible()


def test_the_provider_confirms_a_user_and_signs_out_too(page, site, known):
    go_to_provider(page)
    choose(page, known)
    expect_dashboard(page, name_of(known))
    site.make_stale("confirmed_at")
    page.goto("/account/delete/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm it's you")
    page.get_by_role("button", name=f"Continue with {LABEL}").click()
    # It is asked for a new sign-in, and does not use the one that it remembers.
    page.wait_for_url("http://127.0.0.1:*/**")
    choose(page, known)
    expect(page).to_have_url(re.compile("/account/delete/$"))

    sign_out(page)
    page.get_by_role("link", name=LABEL).click()
    page.get_by_role("button", name="Yes, sign out").click()
    expect_sign_in_page(page)
    go_to_provider(page)
    expect(page.get_by_role("button", name=name_of(known))).to_be_visible()


def test_another_person_confirms_nothing(page, site, known):
    other = add_person(site)
    go_to_provider(page)
    choose(page, known)
    expect_dashboard(page, name_of(known))
    site.make_stale("confirmed_at")
    page.goto("/account/delete/")
    page.get_by_role("button", name=f"Continue with {LABEL}").click()
    page.wait_for_url("http://127.0.0.1:*/**")
    choose(page, other)

    expect_problem(page, "You're not signed in", "with a different account")
    page.goto("/account/delete/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm it's you")


def test_an_unconfirmed_sign_up_does_not_block_the_owner(page, site, mailbox):
    person = add_person(site)
    page.goto("/register/")
    values = {"first_name": "Not", "last_name": "Me", "email": person.email}
    for name, value in (values | {"password": PASSWORD}).items():
        page.locator(f"[name={name}]").fill(value)
    follow(page.get_by_role("button", name="Create account"))
    go_to_provider(page)
    choose(page, person)
    expect_problem(page, "You're not signed in", "has an account with a password")

    page.goto(mailbox.link_for(person.email, "Confirm your email"))
    page.get_by_role("button", name=f"Continue with {LABEL}", exact=True).click()

    expect_dashboard(page, name_of(person))


# Ways that end elsewhere


def test_cancel_leads_back(page):
    go_to_provider(page)
    page.get_by_role("button", name="Cancel").click()

    expect_problem(page, "Sign-in cancelled", f"You cancelled at {LABEL}")
    page.get_by_role("link", name="Back to sign-in").click()
    expect_sign_in_page(page)


@pytest.mark.parametrize(
    ("claims", "text"),
    [
        ({"email_verified": False}, "We can't sign you in"),
        ({"email": "admin@example.com"}, "has an account with a password"),
    ],
)
def test_an_address_that_cannot_be_used_is_told(page, site, claims, text):
    person = add_person(site, **claims)

    go_to_provider(page)
    choose(page, person)

    expect_problem(page, "You're not signed in", text)


def test_a_suspended_user_is_not_let_in(page, site, sso, known):
    user = user_of(sso, known)
    go_to_provider(page)
    site.admin.patch_user(user, status="suspended")
    choose(page, known)

    expect_problem(page, "You're not signed in", "We can't sign you in")


def user_of(sso, known):
    """Let a person sign in past the site; return the id in Directus."""
    tokens = sso.sign_in_known(known.sub)
    return str(sso.world.read(tokens).id)


# Tabs, links and browsers


def test_two_tabs_of_one_browser_both_get_in(page, known):
    tab = page.context.new_page()
    for each in (page, tab):
        go_to_provider(each)
    choose(tab, known)
    expect_dashboard(tab, name_of(known))
    page.get_by_role("button", name=name_of(known)).click()

    expect_dashboard(page, name_of(known))


def test_an_answer_is_used_once(page, site, known):
    url = callback_of(page, site, known)
    page.goto(url)
    expect_dashboard(page, name_of(known))

    page.goto(url)
    expect_dashboard(page, name_of(known))
    sign_out(page)
    page.goto(url)
    expect_problem(page, "Sign in again", "expired or was started in another browser")


def test_an_answer_of_another_browser_signs_nothing_in(page, new_browser, site, known):
    victim = new_browser()
    go_to_provider(victim)
    url = callback_of(page, site, known)

    victim.goto(url)

    expect_problem(victim, "Sign in again", "was started in another browser")
    victim.goto("/")
    expect_sign_in_page(victim)
    # It was not spent by that.
    page.goto(url)
    expect_dashboard(page, name_of(known))


# Restarts


def test_a_provider_that_restarts_is_asked_again(page, site, known):
    go_to_provider(page)
    site.provider.stop()
    site.start_provider()
    page.get_by_role("button", name=name_of(known)).click()
    expect(page.get_by_text("This page is too old")).to_be_visible()

    page.get_by_role("link", name="Back to the site").click()
    page.get_by_role("button", name=f"Continue with {LABEL}", exact=True).click()
    choose(page, known)

    expect_dashboard(page, name_of(known))


def test_a_provider_that_is_away_is_told(page, site, known):
    url = callback_of(page, site, known)
    site.provider.stop()

    page.goto(url)

    expect_problem(page, f"{LABEL} isn't available right now", "Try again")


def test_a_sign_in_outlives_a_restart_of_directus(page, site, known):
    go_to_provider(page)
    site.stop_directus()
    page.get_by_role("button", name=name_of(known)).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("available")
    assert "code=" not in page.url

    site.start_directus()

    def is_in():
        page.reload()
        return page.get_by_role("heading", name=name_of(known)).count() > 0

    until(is_in)
    expect_dashboard(page, name_of(known))


# A second factor


def test_the_second_factor_of_directus_is_asked_for(page, sso, known):
    secret = new_secret()
    own = sso.world.as_owner_of(sso.sign_in_known(known.sub))
    own.enable_second_factor(secret=secret, code=code_for(secret))

    go_to_provider(page)
    choose(page, known)
    page.locator("[name=otp]").fill("000000")
    follow(page.locator("main").get_by_role("button", name="Continue"))
    expect(page.get_by_text("That code isn't valid").first).to_be_visible()
    page.locator("[name=otp]").fill(fresh_code(secret))
    page.locator("main").get_by_role("button", name="Continue").click()

    expect_dashboard(page, name_of(known))


# Looks


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_of_it_has_a_barrier(new_browser, site, known, scheme):
    page = new_browser(color_scheme=scheme, viewport=SMALL_PHONE)
    found = []

    def look(name):
        found.extend(violations(page))
        if is_wider_than_the_screen(page):
            found.append(f"{name} scrolls sideways")

    page.goto("/login/")
    look("sign-in")
    go_to_provider(page)
    look("the provider's page")
    page.get_by_role("button", name="Cancel").click()
    look("cancelled")
    for reason in ("password", "not-accepted", "expired", "provider-away"):
        page.goto(f"/sso/{PROVIDER}/problem/{reason}/")
        look(reason)
    page.goto(site.provider.url)
    look("the provider's people")

    assert found == []


def test_the_keyboard_is_enough(page, known):
    page.goto("/login/")
    page.get_by_role("button", name=f"Continue with {LABEL}", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("http://127.0.0.1:*/**")
    page.get_by_role("button", name=name_of(known)).focus()
    page.keyboard.press("Enter")

    expect_dashboard(page, name_of(known))
