"""Files over the wire: the requests, and the answers that are accepted."""

import io
import time
import tracemalloc
from uuid import UUID

import pytest

from accounts.directus import DirectusUnavailable, Forbidden, Upload, calls
from accounts.directus.answers import LARGE
from accounts.directus.wire import OVERHEAD
from tests.fault_server import data, drips, message, says, says_and_closes

from .calls import AUTH, ID, QUICK

FILE = UUID(ID)
CONTENT = b"RIFF\x00\r\n--boundary\r\n" * 50
UPLOAD = Upload(CONTENT, "picture.webp", "image/webp", {"folder": "f", "title": "t"})


def test_a_file_is_sent_as_it_is_and_after_what_is_said_of_it(serve, client_of):
    server = serve(says(data({"id": ID})))

    assert client_of(server, auth=AUTH).upload_file(UPLOAD) == FILE

    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/files?fields=id")
    assert request.header("Content-Type")[0].startswith("multipart/form-data")
    assert CONTENT in request.body
    facts, _, file = request.body.partition(b'name="file"; filename="picture.webp"')
    assert b'name="folder"' in facts
    assert b'name="title"' in facts
    assert b"Content-Type: image/webp" in file


def test_a_file_is_not_sent_twice(serve, client_of):
    server = serve(says(message(503, b"")))

    with pytest.raises(DirectusUnavailable):
        client_of(server, auth=AUTH).upload_file(UPLOAD)

    assert len(server.requests) == 1


def test_a_file_whose_id_may_not_be_read_says_so(serve, client_of):
    server = serve(says(message(204)))

    with pytest.raises(Forbidden) as refused:
        client_of(server, auth=AUTH).upload_file(UPLOAD)

    assert refused.value.kind == "read"


@pytest.mark.parametrize("row", [{}, {"id": None}, {"id": "x"}, [], "x"])
def test_a_file_without_an_id_is_no_answer(serve, client_of, row):
    server = serve(says(data(row)))

    with pytest.raises(DirectusUnavailable):
        client_of(server, auth=AUTH).upload_file(UPLOAD)


@pytest.mark.parametrize("kind", ["image/webp", "image/png", "IMAGE/JPEG; x=y"])
def test_a_picture_comes_as_it_is(serve, client_of, kind):
    server = serve(says(message(200, CONTENT, kind)))

    picture = client_of(server, auth=AUTH).download_picture(FILE)

    assert picture.content == CONTENT
    assert picture.media_type == kind.partition(";")[0].lower()


@pytest.mark.parametrize(
    "answer",
    [
        message(200, b"<svg/>", "image/svg+xml"),
        message(200, b"<html>", "text/html"),
        message(200, b'{"data": {}}'),
        message(200, b"x", content_type=None),
        message(204),
        message(301, b"", "image/webp"),
        message(200, b"\x00" * (LARGE + OVERHEAD), "image/webp"),
        message(502, b"x", "image/webp"),
    ],
    ids=["svg", "html", "json", "nothing", "204", "301", "long", "502"],
)
def test_anything_else_is_no_picture(serve, client_of, answer):
    server = serve(says(answer))

    with pytest.raises(DirectusUnavailable):
        client_of(server, auth=AUTH).download_picture(FILE)


def test_a_picture_that_drips_ends_at_the_deadline(serve, client_of):
    whole = message(200, CONTENT, "image/webp")
    server = serve(drips(whole))
    started = time.monotonic()

    with pytest.raises(DirectusUnavailable):
        client_of(server, auth=AUTH, **QUICK).download_picture(FILE)

    assert time.monotonic() - started < 1


# Files that are copied


def test_a_file_of_any_type_is_copied(serve, client_of):
    server = serve(says(message(200, CONTENT, "text/html; charset=utf-8")))
    copy = io.BytesIO(b"of an earlier attempt" * 100)

    kind = client_of(server, auth=AUTH).download_file(FILE, copy, preset="small")

    assert (copy.read(), kind) == (CONTENT, "text/html")
    assert server.requests[0].target == f"/assets/{ID}?key=small"


def test_a_copy_takes_no_memory(serve, client_of, tmp_path):
    content = b"x" * 30_000_000
    server = serve(says(message(200, content, "image/webp")))
    client = client_of(server, auth=AUTH)

    with open(tmp_path / "copy", "w+b") as copy:
        tracemalloc.start()
        client.download_file(FILE, copy)
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert copy.seek(0, io.SEEK_END) == len(content)
    # The server, in the same process, holds none of its answer twice.
    assert peak < 2_000_000


@pytest.mark.parametrize(
    "answer",
    [
        message(204),
        message(301, b"", "image/webp"),
        message(200, CONTENT, "image/webp")[:-1],
        message(502, b"x", "image/webp"),
    ],
    ids=["204", "301", "half", "502"],
)
def test_anything_else_is_no_copy(serve, client_of, answer):
    server = serve(says_and_closes(answer))

    with pytest.raises(DirectusUnavailable):
        client_of(server, auth=AUTH).download_file(FILE, io.BytesIO())


def test_an_endless_file_is_cut_off(serve, client_of, monkeypatch):
    monkeypatch.setattr(calls, "LARGEST_FILE", 1000)
    server = serve(says(message(200, b"x" * 2000, "image/webp")))

    with pytest.raises(DirectusUnavailable, match="too long"):
        client_of(server, auth=AUTH).download_file(FILE, io.BytesIO())


@pytest.mark.parametrize("rows", [None, {}, "x", [1], [{}], [{"id": "x"}]])
def test_an_odd_list_of_files_is_no_answer(serve, client_of, rows):
    server = serve(says(data(rows)))

    with pytest.raises(DirectusUnavailable):
        client_of(server, auth=AUTH).find_files("f", {"id": {"_in": [ID]}}, limit=5)


@pytest.mark.parametrize("name", ["", "a.b", "a,b", "a/b", "a" * 65, "é"])
def test_what_is_no_name_of_a_field_is_not_asked_for(serve, client_of, name):
    server = serve(says(data({})))
    client = client_of(server, auth=AUTH)

    with pytest.raises(ValueError, match="not the name of a field"):
        client.get_user_field(name)
    with pytest.raises(ValueError, match="not the name of a field"):
        client.get_user_values(FILE, [name])
    assert server.requests == []
