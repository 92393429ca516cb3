"""What a sign-in asks the database; tests/bench counts the same on PostgreSQL, too."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.statements import costs_of, count_sign_in

from ..steps import log_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("browser", ["known", "unknown"])
def test_a_sign_in_takes_ten_statements_in_three_transactions(ada, browser):
    costs = count_sign_in("testserver", ada.email, ada.password)[browser]

    assert costs.statements <= 10
    assert costs.transactions <= 3
    # The look for a local user's password.
    assert costs.reads == 1
    # An error of the audit trail must not undo the sign-in.
    assert costs.savepoints <= 2


def test_a_refused_one_takes_four_statements(ada):
    # The last one stores the event.
    for email in (ada.email, "nobody@example.com"):
        with CaptureQueriesContext(connection) as queries:
            log_in(Client(), email)
        costs = costs_of(query["sql"] for query in queries)
        assert (costs.statements, costs.transactions) == (4, 3)


def test_statements_are_counted_one_by_one():
    costs = costs_of(
        [
            "SELECT 1",
            " INSERT INTO a",
            "BEGIN IMMEDIATE",
            "SELECT 2",
            'SAVEPOINT "a"',
            "UPDATE a",
            'RELEASE SAVEPOINT "a"',
            'SAVEPOINT "b"',
            'ROLLBACK TO SAVEPOINT "b"',
            "DELETE FROM a",
            "COMMIT",
            "UPDATE a",
        ]
    )

    assert (costs.statements, costs.transactions) == (6, 3)
    assert (costs.reads, costs.savepoints) == (1, 2)
