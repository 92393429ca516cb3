"""A second factor that Directus demands, and does not enforce: this site does."""

import pytest
from django.test import Client

from accounts import two_factor
from accounts.core import memory
from accounts.models import RecoveryCode, User
from accounts.two_factor import recovery_codes

from ..second_steps import CODES, OFF, START, code_for, enrol
from ..signed_in import make_old
from ..steps import let_pass, log_in, send_code

pytestmark = pytest.mark.django_db

GLOBALS = "/policies/me/globals"


@pytest.fixture(params=["policy", "role of version 10"])
def demanded(request, directus, service_token):
    """A Directus that demands it of customers."""
    directus.demands_second_factor()
    directus.state.has_policies = request.param == "policy"


@pytest.fixture
def visitor(demanded, ada, sign_in):
    return sign_in(ada, Client())


def test_until_there_is_one_only_that_page_is_open(visitor, ada):
    for path in ("/", "/account/sessions/", CODES, OFF):
        assert visitor.get(path).url == START
    assert visitor.post("/account/sessions/", {"others": "1"}).url == START
    page = visitor.get(START)
    assert "Set it up to continue" in page.text
    assert visitor.get("/account/confirm/").status_code == 200


def test_once_there_is_one_everything_is_open(visitor, ada):
    enrol(visitor, ada)

    assert visitor.get("/").status_code == 200
    assert "you can't turn it off" in visitor.get(START).text


def test_signing_out_is_always_possible(visitor):
    assert visitor.post("/logout/").url == "/login/"


def test_it_cannot_be_turned_off(visitor, ada, demanded):
    secret, _codes = enrol(visitor, ada)
    let_pass(minutes=5)

    response = visitor.post(
        OFF, {"current_password": ada.password, "otp": code_for(secret)}, follow=True
    )

    assert "requires two-step verification" in response.text
    assert ada.otp_secret


def test_a_demand_that_came_later_holds_within_a_minute(
    ada, directus, service_token, sign_in
):
    visitor = sign_in(ada, Client())
    assert visitor.get("/").status_code == 200
    directus.demands_second_factor()

    make_old(visitor, minutes=2)

    assert visitor.get("/").url == START


def test_a_demand_of_a_users_own_policy_holds_from_the_sign_in_on(ada, directus):
    directus.demands_second_factor(of=ada)
    visitor = Client()

    log_in(visitor, ada.email, ada.password)

    assert visitor.get("/").url == START


def test_a_demand_that_is_gone_is_forgotten(visitor, directus):
    directus.state.demanding_roles.clear()

    make_old(visitor, minutes=2)

    assert visitor.get("/").status_code == 200


def test_a_second_factor_that_an_administrator_removed_is_demanded_anew(
    visitor, ada, directus
):
    enrol(visitor, ada)
    ada.otp_secret = None

    make_old(visitor, minutes=2)

    assert visitor.get("/").url == START


def test_a_user_who_has_one_already_is_let_in(demanded, ada, directus):
    secret = ada.otp_secret = "BJ4A22TICIBESDBT"
    visitor = Client()
    log_in(visitor, ada.email, ada.password)
    send_code(visitor, code_for(secret))

    assert visitor.get("/").status_code == 200


def test_a_user_who_may_not_read_it_is_let_in_with_one(
    demanded, ada, directus, settings
):
    """A sign-in shows it, and no page forgets it."""
    settings.DIRECTUS_SERVICE_TOKEN = ""
    directus.state.has_policies = True
    directus.state.customer_reads -= {"tfa_secret"}
    secret = ada.otp_secret = "BJ4A22TICIBESDBT"
    visitor = Client()
    log_in(visitor, ada.email, ada.password)
    send_code(visitor, code_for(secret))

    make_old(visitor, minutes=2)

    assert visitor.get("/").status_code == 200
    assert User.objects.get().has_two_factor is True


@pytest.mark.parametrize("is_on", [True, False])
def test_where_it_may_not_be_read_each_sign_in_shows_it(
    ada, directus, is_on, signed_in_client
):
    """Later pages ask for a code only if the sign-in needed one."""
    directus.state.customer_reads -= {"tfa_secret"}
    secret = "BJ4A22TICIBESDBT"
    ada.otp_secret = secret if is_on else None
    User.objects.update(has_two_factor=not is_on)
    recovery_codes.replace_codes(User.objects.get(), "of another secret")

    visitor = Client()
    log_in(visitor, ada.email, ada.password)
    if is_on:
        send_code(visitor, code_for(secret))

    assert User.objects.get().has_two_factor is is_on
    assert RecoveryCode.objects.count() == 0
    form = visitor.get("/account/confirm/").context["form"]
    assert ("otp" in form.fields) == is_on


def test_of_two_sign_ins_the_second_asks_nothing_more(ada, directus, sign_in):
    directus.demands_second_factor()
    sign_in(ada, Client())
    User.objects.update(must_use_two_factor=False)
    directus.forget_calls()

    visitor = sign_in(ada, Client())

    directus.was_not_asked(GLOBALS)
    assert visitor.get("/").url == START


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_when_directus_does_not_tell_what_was_known_stays(
    visitor, directus, ada, status
):
    memory.clear()
    directus.answers(status, {}, path=GLOBALS, times=3)

    make_old(visitor, minutes=2)

    assert visitor.get("/").url == START


@pytest.mark.parametrize(
    "odd", [None, [], {}, "x", {"app_access": True}, {"enforce_tfa": None}], ids=repr
)
def test_an_odd_answer_takes_no_demand_away(visitor, directus, odd):
    memory.clear()
    directus.answers(200, {"data": odd}, path=GLOBALS, times=3)

    make_old(visitor, minutes=2)

    assert visitor.get("/").url == START


def test_version_10_needs_the_service_token(ada, directus, sign_in):
    directus.demands_second_factor()
    directus.state.has_policies = False

    visitor = sign_in(ada, Client())

    assert visitor.get("/").status_code == 200


def test_pages_make_no_call(visitor, directus):
    directus.forget_calls()

    visitor.get("/")
    visitor.get(START)

    directus.was_not_asked()


def test_a_local_administrator_is_not_meant(client):
    admin = User.objects.create_superuser("root@example.com", "a password 123")
    admin.must_use_two_factor = True

    assert not two_factor.is_missing(admin)


def test_the_admin_is_no_way_around(directus, sign_in, settings):
    settings.DIRECTUS_STAFF_ROLES = ["Administrator"]
    directus.demands_second_factor("Administrator")
    boss = directus.add_user("boss@example.com", "A secret 1900", role="Administrator")

    visitor = sign_in(boss, Client())

    assert User.objects.get().is_staff
    assert visitor.get("/admin/").url == START


def test_the_own_picture_stands_on_that_page(visitor):
    assert visitor.get("/account/picture/").url == "/static/picture.svg"
