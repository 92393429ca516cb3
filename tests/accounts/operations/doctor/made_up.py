"""What the made-up sites of these tests are made of."""

from accounts.directus import ids

ROLE = ids.customer_role_id("Customer")
SECRET = "the secret of the tests, which is long enough"
URL = "https://www.example.com/webhooks/directus/"
POLICY = {"id": "p", "name": "P", "admin_access": False, "app_access": False}


def summed_up(permissions):
    """Return rights as Directus tells their owner about them."""
    found = {}
    for each in permissions:
        access = "partial" if each.permissions else "full"
        right = {"access": access, "fields": list(each.fields)}
        found.setdefault(each.collection, {})[each.action] = right
    return found


def add_policy(site, role, **values):
    """Give a role, or the public, one more policy."""
    site._policies = [*site._policies, POLICY | values]
    site._access = [*site._access, {"role": role, "policy": POLICY["id"]}]
