"""Made-up sites that the doctor looks at."""

import pytest

from accounts.directus import ids
from accounts.operations.doctor.site import Site
from accounts.operations.provisioning import Server, Webhook, version_10, wanted
from accounts.operations.provisioning import rights as needed

from .made_up import ROLE, SECRET, URL, summed_up


@pytest.fixture
def site(settings):
    """A site on which every check is content; tests spoil one thing."""
    settings.DIRECTUS_SERVICE_TOKEN = "token"
    settings.DIRECTUS_CUSTOMER_ROLE = ROLE
    settings.DIRECTUS_WEBHOOK_SECRET = SECRET
    project = {"public_registration": True, "public_registration_verify_email": True}
    site = Site()
    site.declared = ()
    site.token_error = None
    site.has_picture_folder = True
    site.last_change = None
    site.public_info = {"project": project}
    site.info = {"version": "11.17.4"}
    site.settings = {
        "auth_login_attempts": 25,
        "public_registration": True,
        "public_registration_role": ROLE,
    }
    site.global_rights = {"admin_access": False, "app_access": False}
    site.rights = summed_up(needed.service_permissions(ROLE))
    site.me = {"id": "1", "role": ids.SERVICE_ROLE, "status": "active"}
    site.roles = [{"id": ROLE, "name": "Customer", "parent": None}]
    site._policies = wanted.policies()
    site._access = wanted.access(ROLE)
    site._permissions = [
        permission.values()
        for permission in needed.customer_permissions()
        if permission.collection == "directus_users"
    ]
    site.webhook_flow = {
        "id": ids.WEBHOOK_FLOW,
        "status": "active",
        "operation": ids.WEBHOOK_SIGN,
        "description": Webhook(URL, SECRET).description,
    }
    return site


@pytest.fixture
def with_site_mails(site, settings):
    """A site that mails the links itself, on a Directus with closed registration."""
    settings.ACCOUNT_MAILS = "site"
    site.public_info["project"]["public_registration"] = False
    site.settings["public_registration"] = False
    site._permissions = [
        permission.values()
        for permission in (
            *needed.customer_permissions(),
            *needed.service_permissions(ROLE),
        )
        if permission.collection == "directus_users"
    ]
    return site


@pytest.fixture
def site_of_10(site, settings):
    """A site on Directus 10, where roles have rights by themselves."""
    old = Site()
    old.declared = ()
    old.public_info, old.info = site.public_info, {"version": "10.13.4"}
    old.token_error, old.settings = None, site.settings
    old.has_picture_folder = True
    old.me = {"id": "1", "role": ids.SERVICE_ROLE, "status": "active"}
    power = {"parent": None, "admin_access": False, "app_access": False}
    old.roles = [
        {"id": ROLE, "name": "Customer"} | power,
        {"id": ids.SERVICE_ROLE, "name": "Django site"} | power,
    ]
    wishes = [*needed.customer_permissions(), *needed.service_permissions(ROLE)]
    wishes = Server("10.13.4").attainable(wishes)
    rows = [
        version_10.with_role(permission.values(), ROLE)
        for permission in wishes
        if permission.collection == "directus_users"
    ]
    old.rights = summed_up(each for each in wishes if not each.for_customers)
    old._permissions = [row | {"policy": row["role"]} for row in rows]
    return old


@pytest.fixture
def unlicensed(site):
    """A site on a Directus with a licence that allows no rules."""
    site.public_info["license"] = {"source": None}
    site._permissions = []
    core = Server("12.4.0", takes_rules=False)
    site.rights = summed_up(core.attainable(needed.service_permissions(ROLE)))
    return site
