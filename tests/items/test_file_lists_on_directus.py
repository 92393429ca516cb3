"""Lists of files on a real Directus, with the rights that `directus_setup` gives."""

import io
import json
import re
import uuid

import pytest
from django.test import Client
from PIL import Image

from accounts.directus import Blueprint, Declared
from accounts.operations.doctor import items
from accounts.operations.doctor.findings import Verdict
from accounts.operations.doctor.site import Site
from accounts.own_data import item_files
from dashboard.tickets import tickets
from items.collection import declared
from items.file_lists import digest
from tests.accounts.samples import HTML, SVG, picture

from .documents import documents as declaration
from .documents_on_directus import FOLDER
from .test_files import PDF

pytestmark = [pytest.mark.real, pytest.mark.versions, pytest.mark.django_db]


@pytest.fixture
def documents(real_documents):
    """The collection and its pages."""
    return real_documents


@pytest.fixture
def ada(make_customer):
    """A customer."""
    return make_customer()


@pytest.fixture
def bob(make_customer):
    """Another customer."""
    return make_customer()


@pytest.fixture
def browser(documents, sign_in, ada):
    """A browser in which Ada has signed in."""
    return sign_in(ada)


@pytest.fixture
def pdf(documents):
    """A function that uploads a PDF as staff do."""

    def upload(name="Bill.pdf", content=PDF, kind="application/pdf", **values):
        return documents.add_file(content, name, kind, **values)

    return upload


@pytest.fixture
def row(documents, ada):
    """A function that makes a row with these photos; it returns the key."""

    def make(*photos, records=(), owner=ada):
        pk = documents.add_item("documents", owner=owner.id, title="One")
        documents.link("photos", pk, *photos)
        documents.link("records", pk, *records)
        return pk

    return make


def links(page, field="photos"):
    found = rf'href="(/documents/[^"]+/files/{field}/[0-9a-f]+/)"'
    return re.findall(found, page.content.decode())


def names(page):
    text = page.content.decode()
    return re.findall(r'<span class="files-name">([^<]*)</span>', text)


def test_the_row_shows_and_serves_its_files(browser, documents, pdf, row):
    photo = pdf("pump.png", picture("PNG", (800, 400)), "image/png", title="The pump")
    pk = row(pdf(), photo, None, records=[pdf("Record.pdf")])
    # In the order of staff, not in that of keys.
    first, second, _none = documents.items_of("documents_photos")
    documents.change_item("documents_photos", first["id"], sort=9)
    documents.change_item("documents_photos", second["id"], sort=1)

    page = browser.get(f"/documents/{pk}/")

    assert names(page) == ["The pump", "Bill.pdf", "Record.pdf"]
    text = " ".join(page.content.decode().split()).replace("\xa0", " ")
    assert f"PDF · {len(PDF)} bytes" in text
    shown, saved = (browser.get(address) for address in links(page))
    assert shown["Content-Disposition"] == 'inline; filename="pump.png"'
    assert shown.getvalue() == picture("PNG", (800, 400))
    assert saved["Content-Disposition"] == 'attachment; filename="Bill.pdf"'
    assert saved.getvalue() == PDF
    small = browser.get(f"{links(page)[0]}?size=medium")
    assert Image.open(io.BytesIO(small.getvalue())).size == (300, 150)
    (record,) = links(page, "records")
    assert browser.get(record).getvalue() == PDF


def test_lists_and_downloads_have_the_number(browser, pdf, row):
    one, other = pdf(), pdf()
    row(one, other, None)
    row(one)
    row()

    page = browser.get("/documents/").content.decode()
    table = browser.get("/documents/csv/").getvalue().decode()

    assert page.count(">2 files<") == page.count(">1 file<") == 1
    assert sorted(line[-1] for line in table.splitlines()[1:]) == ["0", "1", "2"]
    assert one not in page + table


def test_more_than_a_hundred_files(browser, pdf, row):
    ids = [pdf(f"{number}.pdf") for number in range(103)]
    pk = row(*ids)

    page = browser.get(f"/documents/{pk}/")

    assert names(page) == [f"{number}.pdf" for number in range(100)]
    assert "Only the first 100 of 103 files are shown." in page.content.decode()
    assert ">103 files<" in browser.get("/documents/").content.decode()
    last = digest("documents", pk, "photos", ids[-1])
    assert browser.get(f"/documents/{pk}/files/photos/{last}/").getvalue() == PDF


def test_deleted_files_and_those_of_other_folders_are_left_out(
    browser, documents, pdf, row
):
    gone, elsewhere = pdf("Gone"), pdf("Elsewhere", folder="")
    pk = row(gone, elsewhere, pdf("Here.pdf"))
    documents.admin.call("DELETE", f"/files/{gone}")

    page = browser.get(f"/documents/{pk}/")

    assert names(page) == ["Here.pdf"]
    assert "1 file can't be shown." in page.content.decode().replace("&#x27;", "'")
    address = digest("documents", pk, "photos", elsewhere)
    assert browser.get(f"/documents/{pk}/files/photos/{address}/").status_code == 404
    documents.admin.call("DELETE", f"/files/{elsewhere}")


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [(SVG, "a.svg", "image/svg+xml"), (HTML, "a.html", "text/html")],
)
def test_a_script_is_no_page(browser, pdf, row, content, name, kind):
    page = browser.get(f"/documents/{row(pdf(name, content, kind))}/")

    answer = browser.get(links(page)[0])

    assert "?size" not in page.content.decode()
    assert answer.getvalue() == content
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer["X-Content-Type-Options"] == "nosniff"


# Attacks


def test_another_customer_reaches_no_file(browser, sign_in, bob, pdf, row):
    own, other = pdf(), pdf("Theirs.pdf")
    mine, theirs = row(own), row(other, owner=bob)
    (address,) = links(browser.get(f"/documents/{mine}/"))
    foreign = sign_in(bob, browser=Client())
    (their_address,) = links(foreign.get(f"/documents/{theirs}/"))
    base = f"/documents/{mine}/files/photos/"
    changed = address[:-2] + ("0" if address[-2] != "0" else "1") + "/"

    assert foreign.get(their_address).getvalue() == PDF
    for path in (
        their_address,
        their_address.replace(theirs, mine),
        f"{base}{digest('documents', mine, 'photos', other)}/",
        changed,
        address.replace("photos", "records"),
        *(f"{base}{each}/" for each in (other, own, "0", "1", "..%2F" + other)),
    ):
        assert browser.get(path).status_code == 404, path
    assert foreign.get(address).status_code == 404
    assert browser.get(address).getvalue() == PDF


def test_a_form_writes_no_list(browser, documents, pdf, row, bob, monkeypatch):
    for name in ("create_fields", "update_fields"):
        names = [*getattr(declaration, name), "photos"]
        monkeypatch.setitem(vars(declaration), name, names)
    mine, other = row(pdf()), pdf("Theirs.pdf")
    row(other, owner=bob)
    before = documents.items_of("documents_photos")
    link = {"directus_files_id": other}

    for value in (
        *(other, json.dumps([other]), json.dumps([link])),
        *(json.dumps({"create": [link], "update": [], "delete": [1]}), "[]", ""),
    ):
        form = {"title": "New", "photos": value, "photos[0][directus_files_id]": other}
        for path in ("/documents/new/", f"/documents/{mine}/edit/"):
            assert browser.post(path, form).status_code == 302, value
    assert documents.items_of("documents_photos") == before


def test_directus_lets_customers_write_no_list(documents, ada, bob, pdf, row):
    mine, other = row(pdf()), pdf("Theirs.pdf")
    theirs = row(other, owner=bob)
    before = documents.items_of("documents_photos")
    link = {"directus_files_id": other}
    everything = {"create": [link], "update": [], "delete": [before[0]["id"]]}

    for method, path, body in (
        ("PATCH", f"/items/documents/{mine}", {"photos": [link]}),
        ("PATCH", f"/items/documents/{mine}", {"photos": []}),
        ("PATCH", f"/items/documents/{mine}", {"photos": everything}),
        ("POST", "/items/documents", {"title": "x", "photos": [link]}),
        ("POST", "/items/documents_photos", {"documents_id": mine, **link}),
        ("PATCH", f"/items/documents_photos/{before[1]['id']}", {"documents_id": mine}),
        ("DELETE", f"/items/documents_photos/{before[1]['id']}", None),
    ):
        answer = documents.as_customer(ada, method, path, body)
        assert answer.status_code == 403, (method, path)
    assert documents.items_of("documents_photos") == before
    for path in (
        "/items/documents_photos?fields=*.*&limit=-1",
        f"/items/documents_photos?filter[documents_id][_eq]={theirs}",
        f"/items/documents/{theirs}?fields=photos.*",
        f"/files/{other}",
        f"/assets/{other}",
        "/relations",
    ):
        assert other not in documents.as_customer(ada, "GET", path).text, path


def test_a_file_of_another_customer_that_staff_linked_by_mistake_stays_hidden(
    browser, documents, bob, pdf, row
):
    theirs = pdf(f"{bob.id}.pdf", title="Theirs.pdf")
    pk = row(theirs)

    assert names(browser.get(f"/documents/{pk}/")) == []
    address = digest("documents", pk, "photos", theirs)
    assert browser.get(f"/documents/{pk}/files/photos/{address}/").status_code == 404
    browser.post(f"/documents/{pk}/delete/")
    assert [file["id"] for file in documents.files()] == [theirs]


# Export and deletion


def test_the_export_and_the_deletion_have_the_files(
    browser, documents, ada, pdf, row, monkeypatch
):
    monkeypatch.delitem(declared, "tickets")
    monkeypatch.setitem(declared, "documents", declaration)
    report, own = pdf(), pdf(f"{ada.id}.pdf", title="Own.pdf")
    pk = row(report, own)

    held = browser.post("/account/export/").json()["apps"]["items"]
    (exported,) = held["documents"]
    assert exported["photos"] == [report, own]

    browser.post(f"/documents/{pk}/delete/")
    assert documents.items_of("documents") == []
    assert [file["id"] for file in documents.files()] == [report]


def test_all_files_of_a_customer_are_deleted(documents, ada, pdf, row):
    row(pdf(f"{ada.id}.pdf"), report := pdf())

    item_files.delete_all("documents", uuid.UUID(ada.id))

    assert [file["id"] for file in documents.files()] == [report]


# The set-up and the doctor


@pytest.fixture
def site(documents):
    """What the doctor reads of the Directus that was set up."""
    found = Site()
    found.declared = (tickets.declaration, declaration.declaration)
    return found


def test_a_second_set_up_changes_nothing(documents):
    assert documents.set_up() == []
    folders = documents.admin.call("GET", "/folders?limit=-1")
    assert FOLDER in {each["id"] for each in folders}


@pytest.mark.parametrize("check", [items.collections, items.customers, items.token])
def test_the_doctor_is_content(site, check):
    answer = check(site)

    assert answer.verdict is Verdict.OK, answer.reason
    assert {"documents_photos", "documents_records"} <= site.shape.fields.keys()


@pytest.mark.directus(10, 11)
def test_the_doctor_finds_rights_on_lists_and_the_set_up_mends_them(documents, site):
    rule = json.dumps({"collection": {"_eq": "documents_photos"}})
    path = f"/permissions?limit=-1&filter={rule}".replace(" ", "")
    rows = documents.admin.call("GET", path)
    (own,) = [row for row in rows if "documents_id" in (row["permissions"] or {})]
    wider = {"permissions": {}, "fields": ["id"]}
    documents.admin.call("PATCH", f"/permissions/{own['id']}", wider)

    answer = items.customers(site)

    assert answer.verdict is Verdict.PROBLEM
    assert "read documents_photos" in answer.reason
    assert documents.set_up() == ["permission Customer: read documents_photos"]


ALBUMS = Declared(
    "albums",
    owner="owner",
    read_fields=("title", "photos"),
    blueprint=Blueprint(
        [
            {"field": "title", "type": "string", "meta": {"interface": "input"}},
            {
                "field": "photos",
                "type": "alias",
                "meta": {"interface": "files", "special": ["files"]},
            },
        ]
    ),
)


def test_the_set_up_makes_a_list_of_a_blueprint(documents, ada, pdf):
    call = documents.admin.call
    made = documents.set_up(ALBUMS)
    assert documents.set_up(ALBUMS) == []

    assert "collection albums_photos" in made
    links = [{"directus_files_id": pdf(), "sort": place} for place in (2, 1)]
    album = call("POST", "/items/albums", {"owner": ada.id, "photos": links})
    if documents.takes_rules:
        path = f"/items/albums/{album['id']}?fields=photos.directus_files_id"
        answer = documents.as_customer(ada, "GET", path).json()["data"]["photos"]
        ids = [link["directus_files_id"] for link in reversed(links)]
        assert [link["directus_files_id"] for link in answer] == ids
    call("DELETE", f"/files/{links[0]['directus_files_id']}")
    assert len(documents.items_of("albums_photos")) == 1
    call("DELETE", f"/items/albums/{album['id']}")
    assert documents.items_of("albums_photos") == []
    for name in ("albums_photos", "albums"):
        call("DELETE", f"/collections/{name}")
    documents.set_up()


def test_the_doctor_finds_a_missing_right_to_relations(documents, site):
    rows = documents.admin.call("GET", "/permissions?limit=-1")
    (right,) = [
        row
        for row in rows
        if row["collection"] == "directus_relations" and not row.get("system")
    ]
    documents.admin.call("DELETE", f"/permissions/{right['id']}")

    answer = items.collections(site)

    assert answer.verdict is Verdict.PROBLEM
    assert "documents.photos" in answer.reason
    (made,) = documents.set_up()
    assert made.endswith("read directus_relations")
