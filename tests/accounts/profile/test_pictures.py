"""The picture of the profile: uploading, showing, replacing and removing it."""

import io
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.directus.ids import PICTURE_FOLDER
from accounts.models import User
from accounts.throttling.limits import PICTURES
from tests.fake_directus.files import FakeFile

from ..samples import HTML, SVG, bomb, picture
from ..signed_in import make_old

pytestmark = pytest.mark.django_db

CHANGE = "/account/picture/change/"


@pytest.fixture(autouse=True)
def _with_service_token(service_token):
    """Pictures need it."""


def upload(browser, content=None, name="me.png", kind="image/png", **extra):
    file = SimpleUploadedFile(name, picture() if content is None else content, kind)
    return browser.post(CHANGE, {"picture": file}, **extra)


def user_of(ada):
    return User.objects.get(directus_id=ada.id)


def only_file(directus):
    (file,) = directus.state.files.values()
    return file


def error_of(page):
    assert page.status_code == 200
    (text,) = page.context["picture_form"].errors["picture"]
    assert text in page.context["form"].errors["picture"]
    return text


# Uploading


def test_a_picture_is_stored_in_its_folder_and_becomes_the_avatar(
    signed_in_client, directus, ada
):
    answer = upload(signed_in_client)

    assert (answer.status_code, answer.url) == (302, "/account/")
    file = only_file(directus)
    assert (file.folder, file.title) == (PICTURE_FOLDER, ada.id)
    assert (file.filename_download, file.type) == ("picture.webp", "image/webp")
    assert Image.open(io.BytesIO(file.content)).format == "WEBP"
    assert ada.avatar == file.id == str(user_of(ada).picture_id)


def test_what_was_typed_as_a_name_never_leaves_the_site(signed_in_client, directus):
    upload(signed_in_client, name="../../canary.png")

    (call,) = [c for c in directus.calls_to("/files") if c.method == "POST"]
    assert "canary" not in str(call.upload)


def test_another_picture_takes_the_place_and_the_old_file_is_deleted(
    signed_in_client, directus, ada
):
    upload(signed_in_client)
    first = only_file(directus).id

    upload(signed_in_client, picture("JPEG", (30, 30)), "photo.JPG", "image/jpeg")

    assert only_file(directus).id != first
    assert ada.avatar == only_file(directus).id


def test_a_picture_is_removed_with_its_file(signed_in_client, directus, ada):
    upload(signed_in_client)

    answer = signed_in_client.post("/account/picture/remove/")

    assert answer.status_code == 302
    assert directus.state.files == {}
    assert ada.avatar is None
    assert user_of(ada).picture_id is None


@pytest.mark.parametrize(
    ("content", "name", "text"),
    [
        (SVG, "me.svg", "Choose a PNG, JPEG or WebP image"),
        (SVG, "me.png", "Choose a PNG, JPEG or WebP image"),
        (HTML, "me.jpg", "Choose a PNG, JPEG or WebP image"),
        (b"hello", "me.webp", "Choose a PNG, JPEG or WebP image"),
        (picture("GIF"), "me.png", "Choose a PNG, JPEG or WebP image"),
        (picture(size=(300, 300))[:400], "me.png", "damaged"),
        (bomb(), "me.png", "million pixels"),
        (
            b"\x89PNG" + b"\x00" * (2 * 1024 * 1024),
            "me.png",
            "Choose a photo of at most",
        ),
        (b"", "me.png", "empty"),
    ],
)
def test_what_is_no_picture_is_refused_at_the_field(
    signed_in_client, directus, content, name, text
):
    assert text in error_of(upload(signed_in_client, content, name))
    directus.was_not_asked("/files")


@pytest.mark.parametrize(
    "name", ["me.jfif", "me.jpe", "me", "me.PNG", "me.html", "x" * 300 + ".jpg"]
)
def test_the_content_decides_and_not_the_name(signed_in_client, directus, name):
    answer = upload(signed_in_client, picture("JPEG"), name, "application/octet-stream")

    assert answer.status_code == 302
    assert only_file(directus).type == "image/webp"


def test_pictures_of_one_account_are_counted(signed_in_client, directus):
    for _ in range(PICTURES.attempts):
        assert upload(signed_in_client, b"hello").status_code == 200

    page = upload(signed_in_client)

    assert page.status_code == 429
    assert int(page["Retry-After"]) > 0
    directus.was_not_asked("/files")


def test_a_form_without_a_file_is_refused_at_the_field(signed_in_client):
    assert error_of(signed_in_client.post(CHANGE)) == "Choose a photo."


def test_the_page_with_an_error_has_the_other_form_as_well(signed_in_client):
    page = upload(signed_in_client, b"hello")

    assert page.context["profile_form"]["first_name"].value() == "Ada"


@pytest.mark.parametrize("size", [50_000_000, 2_300_000])
def test_what_is_much_too_large_is_refused_before_it_is_read(
    signed_in_client, directus, size
):
    class Body(io.BytesIO):
        def read(self, *args):
            raise AssertionError("read")

    page = signed_in_client.generic(
        "POST",
        CHANGE,
        content_type="multipart/form-data; boundary=x",
        **{"CONTENT_LENGTH": str(size), "wsgi.input": Body()},
    )

    assert page.status_code == 413
    assert "2.0\xa0MB" in page.text
    directus.was_not_asked()


@pytest.mark.parametrize("path", ["/account/", "/login/", "/account/picture/"])
def test_everywhere_else_large_forms_are_refused_as_before(signed_in_client, path):
    file = SimpleUploadedFile("me.png", b"x" * 100_000)

    assert signed_in_client.post(path, {"picture": file}).status_code == 413


# Showing


def test_the_own_picture_is_shown_without_a_token(signed_in_client, directus):
    upload(signed_in_client)

    page = signed_in_client.get("/account/picture/")

    assert page.status_code == 200
    assert page.content == only_file(directus).content
    assert page["Content-Type"] == "image/webp"
    assert page["X-Content-Type-Options"] == "nosniff"
    assert page["Cache-Control"] == "private, max-age=3600"
    assert "Cookie" in page["Vary"]
    assert page["Content-Disposition"] == 'inline; filename="picture.webp"'
    assert "token" not in str(page.headers).lower()


def test_pages_show_the_picture_by_its_own_address(signed_in_client, directus):
    upload(signed_in_client)

    page = signed_in_client.get("/").text

    assert f"/account/picture/?v={only_file(directus).id}" in page
    assert "/assets/" not in page


def test_a_browser_that_has_the_picture_is_told_so_and_directus_is_not_asked(
    signed_in_client, directus
):
    upload(signed_in_client)
    etag = signed_in_client.get("/account/picture/")["ETag"]
    directus.forget_calls()

    answer = signed_in_client.get("/account/picture/", headers={"If-None-Match": etag})

    assert (answer.status_code, answer["ETag"]) == (304, etag)
    assert answer["Cache-Control"] == "private, max-age=3600"
    directus.was_not_asked()


def test_an_anonymous_visitor_sees_nothing(client, signed_in_client, directus):
    upload(signed_in_client)

    answer = type(client)().get("/account/picture/")

    assert answer.url.startswith("/login/")


def assert_is_placeholder(answer):
    assert answer.status_code == 302
    assert answer.url == "/static/picture.svg"
    assert "no-store" in answer["Cache-Control"]


def foreign(directus, **values):
    values = {"folder": PICTURE_FOLDER, "title": str(uuid.uuid4())} | values
    file = FakeFile(picture(), "picture.webp", "image/webp", **values)
    directus.state.files[file.id] = file
    return file


@pytest.mark.parametrize(
    "folder",
    [PICTURE_FOLDER, None, str(uuid.uuid4())],
    ids=["the site's", "none", "another"],
)
def test_a_file_that_is_not_the_users_is_neither_shown_nor_deleted(
    signed_in_client, directus, ada, folder
):
    """A user who may write `avatar` could name any file there."""
    title = None if folder == PICTURE_FOLDER else ada.id
    file = foreign(directus, folder=folder, title=title)
    directus.change(ada, avatar=file.id)
    User.objects.update(picture_id=file.id)

    assert_is_placeholder(signed_in_client.get("/account/picture/"))
    directus.was_not_asked(f"/assets/{file.id}")
    upload(signed_in_client)
    signed_in_client.post("/account/picture/remove/")

    assert list(directus.state.files) == [file.id]


@pytest.mark.parametrize("kind", ["image/svg+xml", "text/html", "", "image/gif"])
def test_a_file_that_is_no_picture_is_not_shown(signed_in_client, directus, kind):
    upload(signed_in_client)
    file = only_file(directus)
    directus.state.files[file.id] = FakeFile(
        HTML, "x", kind, folder=file.folder, title=file.title, id=file.id
    )

    assert_is_placeholder(signed_in_client.get("/account/picture/"))


def test_without_a_picture_there_is_a_drawing(signed_in_client):
    assert_is_placeholder(signed_in_client.get("/account/picture/"))


def test_while_directus_is_away_there_is_a_drawing(signed_in_client, directus):
    upload(signed_in_client)
    directus.is_down()

    assert_is_placeholder(signed_in_client.get("/account/picture/"))


# Rights and outages


@pytest.mark.parametrize(
    ("right", "text"),
    [
        ("directus_files.create", "may be created"),
        ("directus_files.read", "may be read"),
        ("directus_users.update:avatar", "“avatar” of users may be changed"),
    ],
)
def test_where_a_right_is_missing_the_log_says_which(
    signed_in_client, directus, ada, caplog, right, text
):
    directus.state.lacks = {right}

    assert "Contact support." in error_of(upload(signed_in_client))

    assert text in caplog.text
    assert "directus_setup" in caplog.text
    assert ada.avatar is None
    if right != "directus_files.read":
        assert directus.state.files == {}, "a file that nobody uses stays"


def test_without_the_right_to_delete_the_new_picture_is_there_and_a_warning(
    signed_in_client, directus, ada, caplog
):
    upload(signed_in_client)
    first = ada.avatar
    directus.state.lacks = {"directus_files.delete"}

    page = upload(signed_in_client, picture(size=(20, 20)), follow=True)

    assert "be deleted. Contact support." in page.text
    assert "may be deleted" in caplog.text
    assert ada.avatar != first


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("gone", [False, True], ids=["another", "none"])
def test_an_outage_after_the_change_is_not_called_a_failure(
    signed_in_client, directus, ada, method, gone
):
    """A user who saw a failure would upload again, and the first file would stay."""
    upload(signed_in_client)
    first = ada.avatar
    directus.answers(503, {}, path=f"/files/{first}", method=method, times=5)

    if gone:
        page = signed_in_client.post("/account/picture/remove/", follow=True)
    else:
        page = upload(signed_in_client, picture(size=(20, 20)), follow=True)

    assert page.status_code == 200
    assert "be deleted. Contact support." in page.text
    assert ("Photo removed." if gone else "Photo saved.") in page.text
    assert ada.avatar != first


@pytest.mark.parametrize("status", [404, 409, 418])
@pytest.mark.parametrize("path", ["/files/{}", "/assets/{}"])
def test_an_odd_answer_shows_the_drawing(signed_in_client, directus, ada, path, status):
    upload(signed_in_client)
    odd = {"errors": [{"message": "x", "extensions": {"code": "ODD"}}]}
    directus.answers(status, odd, path=path.format(ada.avatar))

    assert_is_placeholder(signed_in_client.get("/account/picture/"))


def test_without_a_service_token_the_log_says_so(signed_in_client, settings, caplog):
    settings.DIRECTUS_SERVICE_TOKEN = ""

    assert "Contact support." in error_of(upload(signed_in_client))
    assert "service token" in caplog.text


@pytest.mark.parametrize("is_due", [False, True])
def test_an_outage_is_said_on_the_page(signed_in_client, directus, ada, is_due):
    if is_due:
        make_old(signed_in_client, minutes=30)
    directus.is_down()

    page = upload(signed_in_client)

    assert page.status_code == 503
    assert "picture_form" in page.context
    directus.is_up()
    assert upload(signed_in_client).status_code == 302


def test_a_file_that_directus_does_not_take_is_refused_at_the_field(
    signed_in_client, directus
):
    refusal = {"errors": [{"message": "x", "extensions": {"code": "INVALID_PAYLOAD"}}]}
    directus.answers(400, refusal, path="/files")

    assert "This photo can't be used" in error_of(upload(signed_in_client))


@pytest.mark.parametrize("status", [413, 415])
def test_directus_own_limits_for_files_are_told_at_the_field(
    signed_in_client, directus, status
):
    refusal = {"errors": [{"message": "x", "extensions": {"code": "ODD"}}]}
    directus.answers(status, refusal, path="/files")

    assert "This photo can't be used" in error_of(upload(signed_in_client))


def test_after_a_lost_answer_the_file_that_may_be_in_use_stays(
    signed_in_client, directus, ada
):
    directus.loses_answer(f"/users/{ada.id}", method="PATCH")

    assert upload(signed_in_client).status_code == 503
    assert len(directus.state.files) == 1
