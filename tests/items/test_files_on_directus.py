"""Files of rows on a real Directus."""

import io
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.own_data import item_files
from tests.accounts.samples import HTML, SVG, picture, with_place

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


def create(browser, **files):
    sent = {name: SimpleUploadedFile(*each) for name, each in files.items()}
    answer = browser.post("/documents/new/", {"title": "One"} | sent)
    assert answer.status_code == 302
    return answer["Location"]


def test_a_picture_is_uploaded_shown_replaced_and_removed(browser, documents, ada):
    page = create(browser, photo=("IMG 1.JPG", with_place()))

    (file,) = documents.files()
    assert (file["filename_download"], file["title"]) == (
        f"{ada.id}.webp",
        "IMG 1.webp",
    )
    shown = browser.get(f"{page}files/photo/")
    assert shown["Content-Type"] == "image/webp"
    content = shown.getvalue()
    assert Image.open(io.BytesIO(content)).size == (40, 60)
    assert b"canary" not in content

    new = SimpleUploadedFile("b.png", picture("PNG", (800, 600)))
    browser.post(f"{page}edit/", {"title": "One", "photo": new})
    (replaced,) = documents.files()
    assert replaced["id"] != file["id"]
    small = browser.get(f"{page}files/photo/?size=medium")
    assert Image.open(io.BytesIO(small.getvalue())).width == 300

    browser.post(f"{page}edit/", {"title": "One", "photo-clear": "on"})
    assert documents.files() == []
    assert browser.get(f"{page}files/photo/").status_code == 404


def test_a_deleted_row_takes_its_files_along(browser, documents):
    page = create(browser, photo=("a.png", picture()), paper=("b.pdf", PDF))
    assert len(documents.files()) == 2

    browser.post(f"{page}delete/")

    assert documents.items_of("documents") == []
    assert documents.files() == []


def test_another_customer_reaches_no_file(browser, documents, sign_in, bob):
    page = create(browser, photo=("a.png", picture()))
    (file,) = documents.files()
    theirs = sign_in(bob, browser=Client())
    own = create(theirs)

    assert theirs.get(f"{page}files/photo/").status_code == 404
    theirs.post(f"{own}edit/", {"title": "x", "photo": file["id"]})
    assert theirs.get(f"{own}files/photo/").status_code == 404
    direct = documents.as_customer(bob, "GET", f"/assets/{file['id']}")
    assert direct.status_code == 403


def test_another_customers_id_stored_around_the_site_shows_nothing(
    browser, documents, sign_in, bob
):
    create(browser, photo=("a.png", picture()), paper=("b.pdf", PDF))
    names = {file["title"]: file["id"] for file in documents.files()}
    theirs = sign_in(bob, browser=Client())
    own = create(theirs)
    stolen = {"photo": names["a.webp"], "paper": names["b.pdf"]}

    key = own.split("/")[2]
    direct = documents.as_customer(bob, "PATCH", f"/items/documents/{key}", stolen)
    if documents.major == 12:
        # There customers have no rights in Directus; staff made a mistake.
        assert direct.status_code == 403
        documents.admin.call("PATCH", f"/items/documents/{key}", stolen)
    else:
        assert direct.status_code == 200

    for name in stolen:
        assert theirs.get(f"{own}files/{name}/").status_code == 404
    data = {"title": "x", "photo-clear": "on", "paper-clear": "on"}
    assert theirs.post(f"{own}edit/", data).status_code == 302
    theirs.post(f"{own}delete/")
    assert {file["id"] for file in documents.files()} == set(stolen.values())


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [(SVG, "a.svg", "image/svg+xml"), (HTML, "a.html", "text/html")],
)
def test_a_script_of_staff_is_no_page(browser, documents, ada, content, name, kind):
    report = documents.add_file(content, name, kind)
    pk = documents.add_item("documents", owner=ada.id, title="x", report=report)

    answer = browser.get(f"/documents/{pk}/files/report/")

    assert answer.getvalue() == content
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    small = browser.get(f"/documents/{pk}/files/report/?size=small")
    assert small.status_code == 404


def test_a_damaged_picture_has_no_smaller_version(browser, documents, ada):
    report = documents.add_file(b"\x89PNG" + HTML, "a.png", "image/png")
    pk = documents.add_item("documents", owner=ada.id, title="x", report=report)

    small = browser.get(f"/documents/{pk}/files/report/?size=small")

    assert small.status_code == 404


def test_a_refused_row_leaves_no_file(browser, documents):
    path = "/fields/documents/title"
    documents.admin.call(
        "PATCH", path, {"meta": {"validation": {"title": {"_regex": "^[A-Z]"}}}}
    )
    sent = SimpleUploadedFile("b.pdf", PDF)

    page = browser.post("/documents/new/", {"title": "one", "paper": sent})

    documents.admin.call("PATCH", path, {"meta": {"validation": None}})
    assert "title" in page.context["form"].errors
    assert documents.files() == []


def test_all_files_of_one_customer_are_deleted(browser, documents, ada, sign_in, bob):
    create(browser, photo=("a.png", picture()), paper=("b.pdf", PDF))
    create(sign_in(bob, browser=Client()), paper=("c.pdf", PDF))

    item_files.delete_all("documents", uuid.UUID(ada.id))

    (left,) = documents.files()
    assert (left["title"], left["folder"]) == ("c.pdf", FOLDER)
