"""Files of rows: customers upload, replace, remove and see their own alone."""

import io
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.directus.ids import DEFAULT, PICTURE_FOLDER
from accounts.models import User
from accounts.own_data import item_files
from accounts.throttling import limits
from items import receivers
from items.collection import declared
from tests.accounts.samples import HTML, SVG, bomb, picture, with_place
from tests.fake_directus.files import FakeFile

from .documents import add_to
from .documents import documents as declaration

pytestmark = pytest.mark.django_db

FOLDER = DEFAULT.items_folder("documents")
PDF = b"%PDF-1.7\n%%EOF\n"
BOMB_OF_ZIP = b"PK\x03\x04" + b"\x00" * 100


@pytest.fixture(autouse=True)
def documents(directus, settings):
    """The collection of tests/items/documents.py."""
    settings.ROOT_URLCONF = "tests.items.documents"
    return add_to(directus)


@pytest.fixture(autouse=True)
def _either_token(documents, token):
    """With the customer's token, and with the site's."""


@pytest.fixture
def add_file(directus):
    """A function that stores a file in Directus, for a customer or as staff do."""

    def add(content=PDF, kind="application/pdf", *, of=None, name="", folder=FOLDER):
        stored = f"{of.id}.{kind.partition('/')[2]}" if of else name
        title = "Contract.pdf" if of else name
        file = FakeFile(content, stored, kind, folder=folder, title=title)
        directus.state.files[file.id] = file
        return file.id

    return add


def sent(content, name="file", kind="application/octet-stream"):
    return SimpleUploadedFile(name, content, kind)


def create(browser, **data):
    return browser.post("/documents/new/", {"title": "One"} | data)


def only(directus):
    (row,), (file,) = directus.items_of("documents"), directus.state.files.values()
    return row, file


def errors_of(page, name):
    assert page.status_code == 200, page.status_code
    return page.context["form"].errors[name]


# Upload


def test_a_picture_is_stored_as_pixels_alone(signed_in_client, directus, ada):
    create(signed_in_client, photo=sent(with_place(), "IMG 1.JPG"))

    row, file = only(directus)
    assert row["photo"] == file.id
    assert (file.folder, file.title, file.type) == (FOLDER, "IMG 1.webp", "image/webp")
    assert file.filename_download == f"{ada.id}.webp"
    assert b"canary" not in file.content
    assert Image.open(io.BytesIO(file.content)).size == (40, 60)


def test_a_pdf_is_stored_as_it_is(signed_in_client, directus, ada):
    create(signed_in_client, paper=sent(PDF, "Contract.pdf"))

    row, file = only(directus)
    assert row["paper"] == file.id
    assert (file.content, file.type) == (PDF, "application/pdf")
    assert (file.filename_download, file.title) == (f"{ada.id}.pdf", "Contract.pdf")


@pytest.mark.parametrize(
    ("field", "content", "name"),
    [
        ("photo", SVG, "me.svg"),
        ("photo", SVG, "me.png"),
        ("photo", HTML, "me.jpg"),
        ("photo", PDF, "me.png"),
        ("paper", HTML, "page.pdf"),
        ("paper", b" " + PDF, "later.pdf"),
        ("paper", BOMB_OF_ZIP, "many.zip"),
        ("paper", b"MZ\x90\x00", "setup.exe.pdf"),
        ("paper", b"GIF89a", "me.gif"),
        ("paper", b"a,b\n=1+1,2", "table.csv"),
    ],
)
def test_another_kind_of_file_is_refused(
    signed_in_client, directus, field, content, name
):
    page = create(signed_in_client, **{field: sent(content, name, "image/png")})

    (text,) = errors_of(page, field)
    assert text.startswith("Choose a file of one of these kinds: PNG, JPEG, WebP")
    assert directus.items_of("documents") == []
    assert directus.state.files == {}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (bomb(), "Choose an image with at most 24 million pixels."),
        (picture()[:60], "This image is damaged. Choose a different one."),
        (b"\xff\xd8\xff" + HTML, "Choose a PNG, JPEG or WebP image."),
        (b"", "The submitted file is empty."),
    ],
)
def test_a_picture_that_cannot_be_decoded_is_refused(
    signed_in_client, directus, content, text
):
    page = create(signed_in_client, photo=sent(content, "me.png"))

    assert errors_of(page, "photo") == [text]
    assert directus.items_of("documents") == []
    assert directus.state.files == {}


def test_nothing_behind_the_pixels_of_a_picture_is_stored(signed_in_client, directus):
    content = picture("PNG") + HTML + PDF + BOMB_OF_ZIP

    create(signed_in_client, photo=sent(content, "me.png"))

    _row, file = only(directus)
    assert b"<script" not in file.content
    assert b"%PDF" not in file.content


def test_a_file_that_is_too_large_is_refused_at_its_field(signed_in_client, directus):
    page = create(signed_in_client, paper=sent(PDF + b"x" * 5_300_000))

    assert errors_of(page, "paper") == ["Choose a file of at most 5.0\xa0MB."]
    assert directus.state.files == {}


@pytest.mark.parametrize("path", ["/documents/new/", "/documents/1/edit/"])
@pytest.mark.parametrize("size", [11_000_000, 50_000_000])
def test_a_form_that_is_too_large_is_refused_unread(signed_in_client, path, size):
    class Body(io.BytesIO):
        def read(self, *args):
            raise AssertionError("read")

    page = signed_in_client.generic(
        "POST",
        path,
        content_type="multipart/form-data; boundary=x",
        **{"CONTENT_LENGTH": str(size), "wsgi.input": Body()},
    )

    assert page.status_code == 413
    assert "10.0\xa0MB" in page.text


def test_pages_without_files_take_no_large_form(signed_in_client):
    for path in ("/documents/", "/documents/1/delete/", "/documents/1/files/photo/"):
        large = {"photo": sent(b"x" * 100_000)}
        assert signed_in_client.post(path, large).status_code == 413


def test_the_form_says_that_a_file_is_to_be_chosen_again(signed_in_client):
    page = create(signed_in_client, photo=sent(HTML), paper=sent(PDF))

    assert "Choose the file again" in page.text


def test_too_many_uploads_are_refused(signed_in_client, directus, monkeypatch):
    few = limits.Limit("item-files", 1, (600,), settles=False)
    monkeypatch.setattr(item_files, "ITEM_FILES", few)

    create(signed_in_client, paper=sent(PDF))
    page = create(signed_in_client, paper=sent(PDF))

    assert page.status_code == 429
    assert len(directus.state.files) == 1


# An id is never taken from a request


@pytest.mark.parametrize("value", ["id", '{"id": "id"}', "clear"])
def test_an_id_in_a_form_is_ignored(signed_in_client, directus, bob, add_file, value):
    file_id = add_file(of=bob)
    forged = value.replace("id", file_id, 1)

    create(signed_in_client, photo=forged, paper=forged, report=forged, draft=forged)

    (row,) = directus.items_of("documents")
    fields = ("photo", "paper", "report", "draft")
    assert [row[name] for name in fields] == [None] * 4


def test_an_id_in_a_changed_form_is_ignored(
    signed_in_client, directus, ada, bob, add_file
):
    own, other = add_file(of=ada), add_file(of=bob)
    pk = directus.add_item("documents", owner=ada.id, title="x", paper=own)

    data = {"title": "y", "paper": other, "report": other, "report-clear": "on"}
    signed_in_client.post(f"/documents/{pk}/edit/", data)

    (row,) = directus.items_of("documents")
    assert (row["title"], row["paper"], row["report"]) == ("y", own, None)


# Replace and remove


def test_a_replaced_file_is_deleted(signed_in_client, directus, ada, add_file):
    old = add_file(of=ada)
    pk = directus.add_item("documents", owner=ada.id, title="x", paper=old)

    new = sent(b"%PDF-2.0", "new.pdf")
    signed_in_client.post(f"/documents/{pk}/edit/", {"title": "x", "paper": new})

    row, file = only(directus)
    assert row["paper"] == file.id != old
    assert file.content == b"%PDF-2.0"


def test_a_removed_file_is_deleted(signed_in_client, directus, ada, add_file):
    pk = directus.add_item("documents", owner=ada.id, title="x", paper=add_file(of=ada))

    data = {"title": "x", "paper-clear": "on"}
    signed_in_client.post(f"/documents/{pk}/edit/", data)

    assert directus.items_of("documents")[0]["paper"] is None
    assert directus.state.files == {}


def test_a_refused_form_still_shows_the_present_file(
    signed_in_client, directus, ada, add_file
):
    pk = directus.add_item("documents", owner=ada.id, title="x", paper=add_file(of=ada))

    data = {"title": "x", "paper": sent(HTML), "photo-clear": "on"}
    page = signed_in_client.post(f"/documents/{pk}/edit/", data)

    assert errors_of(page, "paper")
    assert f'href="/documents/{pk}/files/paper/"' in page.text
    assert len(directus.state.files) == 1


def test_a_chosen_file_wins_over_the_box_to_remove_it(
    signed_in_client, directus, ada, add_file
):
    pk = directus.add_item("documents", owner=ada.id, title="x", paper=add_file(of=ada))

    data = {"title": "x", "paper": sent(b"%PDF-2.0"), "paper-clear": "on"}
    signed_in_client.post(f"/documents/{pk}/edit/", data)

    row, file = only(directus)
    assert (row["paper"], file.content) == (file.id, b"%PDF-2.0")


def test_a_form_without_a_choice_keeps_the_file(
    signed_in_client, directus, ada, add_file
):
    file_id = add_file(of=ada)
    pk = directus.add_item("documents", owner=ada.id, title="x", paper=file_id)

    signed_in_client.post(f"/documents/{pk}/edit/", {"title": "y"})

    row, file = only(directus)
    assert (row["title"], row["paper"], file.id) == ("y", file_id, file_id)


@pytest.mark.parametrize("owner", ["bob", "staff", "elsewhere"])
def test_only_the_customers_own_files_are_deleted(
    signed_in_client, directus, ada, bob, add_file, owner
):
    other = {
        "bob": lambda: add_file(of=bob),
        "staff": lambda: add_file(name="report.pdf"),
        "elsewhere": lambda: add_file(of=ada, folder=PICTURE_FOLDER),
    }[owner]()
    pk = directus.add_item("documents", owner=ada.id, title="x", paper=other)

    data = {"title": "x", "paper-clear": "on"}
    signed_in_client.post(f"/documents/{pk}/edit/", data)

    assert directus.items_of("documents")[0]["paper"] is None
    assert list(directus.state.files) == [other]


def test_a_deleted_row_takes_its_files_along(signed_in_client, directus, ada, add_file):
    report = add_file(name="report.pdf")
    files = {"photo": add_file(of=ada), "paper": add_file(of=ada), "report": report}
    pk = directus.add_item("documents", owner=ada.id, title="x", **files)

    signed_in_client.post(f"/documents/{pk}/delete/")

    assert directus.items_of("documents") == []
    assert list(directus.state.files) == [report]


def test_rows_that_are_deleted_together_take_their_files_along(
    signed_in_client, directus, ada, bob, add_file
):
    other = add_file(of=bob)
    keys = [
        directus.add_item("documents", owner=ada.id, title="x", paper=file)
        for file in (add_file(of=ada), add_file(of=ada), other, None)
    ]
    signed_in_client.get("/documents/")
    directus.forget_calls()

    data = {"key": keys, "confirmed": "on"}
    signed_in_client.post("/documents/delete/", data)

    assert directus.items_of("documents") == []
    assert list(directus.state.files) == [other]
    assert [call.path for call in directus.calls].count("/files") == 2


@pytest.mark.parametrize("path", ["{pk}/delete/", "delete/"])
def test_a_deleted_row_takes_a_file_along_that_no_page_shows(
    signed_in_client, directus, ada, add_file, path, monkeypatch
):
    for attribute in ("create_fields", "exported_fields"):
        names = [*getattr(declaration, attribute), "draft"]
        monkeypatch.setitem(vars(declaration), attribute, names)
    pk = directus.add_item("documents", owner=ada.id, draft=add_file(of=ada))

    data = {"key": [pk], "confirmed": "on"}
    signed_in_client.post(f"/documents/{path.format(pk=pk)}", data)

    assert directus.items_of("documents") == []
    assert directus.state.files == {}


def test_a_newer_file_stays(signed_in_client, directus, ada, add_file):
    old, newer = add_file(of=ada), add_file(b"%PDF-3", of=ada)
    pk = directus.add_item("documents", owner=ada.id, title="x", paper=old)
    address = f"/documents/{pk}/edit/"
    hidden = dict(signed_in_client.get(address).context["hidden_fields"])
    directus.items_of("documents")[0]["paper"] = newer

    data = {**hidden, "title": "y", "paper": sent(b"%PDF-2.0")}
    page = signed_in_client.post(address, data)

    assert page.status_code == 409
    assert "Files have to be chosen again afterwards." in page.text
    assert directus.items_of("documents")[0]["paper"] == newer
    assert set(directus.state.files) == {old, newer}

    hidden = page.context["hidden_fields"]
    data = {name: text for name, text in hidden if "paper" not in name}
    signed_in_client.post(address, data)

    (row,) = directus.items_of("documents")
    assert (row["title"], row["paper"]) == ("y", newer)
    assert set(directus.state.files) == {old, newer}


def test_a_download_of_the_list_has_no_ids_of_files(
    signed_in_client, directus, ada, add_file
):
    file_id = add_file(of=ada)
    directus.add_item("documents", owner=ada.id, title="x", photo=file_id)

    table = signed_in_client.get("/documents/csv/").getvalue().decode()

    assert file_id not in table


def test_all_files_of_a_customer_are_deleted(directus, ada, bob, add_file):
    others = [add_file(of=bob), add_file(of=ada, folder=PICTURE_FOLDER)]
    directus.state.query_limit_max = 2
    for _ in range(3):
        add_file(of=ada)

    item_files.delete_all("documents", uuid.UUID(ada.id))

    assert list(directus.state.files) == others


def test_a_deleted_account_takes_its_files_along(
    signed_in_client, directus, ada, bob, add_file, monkeypatch
):
    monkeypatch.setitem(declared, "documents", declaration)
    other = add_file(of=bob)
    directus.add_item("documents", owner=bob.id, title="x", paper=other)
    directus.add_item("documents", owner=ada.id, title="x", paper=add_file(of=ada))
    add_file(of=ada)

    user = User.objects.get(directus_id=ada.id)
    receivers.delete_items(sender=None, user=user)

    assert [row["owner"] for row in directus.items_of("documents")] == [bob.id]
    assert list(directus.state.files) == [other]


# The row is not written


def test_a_refused_row_leaves_no_file(signed_in_client, directus, documents):
    documents.fields["title"]["meta"]["validation"] = {"_regex": "^[A-Z]"}

    page = create(signed_in_client, title="one", paper=sent(PDF))

    assert "title" in page.context["form"].errors
    assert directus.state.files == {}


def test_a_row_that_went_meanwhile_leaves_no_file(
    signed_in_client, directus, ada, monkeypatch
):
    pk = directus.add_item("documents", owner=ada.id, title="x")
    store = item_files.store

    def store_late(*args):
        directus.items_of("documents").clear()
        return store(*args)

    monkeypatch.setattr(item_files, "store", store_late)
    data = {"title": "x", "paper": sent(PDF)}
    page = signed_in_client.post(f"/documents/{pk}/edit/", data)

    assert page.status_code == 404
    assert directus.state.files == {}


def test_a_lost_answer_keeps_the_file(signed_in_client, directus):
    directus.answers(500, {}, path="/items/documents")

    page = create(signed_in_client, paper=sent(PDF))

    assert page.status_code == 503
    assert "One" in page.text
    # The row may point at it.
    assert len(directus.state.files) == 1


def test_an_outage_of_the_upload_writes_no_row(signed_in_client, directus):
    directus.answers(503, {}, path="/files")

    page = create(signed_in_client, paper=sent(PDF))

    assert page.status_code == 503
    assert "One" in page.text
    assert directus.items_of("documents") == []


def test_a_second_file_that_fails_takes_the_first_along(signed_in_client, directus):
    data = {"photo": sent(picture(), "a.png"), "paper": sent(bomb(), "b.png")}

    page = create(signed_in_client, **data)

    assert "paper" in page.context["form"].errors
    assert directus.state.files == {}


def test_an_old_file_that_is_not_deleted_stops_nothing(
    signed_in_client, directus, ada, add_file, caplog
):
    old = add_file(of=ada)
    pk = directus.add_item("documents", owner=ada.id, title="x", paper=old)
    directus.state.lacks.add("directus_files.delete")

    data = {"title": "x", "paper-clear": "on"}
    page = signed_in_client.post(f"/documents/{pk}/edit/", data)

    assert page.status_code == 302
    assert f"Unused files stay in Directus: {old}" in caplog.text
