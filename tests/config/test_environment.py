"""Values in the environment and its file: accepted, or refused in one sentence."""

import os
from pathlib import Path

import pytest

from config.environment import Environment, read_file

from .refusals import CANARY, refusal

# The base64 of 32 bytes.
FERNET_KEY = "A" * 43 + "="


def read(method, value, *args, **options):
    return getattr(Environment({"NAME": value}), method)("NAME", *args, **options)


# Values


@pytest.mark.parametrize(
    ("method", "value", "found"),
    [
        ("text", "  two words ", "two words"),
        ("text", "$HOME", "$HOME"),
        ("text", "$$", "$$"),
        ("text", "a$b{c}", "a$b{c}"),
        ("text", "Grüße", "Grüße"),
        ("words", "a.example, b.example ,, c.example,", ["a.example", "b.example"]),
        ("words", "$a,$b", ["$a", "$b"]),
        ("words", " , ", []),
        ("number", " 7 ", 7),
        ("number", "007", 7),
        ("number", "", 5),
        ("number", "  ", 5),
        ("seconds", "0.25", 0.25),
        ("seconds", "1", 1.0),
        ("seconds", "", 5),
        ("flag", "ON", True),
        ("flag", "no", False),
        ("flag", "", 5),
        ("json", '{"a": ["b"]}', {"a": ["b"]}),
        ("json", "", 5),
        ("networks", "10.0.0.0/8, ::1", ["10.0.0.0/8", "::1"]),
        ("networks", "", []),
        ("text", "", ""),
        ("text", "change-me-later", "change-me-later"),
        ("secret", "", ""),
        ("secret", "x" * 20, "x" * 20),
        ("fernet_keys", f"{FERNET_KEY}, {FERNET_KEY}", [FERNET_KEY] * 2),
    ],
)
def test_values_are_read(method, value, found):
    defaults = {
        "secret": [20],
        "number": [5],
        "flag": [5],
        "json": [5],
        "seconds": [5, 0, 9],
    }

    got = read(method, value, *defaults.get(method, []))

    assert got == found or (method == "words" and got == [*found, "c.example"])


@pytest.mark.parametrize(
    ("method", "values", "args"),
    [
        ("text", [f"{CANARY}\nx", f"{CANARY}\x00"], []),
        ("text", ["__CHANGE_ME__", "change-me", "ChangeMe", " change_me "], []),
        ("words", ["__CHANGE_ME__"], []),
        ("require", ["", " "], []),
        ("secret", [CANARY, "x" * 19, "django-insecure-" + "x" * 20], [20]),
        ("fernet_keys", ["", ",", CANARY, f"{FERNET_KEY},{CANARY}", "é" * 44], []),
        (
            "number",
            ["-1", "1e3", "1_000", "4.5", "0x10", "٣", "9" * 20, CANARY, "16 threads"],
            [5],
        ),
        ("seconds", ["-1", "nan", "inf", "1,5", "1e3", "99", CANARY], [5, 0, 9]),
        ("flag", [CANARY, "2", "maybe"], [True]),
        ("json", ["{'a': 1}", "{", CANARY, "[" * 100_000], [{}]),
        ("choice", [CANARY, "REGISTER"], ["register", ("register", "closed")]),
        ("networks", [CANARY, "10.0.0.0/99", "::1, proxy.internal", "10.0.0"], []),
    ],
)
def test_what_cannot_be_meant_is_refused_without_its_value(method, values, args):
    for value in values:
        text = refusal(read, method, value, *args)
        assert text.startswith("NAME ")
        assert CANARY not in text
        assert "proxy" not in text


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("https://www.example.com", "https://www.example.com"),
        (" HTTPS://WWW.Example.COM/ ", "https://www.example.com"),
        ("https://www.example.com:443/", "https://www.example.com"),
        ("http://www.example.com:80", "http://www.example.com"),
        ("https://www.example.com:8443", "https://www.example.com:8443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://[2001:DB8:0:0::1]", "http://[2001:db8::1]"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("https://bücher.de", "https://xn--bcher-kva.de"),
        ("https://BÜCHER.de:8443", "https://xn--bcher-kva.de:8443"),
        ("https://xn--bcher-kva.de", "https://xn--bcher-kva.de"),
        ("http://my_host:8000", "http://my_host:8000"),
    ],
)
def test_an_origin_is_written_as_browsers_do(value, found):
    assert read("origin", value, "") == found


@pytest.mark.parametrize(
    "value",
    [
        "www.example.com",
        "//www.example.com",
        "ftp://www.example.com",
        "https://",
        "https:///x",
        "https://www.example.com/site",
        "https://www.example.com//",
        "https://www.example.com?",
        "https://www.example.com/?a=1",
        "https://www.example.com#",
        "https://www.example.com/#top",
        "https://user@www.example.com",
        "https://user:Canary-7f3a9@www.example.com",
        "https://@www.example.com",
        "https://www.example.com:",
        "https://www.example.com:0",
        "https://www.example.com:65536",
        "https://www.example.com:https",
        "https://www.example.com # the site",
        "https://www.exa mple.com",
        "https://www.example.com\\x",
        "https://www.example.com\t",
        "https://::1",
        "https://[::1",
        "https://[::1%eth0]",
        "https://[www.example.com]",
        "https://-example.com",
        "https://example..com",
        "https://*.example.com",
        "https://" + "a" * 64 + ".com",
        "https://xn--\u00fc.de",
        "https://a,b",
        "https://a.example,https://b.example",
    ],
)
def test_what_is_no_origin_is_refused(value):
    # An empty port, and blanks at the end, mean nothing else.
    if value.rstrip(":\t") != value:
        assert read("origin", value, "") == "https://www.example.com"
        return
    assert CANARY not in refusal(read, "origin", value, "")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a.example, b.example", ["a.example", "b.example"]),
        ("WWW.Example.com", ["www.example.com"]),
        ("::1,[::1]", ["[::1]", "[::1]"]),
        (".example.com,*", [".example.com", "*"]),
        ("bücher.de", ["xn--bcher-kva.de"]),
        ("", ["default"]),
    ],
)
def test_hosts_are_written_as_browsers_do(value, found):
    assert read("hosts", value, ["default"]) == found


@pytest.mark.parametrize(
    "value",
    ["https://a.example", "a.example:8000", "a.example/x", "a b", "a.example,-"],
)
def test_what_is_no_host_is_refused(value):
    refusal(read, "hosts", value, [])


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("http://directus:8055/", "http://directus:8055"),
        ("https://Example.com/directus/", "https://example.com/directus"),
        ("http://[::1]:8055", "http://[::1]:8055"),
        ("", ""),
    ],
)
def test_addresses_of_servers_may_have_a_path(value, found):
    assert read("address", value) == found


@pytest.mark.parametrize(
    "value",
    [
        "directus:8055",
        "http://user:Canary-7f3a9@directus",
        "http://directus:port",
        "http://directus/?a=1",
        "http://directus # here",
        "http://",
    ],
)
def test_what_is_no_address_of_a_server_is_refused(value):
    assert CANARY not in refusal(read, "address", value)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("", {}),
        ("id=https://id.example.com", {"id": "https://id.example.com"}),
        (
            "a-b=https://a.example/out?client_id=x&to=https%3A%2F%2Fb, b=http://[::1]:9/",
            {
                "a-b": "https://a.example/out?client_id=x&to=https%3A%2F%2Fb",
                "b": "http://[::1]:9/",
            },
        ),
    ],
)
def test_links_have_names(value, found):
    assert read("links", value) == found


@pytest.mark.parametrize(
    "value",
    [
        CANARY,
        f"https://{CANARY}.example",
        f"id={CANARY}",
        f"id=javascript:{CANARY}",
        f"id=https://user:{CANARY}@id.example",
        f"id=https://id.example/{CANARY} x",
        f"id=https:\\\\{CANARY}.example",
        f"two words=https://{CANARY}.example",
        f"id=https://a.example, id=https://{CANARY}.example",
    ],
)
def test_what_is_no_link_is_refused(value):
    text = refusal(read, "links", value)

    assert CANARY not in text
    assert "name=https://host/path" in text


# The file


def written(tmp_path, content):
    file = tmp_path / "env"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("NAME=value", "value"),
        ("export NAME=value", "value"),
        ("NAME = value ", "value"),
        ("  NAME=value", "value"),
        ("NAME=two words", "two words"),
        ("NAME=value # why", "value"),
        ("NAME=a#b", "a#b"),
        ('NAME="two # words"', "two # words"),
        ("NAME='two # words' # why", "two # words"),
        ('NAME="say \\"hello\\""', 'say "hello"'),
        ('NAME=\'{"a": ["b"]}\'', '{"a": ["b"]}'),
        ('NAME={"a": ["b"]}', '{"a": ["b"]}'),
        ("NAME=$HOME", "$HOME"),
        ("NAME=${HOME}x", "${HOME}x"),
        ('NAME="$HOME"', "$HOME"),
        ("NAME=", ""),
        ("NAME=''", ""),
        ("NAME=a=b==", "a=b=="),
        ("NAME=first\nNAME=second", "second"),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("begins", ["", "\ufeff"])
def test_lines_of_the_file_are_read(tmp_path, line, value, ends, begins):
    text = f"{begins}{line}\n# a comment\n\nOTHER=1\n".replace("\n", ends)

    assert read_file(written(tmp_path, text)) == {"NAME": value, "OTHER": "1"}


@pytest.mark.parametrize(
    "content",
    [
        f"A=1\nNAME {CANARY}\n",
        f"A=1\n{CANARY}\n",
        f"A=1\nNAME: {CANARY}\n",
        f"A=1\nNAME='{CANARY}\n",
        f'A=1\nNAME="{CANARY}\n',
    ],
)
def test_a_line_that_is_none_is_refused_by_its_number(tmp_path, content):
    text = refusal(read_file, written(tmp_path, content))

    assert "line 2" in text
    assert CANARY not in text


def test_a_file_that_is_no_text_is_refused(tmp_path):
    assert "UTF-8" in refusal(read_file, written(tmp_path, b"NAME=\xff\xfe"))


def test_a_file_that_cannot_be_read_is_refused(tmp_path, monkeypatch):
    assert str(tmp_path) in refusal(read_file, tmp_path)

    def refuse(*args, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    assert "Permission denied" in refusal(read_file, Path("/srv/site/.env"))


def test_no_file_is_no_mistake(tmp_path):
    assert read_file(tmp_path / "env") == {}


def test_reading_leaves_no_trace_in_the_process(tmp_path, monkeypatch):
    file = written(tmp_path, "NAME=from the file\nOTHER=of the file\n")
    monkeypatch.setenv("DJANGO_ENV_FILE", str(file))
    monkeypatch.setenv("OTHER", "of the process")

    found = Environment()

    assert found.text("NAME") == "from the file"
    assert found.text("OTHER") == "of the process"
    assert "NAME" not in os.environ
