"""The collections of tests/items/conftest.py on a real Directus, and their rights.

They stand in for the site's own tickets while the tests of a module run.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from accounts.directus import ids
from tests.stack import RunningStack

from .fields import CHANGEABLE, FIELDS, PRODUCTS, READABLE, WRITABLE
from .real_collections import RealCollections

OWN = {"owner": {"_eq": "$CURRENT_USER"}}
OWNED = {"owner": {"_nnull": True}}
NONE = {"id": {"_null": True}}


class RealShop(RealCollections):
    """`tickets` and `products`; `close` makes the site's own ones again.

    Version 12 without a licence takes no rules: customers have no rights there, the
    site has all.
    """

    names = ("tickets", "products")

    def __init__(self, stack: RunningStack) -> None:
        super().__init__(stack)
        self.drop()
        self.make("products", PRODUCTS, "integer")
        self.make("tickets", FIELDS, "uuid")
        if self.takes_rules:
            self._let_customers()
            self._let_site_describe()
        else:
            self._let_site()

    @contextmanager
    def narrowed(self, collection: str, action: str, rule: Any) -> Iterator[None]:
        """Let customers do something with fewer of their rows inside the block."""
        own = json.dumps({"collection": {"_eq": collection}})
        rows = self.admin.call("GET", f"/permissions?limit=-1&filter={quote(own)}")
        (row,) = [
            row for row in rows if row["action"] == action and row["permissions"] == OWN
        ]
        path = f"/permissions/{row['id']}"
        self.admin.call("PATCH", path, {"permissions": {"_and": [OWN, rule]}})
        yield
        self.admin.call("PATCH", path, {"permissions": OWN})

    def _let_customers(self) -> None:
        customers, mine = ids.CUSTOMER_POLICY, {"permissions": OWN}
        self.grant(customers, "products", "read", fields=["id", "name"])
        self.grant(customers, "tickets", "read", fields=sorted(READABLE), **mine)
        new = {"presets": {"owner": "$CURRENT_USER"}, "validation": OWN}
        self.grant(customers, "tickets", "create", fields=sorted(WRITABLE), **new)
        self.grant(customers, "tickets", "update", fields=sorted(CHANGEABLE), **mine)
        self.grant(customers, "tickets", "delete", **mine)

    def _let_site_describe(self) -> None:
        """Let the site read columns, and the rows of customers to delete them."""
        self.grant(ids.SERVICE_POLICY, "tickets", "read", permissions=OWNED)
        self.grant(ids.SERVICE_POLICY, "tickets", "delete", permissions=OWNED)
        self.grant(ids.SERVICE_POLICY, "products", "read", permissions=NONE)

    def _let_site(self) -> None:
        for action in ("create", "read", "update", "delete"):
            for name in ("tickets", "products"):
                self.grant(ids.SERVICE_POLICY, name, action)
