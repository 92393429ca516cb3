"""Policies of Directus that give groups and the admin, beside roles."""

import uuid
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.core import clients, memory
from accounts.mirror import policies
from accounts.mirror.users import mirror_user
from accounts.models import Session, User

from ..signed_in import make_old

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _map(settings):
    settings.DIRECTUS_ROLE_GROUPS = {"Support": ["support"], "Editor": ["editors"]}
    settings.DIRECTUS_STAFF_ROLES = ["Support"]


@pytest.fixture
def look(ada, directus, service_token):
    """Read Ada anew, and return what she may: her groups, and whether she is staff."""

    def look():
        policies.forget()
        user = mirror_user(clients.service_client().get_user(ada.id))
        return set(user.groups.values_list("name", flat=True)), user.is_staff

    return look


def test_a_policy_of_the_role(look, directus):
    assert look() == (set(), False)

    directus.attach("Support", role="Customer")
    assert look() == ({"support"}, True)

    directus.detach("Support")
    assert look() == (set(), False)


def test_a_policy_of_a_role_above(look, directus):
    above, top = (directus.state.role_id(name) for name in ("Above", "Top"))
    directus.state.parents |= {
        directus.state.role_id("Customer"): above,
        above: top,
        # Directus refuses a circle; nothing here hangs on that.
        top: above,
    }
    directus.attach("Support", role="Top")

    assert look() == ({"support"}, True)


def test_a_policy_of_the_user(look, directus, ada):
    directus.attach("Support", user=directus.add_user("other@example.com"))
    assert look() == (set(), False)

    directus.attach("Support", user=ada)

    assert look() == ({"support"}, True)


def test_a_policy_by_its_id(look, directus, ada, settings):
    settings.DIRECTUS_STAFF_ROLES = []
    settings.DIRECTUS_ROLE_GROUPS = {directus.state.policy_id("Support"): ["support"]}
    directus.attach("Support", user=ada)

    assert look() == ({"support"}, False)


def test_policies_that_the_settings_do_not_name_are_not_kept(look, directus, ada):
    directus.attach("Reporting", user=ada)
    directus.attach("Support", user=ada)

    look()

    assert User.objects.get(directus_id=ada.id).policies == ["Support"]


def test_a_word_that_is_a_roles_means_the_role_alone(look, directus, ada):
    directus.state.role_id("Support")
    directus.attach("Support", user=ada)

    assert look() == (set(), False)


def test_an_inactive_user_gets_no_staff_from_a_policy(look, directus, ada):
    directus.attach("Support", user=ada)
    directus.suspend(ada)

    assert look()[1] is False


# Answers that are cut or odd


def test_directus_may_send_few_rows_at_once(look, directus, ada):
    directus.state.query_limit_max = 1
    directus.attach("Support", user=directus.add_user("other@example.com"))
    directus.attach("Editor", role="Customer")
    directus.attach("Support", user=ada)

    assert look() == ({"support", "editors"}, True)


@pytest.mark.parametrize("path", ["/roles", "/policies", "/access"])
@pytest.mark.parametrize(
    "odd", [[{}], [{"id": 1, "name": []}], ["x"], {"a": 1}, [None]]
)
def test_after_an_odd_answer_what_was_known_stays(look, directus, ada, path, odd):
    directus.attach("Support", user=ada)
    look()
    directus.answers(200, {"data": odd}, path=path, times=9)

    assert look() == ({"support"}, True)


# When it is asked, and when not


def test_nothing_is_asked_while_nothing_is_named(look, directus, settings):
    settings.DIRECTUS_ROLE_GROUPS, settings.DIRECTUS_STAFF_ROLES = {}, []
    directus.forget_calls()

    look()

    assert {call.path.split("/")[1] for call in directus.calls} == {"users"}


def test_roles_alone_cost_one_question(look, directus, settings):
    settings.DIRECTUS_ROLE_GROUPS = {"Customer": ["buyers"]}
    settings.DIRECTUS_STAFF_ROLES = []
    directus.forget_calls()

    assert look() == ({"buyers"}, False)

    directus.was_asked_once("/roles")
    directus.was_not_asked("/policies")
    directus.was_not_asked("/access")


def test_what_roles_have_is_believed_for_a_moment(look, directus, ada, monkeypatch):
    directus.attach("Support", user=ada)
    look()
    profile = clients.service_client().get_user(ada.id)
    directus.forget_calls()

    mirror_user(profile)

    # The users who have it directly are always asked for.
    assert [call.path for call in directus.calls] == ["/access"]
    monkeypatch.setattr(memory.time, "monotonic", lambda: 1e12)
    mirror_user(profile)
    assert directus.calls_to("/policies")


def test_version_10_has_no_policies(look, directus, ada):
    directus.state.has_policies = False
    directus.change(ada, role="Editor")

    assert look() == ({"editors"}, False)


def test_without_a_service_token_policies_give_nothing(look, directus, ada, settings):
    directus.attach("Support", user=ada)
    assert look() == ({"support"}, True)
    profile = clients.service_client().get_user(ada.id)
    settings.DIRECTUS_SERVICE_TOKEN = ""

    user = mirror_user(profile)

    assert not user.is_staff
    assert not user.groups.exists()


# When it cannot be read


@pytest.mark.parametrize("path", ["/roles", "/policies", "/access"])
@pytest.mark.parametrize("status", [403, 401, 429, 503])
def test_no_user_loses_a_right_when_it_cannot_be_read(
    look, directus, ada, path, status
):
    directus.attach("Support", user=ada)
    look()
    code = {"errors": [{"extensions": {"code": "FORBIDDEN"}}]}
    directus.answers(status, code, path=path, times=9)
    directus.change(ada, first_name="Augusta")

    assert look() == ({"support"}, True)

    assert User.objects.get(directus_id=ada.id).first_name == "Augusta"


def test_an_unreadable_policy_does_not_outlive_the_role(look, directus, ada):
    directus.attach("Support", role="Customer")
    look()
    directus.change(ada, role="Editor")
    directus.answers(503, path="/roles", times=9)

    assert look() == ({"editors"}, False)


def test_after_an_outage_it_is_read_again(look, directus, ada):
    look()
    directus.attach("Support", user=ada)
    directus.answers(503, path="/policies", times=2)
    assert look() == (set(), False)

    assert look() == ({"support"}, True)


# Everywhere


def test_sign_in_revalidation_and_sync(ada, sign_in, directus, service_token):
    directus.attach("Support", user=ada)
    browser = sign_in(ada)
    user = User.objects.get(directus_id=ada.id)
    assert user.is_staff

    directus.detach("Support")
    policies.forget()
    make_old(browser, minutes=5)
    browser.get("/")
    user.refresh_from_db()
    assert not user.is_staff

    directus.attach("Support", role="Customer")
    policies.forget()
    call_command("directus_sync", verbosity=0)
    user.refresh_from_db()
    assert user.is_staff
    assert Session.objects.filter(user=user).exists()


def test_the_sync_reads_many_at_a_time(directus, service_token, monkeypatch):
    monkeypatch.setattr(policies, "PAGE", 2)
    people = [directus.add_user(f"c{n}@example.com") for n in range(9)]
    for person in people[:5]:
        directus.attach("Support", user=person)

    call_command("directus_sync", verbosity=0)

    staff = User.objects.filter(is_staff=True, groups__name="support")
    assert {str(user.directus_id) for user in staff} == {p.id for p in people[:5]}
    # Five pairs of users who may have it directly, up to two pages each.
    assert len(directus.calls_to("/access")) <= 12


def test_it_is_explained(look, directus, ada, settings):
    settings.DIRECTUS_ROLE_GROUPS = {"Support": ["support"], "Customer": ["support"]}
    directus.attach("Support", user=ada)
    look()
    output = StringIO()

    call_command("directus_explain", ada.email, stdout=output, no_color=True)

    lines = [" ".join(line.split()) for line in output.getvalue().splitlines()]
    assert "policy Support" in lines
    assert "staff yes ← policy Support, by DIRECTUS_STAFF_ROLES" in lines
    assert (
        "group support ← role Customer, policy Support, by DIRECTUS_ROLE_GROUPS"
    ) in lines
    assert not any(line.startswith("next time") for line in lines)


@pytest.mark.real
@pytest.mark.directus(11)
def test_a_real_directus_lists_the_users_of_a_policy(
    directus_server, make_customer, settings
):
    settings.DIRECTUS_URL = directus_server.directus.url
    settings.DIRECTUS_SERVICE_TOKEN = directus_server.service_token
    admin, mark = directus_server.admin, uuid.uuid4().hex[:8]
    settings.DIRECTUS_STAFF_ROLES = [f"Support {mark}"]
    direct, by_role, _neither = (make_customer() for _ in range(3))
    policy = admin.call("POST", "/policies", {"name": f"Support {mark}"})["id"]
    above = admin.call("POST", "/roles", {"name": f"Above {mark}"})["id"]
    below = {"name": f"Below {mark}", "parent": above}
    below = admin.call("POST", "/roles", below)["id"]
    settings.DIRECTUS_ROLE_GROUPS = {policy: ["support"]}
    try:
        admin.patch_user(by_role.id, role=below)
        for holder in ({"role": above}, {"user": direct.id}):
            admin.call("POST", "/access", holder | {"policy": policy})

        call_command("directus_sync", verbosity=0)
        staff = User.objects.filter(is_staff=True, groups__name="support")
        assert {str(user.directus_id) for user in staff} == {direct.id, by_role.id}

        admin.call("DELETE", f"/policies/{policy}")
        policies.forget()
        since = timezone.now() - timedelta(minutes=5)
        call_command("directus_sync", since=since, verbosity=0)
        assert not User.objects.filter(is_staff=True).exists()
    finally:
        admin.patch_user(by_role.id, role=directus_server.customer_role)
        for role in (below, above):
            admin.call("DELETE", f"/roles/{role}")


@pytest.mark.real
@pytest.mark.directus(10)
def test_a_real_directus_10_has_roles_alone(directus_server, make_customer, settings):
    settings.DIRECTUS_URL = directus_server.directus.url
    settings.DIRECTUS_SERVICE_TOKEN = directus_server.service_token
    settings.DIRECTUS_ROLE_GROUPS = {
        directus_server.customer_role: ["buyers"],
        "Support": ["support"],
    }
    customer = make_customer()

    call_command("directus_sync", verbosity=0)

    user = User.objects.get(directus_id=customer.id)
    assert (user.groups.get().name, user.policies) == ("buyers", [])
