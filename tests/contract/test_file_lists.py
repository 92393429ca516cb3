"""Lists of files: what a row tells of them, and what the site learns of relations."""

import uuid

import pytest

from accounts.directus import Forbidden
from tests.items.documents_on_directus import RealDocuments

from .fake_world import FakeWorld

WITH_RULES = pytest.mark.directus(10, 11)


@pytest.fixture(scope="module")
def real_documents(directus_server):
    found = RealDocuments(directus_server)
    yield found
    found.close()


@pytest.fixture
def documents(world, request):
    """The collection `documents`; `add_file` and `link` make its lists."""
    if isinstance(world, FakeWorld):
        yield world.open_documents()
        return
    found = request.getfixturevalue("real_documents")
    yield found
    found.empty()


@pytest.fixture
def tokens(world, person):
    return world.sign_in(person)


@pytest.fixture
def client(world, tokens, documents, has_rules):
    """The client with the token that reads rows."""
    return world.as_owner_of(tokens) if has_rules else world.service()


@pytest.fixture
def add(documents, person):
    """A function that makes a row with these photos; it returns the key."""

    def add(*photos, owner=person):
        pk = documents.add_item("documents", owner=owner.id, title="x")
        documents.link("photos", pk, *photos)
        return pk

    return add


def photos_of(client, pk, **options):
    page = client.list_items(
        "documents",
        fields=["photos.directus_files_id"],
        rule={"id": {"_eq": pk}},
        limit=1,
        **options,
    )
    return [link["directus_files_id"] for link in page.rows[0]["photos"]]


def pdf(documents):
    return documents.add_file(b"%PDF-1.7", "a.pdf", "application/pdf")


def test_a_row_tells_the_ids_of_its_files(client, documents, add):
    one, two = pdf(documents), pdf(documents)

    assert photos_of(client, add(two, None, one)) == [two, None, one]
    assert photos_of(client, add()) == []


def test_files_are_in_the_order_of_staff(client, documents, add):
    one, two = pdf(documents), pdf(documents)
    pk = add(one, two)
    first, second = documents.items_of("documents_photos")
    documents.change_item("documents_photos", first["id"], sort=2)
    documents.change_item("documents_photos", second["id"], sort=1)

    assert photos_of(client, pk) == [two, one]


def test_directus_sends_a_hundred_unless_it_is_asked_for_all(client, documents, add):
    pk = add(*[pdf(documents)] * 103)

    assert len(photos_of(client, pk)) == 100
    assert len(photos_of(client, pk, whole=["photos"])) == 103


def test_a_column_may_have_another_name(client, documents, add):
    pk, file_id = add(), pdf(documents)
    documents.link("records", pk, file_id)
    rule = {"id": {"_eq": pk}}

    page = client.list_items("documents", fields=["records.thing"], rule=rule, limit=1)

    assert page.rows == [{"records": [{"thing": file_id}]}]


@WITH_RULES
def test_a_column_that_is_not_there_is_refused(client, add):
    rule = {"id": {"_eq": add()}}

    with pytest.raises(Forbidden):
        client.list_items("documents", fields=["records.no"], rule=rule, limit=1)


def test_a_deleted_file_leaves_a_link_without_an_id(
    world, client, documents, add, has_rules
):
    one, two = pdf(documents), pdf(documents)
    pk = add(one, two)

    world.service().delete_file(uuid.UUID(one))

    assert photos_of(client, pk) == [None, two]


def test_a_deleted_row_leaves_links_without_a_row(client, documents, add):
    pk = add(pdf(documents))

    client.delete_items("documents", {"id": {"_eq": pk}})

    (link,) = documents.items_of("documents_photos")
    assert link["documents_id"] is None


@WITH_RULES
def test_links_of_others_are_not_there(client, documents, add, other):
    mine, theirs = pdf(documents), pdf(documents)
    add(mine)
    add(theirs, owner=other)

    page = client.list_items(
        "documents_photos", fields=["directus_files_id"], rule={}, limit=9
    )

    assert page.rows == [{"directus_files_id": mine}]


@WITH_RULES
@pytest.mark.parametrize("value", ["link", "empty", "changes"])
def test_a_customer_writes_no_list(world, tokens, documents, add, person, other, value):
    theirs = pdf(documents)
    pk = add(pdf(documents))
    add(theirs, owner=other)
    before = [dict(row) for row in documents.items_of("documents_photos")]
    link = {"directus_files_id": theirs}
    sent = {
        "link": [link],
        "empty": [],
        "changes": {"create": [link], "update": [], "delete": [before[0]["id"]]},
    }[value]
    body = {"query": {"filter": {"id": {"_eq": pk}}}, "data": {"photos": sent}}

    for method, path, json in (
        ("PATCH", "/items/documents", body),
        ("POST", "/items/documents", {"title": "x", "photos": sent}),
        ("POST", "/items/documents_photos", {"documents_id": pk, **link}),
    ):
        token = tokens.access_token
        assert world.ask(method, path, json, token=token).status == 403, path
    assert documents.items_of("documents_photos") == before


def test_the_site_learns_how_a_list_is_kept(world, documents):
    told = {
        row["meta"]["one_field"]: (row["collection"], row["meta"]["junction_field"])
        for row in world.service().read_relations()
        if row["related_collection"] == "documents"
    }

    assert told == {
        "photos": ("documents_photos", "directus_files_id"),
        "records": ("documents_records", "thing"),
    }


def test_customers_learn_nothing_of_relations(world, tokens, documents):
    with pytest.raises(Forbidden):
        world.as_owner_of(tokens).read_relations()


def test_the_size_of_a_file_is_told(world, documents):
    file_id = uuid.UUID(pdf(documents))

    assert world.service().get_file(file_id).size == len(b"%PDF-1.7")
