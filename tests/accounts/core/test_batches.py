"""Many rows are deleted in short transactions."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.core.batches import delete_in_batches
from accounts.models import Attempts, RecoveryCode, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended():
    """25 rows that have ended, and 5 that have not."""
    now = timezone.now()
    ends = [now - timedelta(hours=1)] * 25 + [now + timedelta(hours=1)] * 5
    Attempts.objects.bulk_create(
        Attempts(key=f"tests:{number}", window_ends_at=end)
        for number, end in enumerate(ends)
    )
    return Attempts.objects.filter(window_ends_at__lt=now)


@pytest.mark.parametrize("size", [1, 10, 25, 1000])
def test_all_rows_of_the_queryset_go_and_no_other(ended, size):
    assert delete_in_batches(ended, size) == 25

    assert Attempts.objects.count() == 5


def test_no_statement_deletes_more_than_a_batch(ended):
    with CaptureQueriesContext(connection) as queries:
        delete_in_batches(ended, 10)

    deletes = [one["sql"] for one in queries if one["sql"].startswith("DELETE")]
    assert [sql.count("tests:") for sql in deletes] == [10, 10, 5]


def test_nothing_to_delete_is_one_question(ended, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert delete_in_batches(ended.filter(key="none")) == 0


def test_a_row_that_is_used_again_meanwhile_stays(ended, monkeypatch):
    row = Attempts.objects.filter(pk=ended.first().pk)
    values_list = QuerySet.values_list

    def read_and_use(queryset, *names, **options):
        keys = list(values_list(queryset, *names, **options))
        row.update(window_ends_at=timezone.now())
        return keys

    monkeypatch.setattr(QuerySet, "values_list", read_and_use)

    assert delete_in_batches(ended) == 24
    assert row.exists()


def test_rows_that_go_with_others_are_not_counted():
    user = User.objects.create(email="ada@example.com", directus_id=None)
    RecoveryCode.objects.create(user=user, digest="d", sealed_secret="s")

    assert delete_in_batches(User.objects.all()) == 1
    assert not RecoveryCode.objects.exists()
