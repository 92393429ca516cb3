"""The address of a file: for the owner of its row alone, and never as a page."""

import pytest

from accounts.directus.ids import PICTURE_FOLDER
from items.file_view import POLICY
from tests.accounts.samples import HTML, SVG, picture

from .test_files import (  # noqa: F401 (fixtures)
    FOLDER,
    PDF,
    _either_token,
    add_file,
    documents,
)

pytestmark = pytest.mark.django_db

WEBP = picture("WEBP")


@pytest.fixture
def row(directus, ada):
    """A function that makes a row of Ada's; it returns the address of its files."""

    def make(**values):
        pk = directus.add_item("documents", owner=ada.id, title="x", **values)
        return f"/documents/{pk}/files"

    return make


@pytest.fixture
def get(signed_in_client):
    """A function that gets an address as Ada; the answer has a `body`."""

    def get(path, **headers):
        answer = signed_in_client.get(path, headers=headers)
        answer.body = answer.getvalue()
        # The test client closes it later.
        for close in answer._resource_closers:
            close()
        return answer

    return get


def test_a_picture_is_shown(get, ada, add_file, row):  # noqa: F811
    files = row(photo=add_file(WEBP, "image/webp", of=ada))

    answer = get(f"{files}/photo/")

    assert answer.body == WEBP
    assert answer["Content-Type"] == "image/webp"
    assert answer["Content-Disposition"] == 'inline; filename="Contract.webp"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == POLICY
    assert answer["Cache-Control"] == "private, max-age=0, must-revalidate"


def test_a_pdf_is_saved(get, ada, add_file, row):  # noqa: F811
    files = row(paper=add_file(of=ada))

    answer = get(f"{files}/paper/")

    assert answer.body == PDF
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="Contract.pdf"'


@pytest.mark.parametrize(
    ("content", "kind", "name"),
    [(SVG, "image/svg+xml", "a.svg"), (HTML, "text/html", "a.html")],
)
def test_a_script_of_staff_is_no_page(
    get,
    add_file,  # noqa: F811
    row,
    content,
    kind,
    name,
):
    files = row(report=add_file(content, kind, name=name))

    for query in ("", "?size=medium"):
        answer = get(f"{files}/report/{query}")
        if query:
            assert answer.status_code == 404
            continue
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == POLICY


@pytest.mark.parametrize(
    ("name", "header"),
    [
        (
            "Überweisung.pdf",
            'attachment; filename="_berweisung.pdf"; '
            "filename*=UTF-8''%C3%9Cberweisung.pdf",
        ),
        ('a"\r\nSet-Cookie: x=1.pdf', 'attachment; filename="a Set-Cookie x=1.pdf"'),
        ("../../etc/passwd.pdf", 'attachment; filename="passwd.pdf"'),
        ("", 'attachment; filename="file.pdf"'),
    ],
)
def test_the_name_of_a_download_is_safe(
    get,
    add_file,  # noqa: F811
    row,
    name,
    header,
):
    files = row(report=add_file(name=name))

    answer = get(f"{files}/report/")

    assert answer["Content-Disposition"] == header


def test_another_customers_row_is_not_found(
    signed_in_client,
    get,
    directus,
    bob,
    add_file,  # noqa: F811
):
    file_id = add_file(WEBP, "image/webp", of=bob)
    pk = directus.add_item("documents", owner=bob.id, photo=file_id)

    for method in (get, signed_in_client.head):
        assert method(f"/documents/{pk}/files/photo/").status_code == 404
    assert not [call for call in directus.calls if "assets" in call.path]


@pytest.mark.parametrize("field", ["photo", "paper", "report"])
def test_another_customers_file_in_an_own_row_is_not_found(
    get,
    directus,
    bob,
    add_file,  # noqa: F811
    row,
    field,
):
    files = row(**{field: add_file(of=bob)})

    answer = get(f"{files}/{field}/")

    assert answer.status_code == 404
    assert not [call for call in directus.calls if "assets" in call.path]


def test_a_file_of_another_folder_is_not_found(
    get,
    ada,
    add_file,  # noqa: F811
    row,
):
    for folder in (PICTURE_FOLDER, None, FOLDER[::-1]):
        files = row(report=add_file(of=ada, folder=folder))

        assert get(f"{files}/report/").status_code == 404


def test_staffs_file_is_shown_where_customers_cannot_write_its_id(
    get,
    add_file,  # noqa: F811
    row,
    token,
):
    file_id = add_file(name="report.pdf")
    files = row(report=file_id, paper=file_id)

    assert get(f"{files}/report/").status_code == 200
    # With their own token, customers may write any id there.
    expected = 404 if token == "customer" else 200
    assert get(f"{files}/paper/").status_code == expected


@pytest.mark.parametrize(
    "path",
    [
        "photo/",
        "title/",
        "owner/",
        "id/",
        "unknown/",
        "draft/",
        "photo/?size=1",
        "..%2F..%2Fassets/",
    ],
)
def test_there_is_no_file_at_other_addresses(
    get,
    ada,
    add_file,  # noqa: F811
    row,
    path,
):
    files = row(draft=add_file(of=ada))

    assert get(f"{files}/{path}").status_code == 404


def test_a_deleted_file_is_not_found(get, directus, ada, add_file, row):  # noqa: F811
    file_id = add_file(of=ada)
    files = row(paper=file_id)
    del directus.state.files[file_id]

    assert get(f"{files}/paper/").status_code == 404


def test_a_browser_that_has_the_file_gets_no_second_copy(
    get,
    directus,
    ada,
    add_file,  # noqa: F811
    row,
):
    files = row(photo=add_file(WEBP, "image/webp", of=ada))
    etag = get(f"{files}/photo/")["ETag"]
    get("/documents/")
    directus.forget_calls()

    again = get(f"{files}/photo/", **{"If-None-Match": etag})
    small = get(f"{files}/photo/?size=small", **{"If-None-Match": etag})

    assert (again.status_code, small.status_code) == (304, 200)
    assert directus.calls[0].path == "/items/documents"
    assert again["Cache-Control"] == "private, max-age=0, must-revalidate"


def test_head_transfers_no_file(signed_in_client, directus, ada, add_file, row):  # noqa: F811
    files = row(photo=add_file(WEBP, "image/webp", of=ada))

    answer = signed_in_client.head(f"{files}/photo/")

    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    assert not [call for call in directus.calls if "assets" in call.path]


def test_during_an_outage_a_picture_is_a_placeholder(
    get,
    directus,
    ada,
    add_file,  # noqa: F811
    row,
):
    files = row(photo=add_file(WEBP, "image/webp", of=ada))
    get("/documents/")
    directus.is_down()

    assert get(f"{files}/photo/").status_code == 503
    small = get(f"{files}/photo/?size=small")
    assert (small.status_code, small["Location"]) == (302, "/static/file.svg")


def test_a_visitor_signs_in_first(client, row):
    answer = client.get(f"{row()}/photo/")

    assert answer["Location"].startswith("/login/")


def test_a_file_that_is_too_large_to_pass_on_is_an_outage(
    get,
    directus,
    ada,
    add_file,  # noqa: F811
    row,
):
    files = row(paper=add_file(of=ada))
    path = f"/assets/{next(iter(directus.state.files))}"
    directus.answers(200, {}, path=path, headers={"Content-Length": "9" * 12})

    assert get(f"{files}/paper/").status_code == 503


def test_pages_show_the_picture_and_link_to_the_file(
    get,
    ada,
    add_file,  # noqa: F811
    row,
):
    files = row(photo=add_file(WEBP, "image/webp", of=ada), paper=add_file(of=ada))

    one = get(files.removesuffix("files")).text
    many = get("/documents/").text
    form = get(files.removesuffix("files") + "edit/").text

    assert f'src="{files}/photo/?size=medium"' in one
    assert f'src="{files}/photo/?size=small"' in many
    assert f'href="{files}/paper/"' in one
    assert f'href="{files}/paper/"' in form
    assert 'name="paper-clear"' in form
