"""Lists of files: shown with the row, read-only, and served to its owner alone."""
# ruff: noqa: F811

import re

import pytest

from accounts.directus.ids import PICTURE_FOLDER
from accounts.models import User
from items import receivers
from items.collection import declared
from items.file_lists import digest
from items.values import EMPTY
from tests.accounts.samples import HTML, SVG, picture

from .documents import documents as declaration
from .test_file_pages import get  # noqa: F401 (fixture)
from .test_files import (  # noqa: F401 (fixtures)
    PDF,
    _either_token,
    add_file,
    documents,
)

pytestmark = pytest.mark.django_db

WEBP = picture("WEBP")


@pytest.fixture
def row(directus, ada):
    """A function that makes a row of Ada's with these files; it returns the key."""

    def make(*photos, records=(), owner=ada, **values):
        pk = directus.add_item("documents", owner=owner.id, title="x", **values)
        for place, file_id in enumerate(photos):
            link = {"documents_id": pk, "directus_files_id": file_id, "sort": place}
            directus.add_item("documents_photos", **link)
        for file_id in records:
            directus.add_item("documents_records", documents_id=pk, thing=file_id)
        return pk

    return make


def addresses(page, field="photos"):
    """Return the addresses of the files of a list in a page."""
    return re.findall(rf'href="(/documents/[^"]+/files/{field}/[0-9a-f]+/)"', page.text)


def names(page):
    return re.findall(r'<span class="files-name">([^<]*)</span>', page.text)


def notes(page):
    # A number and its unit stand on one line.
    text = page.text.replace("\xa0", " ")
    found = re.findall(r'<(?:p|span) class="note">\s*(.*?)\s*</', text, re.DOTALL)
    return [" ".join(text.split()) for text in found]


# The page of a row


def test_the_page_shows_names_types_and_sizes(get, directus, add_file, row):
    photo = add_file(WEBP, "image/webp", name="photo.webp")
    pk = row(photo, add_file(PDF * 100, name="Bill.pdf"), add_file(name="a.txt"))
    directus.state.files[photo].title = "The pump"
    get("/documents/")
    directus.forget_calls()

    page = get(f"/documents/{pk}/")

    assert names(page) == ["The pump", "Bill.pdf", "a.txt"]
    assert "WebP · " in notes(page)[0]
    assert notes(page)[1] == "PDF · 1.5 KB"
    first, *others = addresses(page)
    assert f'src="{first}?size=medium"' in page.text
    assert page.text.count("?size=medium") == 1
    assert len(others) == 2
    assert photo not in page.text
    asked = [call.path for call in directus.calls]
    assert asked.count("/items/documents") == asked.count("/files") == 1


def test_the_order_is_that_of_staff(get, directus, add_file, row):
    pk = row(add_file(name="Second"), add_file(name="First"))
    first, second = directus.items_of("documents_photos")
    first["sort"], second["sort"] = 2, 1

    assert names(get(f"/documents/{pk}/")) == ["First", "Second"]


def test_a_junction_may_have_other_names(get, add_file, row):
    pk = row(records=[add_file(name="Record.pdf")])

    page = get(f"/documents/{pk}/")

    assert names(page) == ["Record.pdf"]
    (address,) = addresses(page, "records")
    assert get(address).body == PDF


def test_without_the_right_to_relations_the_usual_name_is_taken(
    get, directus, add_file, row, caplog
):
    directus.state.lacks.add("directus_relations.read")
    row(add_file(name="Bill.pdf"))

    assert "1 file<" in get("/documents/").text
    assert "may not read relations" in caplog.text


def test_an_empty_list(get, directus, row):
    pk = row(None)
    get("/documents/")
    directus.forget_calls()

    page = get(f"/documents/{pk}/")

    assert names(page) == []
    assert "<dt>Photos</dt>" in page.text.replace("\n", "")
    directus.was_not_asked("/files")


def test_deleted_and_foreign_files_are_left_out(
    get,
    directus,
    bob,
    add_file,
    row,
):
    gone = add_file(name="Gone")
    missing = "00000000-0000-4000-8000-000000000000"
    theirs, elsewhere = add_file(of=bob), add_file(folder=PICTURE_FOLDER, name="x")
    pk = row(gone, None, missing, theirs, elsewhere, add_file(name="Here"))
    for link in directus.items_of("documents_photos"):
        if link["directus_files_id"] == gone:
            link["directus_files_id"] = None
    del directus.state.files[gone]

    page = get(f"/documents/{pk}/")

    assert names(page) == ["Here"]
    assert "3 files can't be shown." in notes(page)


def test_a_file_that_is_linked_twice_is_shown_once(get, add_file, row):
    file_id = add_file(name="Bill.pdf")

    assert names(get(f"/documents/{row(file_id, file_id)}/")) == ["Bill.pdf"]


def test_of_many_files_the_page_shows_a_hundred(get, directus, add_file, row):
    pk = row(*(add_file(name=f"{number}.pdf") for number in range(130)))

    page = get(f"/documents/{pk}/")

    assert names(page) == [f"{number}.pdf" for number in range(100)]
    assert "Only the first 100 of 130 files are shown." in notes(page)
    assert "130 files" in get("/documents/").text


def test_a_limit_of_directus_cuts_the_list(get, directus, add_file, row):
    directus.state.query_limit_max = 20
    pk = row(*(add_file(name=f"{number}.pdf") for number in range(30)))

    assert names(get(f"/documents/{pk}/")) == [f"{number}.pdf" for number in range(20)]


def test_the_names_of_files_are_read_in_several_calls_if_need_be(
    get, directus, add_file, row, monkeypatch
):
    monkeypatch.setattr("accounts.core.clients.page_size", lambda client: 20)
    pk = row(*(add_file(name=f"{number}.pdf") for number in range(30)))
    get("/documents/")
    directus.forget_calls()

    assert len(names(get(f"/documents/{pk}/"))) == 30
    calls = [call for call in directus.calls if call.path == "/files"]
    assert [call.query["limit"] for call in calls] == ["20", "10"]


def test_a_name_is_text_and_turns_no_direction(get, directus, add_file, row):
    pk = row(add_file(name="<b>x</b>.pdf"), add_file(name="a\u202efdp.exe"))

    page = get(f"/documents/{pk}/")

    assert names(page) == ["&lt;b&gt;x&lt;/b&gt;.pdf", "a fdp.exe"]


def test_a_customers_file_without_a_title_does_not_show_their_id(
    get,
    directus,
    ada,
    add_file,
    row,
):
    file_id = add_file(of=ada)
    directus.state.files[file_id].title = None
    pk = row(file_id)

    assert names(get(f"/documents/{pk}/")) == ["File"]
    assert ada.id not in get(f"/documents/{pk}/").text


def test_an_outage_while_names_are_read_is_the_usual_page(
    signed_in_client, directus, add_file, row
):
    pk = row(add_file(name="x"))
    signed_in_client.get("/documents/")
    directus.answers(503, {}, path="/files", times=9)

    assert signed_in_client.get(f"/documents/{pk}/").status_code == 503


# Lists and downloads


def test_lists_and_downloads_have_the_number(get, add_file, row):
    one = add_file(name="One.pdf")
    row(one, add_file(name="Two.pdf"), None)
    row(one)
    row()

    page, table = get("/documents/"), get("/documents/csv/").body.decode()

    cells = re.findall(r'data-label="Photos">([^<]*)<', page.text)
    assert sorted(cells) == ["1 file", "2 files", EMPTY]
    assert sorted(line[-1] for line in table.splitlines()[1:]) == ["0", "1", "2"]
    assert one not in page.text + table


@pytest.mark.parametrize("query", ["sort=photos", "photos=1", "q=x", "photos__from=1"])
def test_a_list_of_files_sorts_and_filters_nothing(
    get,
    directus,
    row,
    monkeypatch,
    query,
):
    view = "items.views.ItemListView."
    monkeypatch.setattr(view + "sort_fields", ["title", "photos"])
    monkeypatch.setattr(view + "ordering", ["-photos", "title"])
    monkeypatch.setattr(view + "filter_fields", ["photos", "title"])
    monkeypatch.setattr(view + "search_fields", ["photos", "title"])
    row()
    directus.forget_calls()

    assert get(f"/documents/?{query}").status_code == 200

    (call,) = [call for call in directus.calls if call.path == "/items/documents"]
    assert "photos" not in call.query["sort"] + call.query["filter"]


def test_headings_of_files_sort_by_nothing(get, row):
    row()

    page = get("/documents/").text

    assert set(re.findall(r'href="\?sort=-?(\w+)', page)) == {"title"}


# A file


def test_a_picture_is_shown_and_any_other_file_saved(get, add_file, row):
    pk = row(
        add_file(WEBP, "image/webp", name="a.webp"),
        add_file(SVG, "image/svg+xml", name="b.svg"),
        add_file(HTML, "text/html", name="c.html"),
        add_file(name='d"\r\nX: y.pdf'),
    )

    answers = [get(address) for address in addresses(get(f"/documents/{pk}/"))]

    headers = [answer["Content-Disposition"] for answer in answers]
    assert headers == [
        'inline; filename="a.webp"',
        'attachment; filename="b.svg"',
        'attachment; filename="c.html"',
        'attachment; filename="d X y.pdf"',
    ]
    kinds = [answer["Content-Type"] for answer in answers[:3]]
    assert kinds == ["image/webp", *["application/octet-stream"] * 2]
    assert all(answer["X-Content-Type-Options"] == "nosniff" for answer in answers)


def test_another_customers_row_and_file_are_not_found(
    get,
    directus,
    bob,
    add_file,
    row,
):
    file_id, own = add_file(name="Theirs"), add_file(name="Own")
    theirs, mine = row(file_id, owner=bob), row(own)
    base = f"/documents/{mine}/files"

    def signed(pk=mine, field="photos", file_id=own, collection="documents"):
        return digest(collection, pk, field, file_id)

    tried = [
        f"/documents/{theirs}/files/photos/{signed(theirs, file_id=file_id)}/",
        f"{base}/photos/{signed(theirs, file_id=file_id)}/",
        f"{base}/photos/{signed(file_id=file_id)}/",
        f"{base}/photos/{signed(field='records')}/",
        f"{base}/photos/{signed(collection='tickets')}/",
        f"{base}/records/{signed()}/",
        f"{base}/report/{signed()}/",
        f"{base}/photos/",
        *(f"{base}/photos/{each}/" for each in (file_id, own, "0", "1")),
    ]
    (address,) = addresses(get(f"/documents/{mine}/"))
    changed = f"{address[:-2]}{'0' if address[-2] != '0' else '1'}/"

    for path in [*tried, changed]:
        assert get(path).status_code == 404, path
    assert not [call for call in directus.calls if "assets" in call.path]
    assert get(address).body == PDF


def test_a_file_that_staff_took_out_is_not_found(get, directus, add_file, row):
    pk = row(add_file(name="Own"))
    (address,) = addresses(get(f"/documents/{pk}/"))
    directus.items_of("documents_photos").clear()

    assert get(address).status_code == 404


def test_a_browser_that_has_the_file_gets_no_second_copy(get, add_file, row):
    pk = row(add_file(WEBP, "image/webp", name="a.webp"))
    (address,) = addresses(get(f"/documents/{pk}/"))
    etag = get(address)["ETag"]

    assert get(address, **{"If-None-Match": etag}).status_code == 304


# Read-only


@pytest.fixture
def _declared_for_forms(monkeypatch):
    """A declaration that names the list among the fields that customers write."""
    for name in ("create_fields", "update_fields"):
        names = [*getattr(declaration, name), "photos"]
        monkeypatch.setitem(vars(declaration), name, names)


@pytest.mark.usefixtures("_declared_for_forms")
@pytest.mark.parametrize(
    "value",
    ["{id}", '["{id}"]', '[{{"directus_files_id": "{id}"}}]', '{{"create": []}}'],
)
def test_forms_leave_it_out_and_ignore_it(
    signed_in_client, directus, add_file, row, value
):
    file_id = add_file(name="Own")
    pk = row(file_id)
    links = [dict(link) for link in directus.items_of("documents_photos")]
    sent = {"title": "New", "photos": value.format(id=add_file(name="Other"))}

    for path in ("/documents/new/", f"/documents/{pk}/edit/"):
        page = signed_in_client.get(path)
        assert "photos" not in page.context["form"].fields
        assert signed_in_client.post(path, sent).status_code == 302

    assert [each["title"] for each in directus.items_of("documents")] == ["New", "New"]
    assert directus.items_of("documents_photos") == links


# Export and deletion


def test_an_export_names_the_files(signed_in_client, add_file, row, monkeypatch):
    monkeypatch.setitem(declared, "documents", declaration)
    ids = [add_file(name=f"{number}.pdf") for number in range(101)]
    row(*ids, records=[ids[0]])

    held = signed_in_client.post("/account/export/").json()["apps"]["items"]

    (exported,) = held["documents"]
    assert (exported["photos"], exported["records"]) == (ids, [ids[0]])


@pytest.mark.parametrize("path", ["{pk}/delete/", "delete/"])
def test_a_deleted_row_takes_the_customers_files_along(
    signed_in_client, directus, ada, bob, add_file, row, path
):
    kept = [add_file(name="report.pdf"), add_file(of=bob)]
    pk = row(*kept, *(add_file(of=ada) for _ in range(130)))

    data = {"key": [pk], "confirmed": "on"}
    signed_in_client.post(f"/documents/{path.format(pk=pk)}", data)

    assert directus.items_of("documents") == []
    assert list(directus.state.files) == kept


def test_a_deleted_account_takes_its_files_along(
    signed_in_client, directus, ada, add_file, row, monkeypatch
):
    monkeypatch.setitem(declared, "documents", declaration)
    report = add_file(name="report.pdf")
    row(add_file(of=ada), report)

    receivers.delete_items(sender=None, user=User.objects.get(directus_id=ada.id))

    assert directus.items_of("documents") == []
    assert list(directus.state.files) == [report]
