"""The mail catcher: real SMTP in, files and a page out."""

import http.client
import smtplib
from email.message import EmailMessage

import pytest

from local.mail import MailCatcher, links, mails, read_mail
from local.mail_page import MailPage
from local.ports import HOST, Ports

HTML = '<script>alert(1)</script><a href="http://localhost/x?a=1&amp;b=2">Open</a>'


@pytest.fixture
def ports():
    return Ports.free()


@pytest.fixture
def folder(tmp_path, ports):
    """A folder into which a mail catcher delivers."""
    samples = tmp_path / "samples"
    catcher = MailCatcher(tmp_path, ports.smtp)
    page = MailPage(tmp_path, samples, ports.mail)
    catcher.start()
    page.start()
    yield tmp_path
    page.stop()
    catcher.stop()


def send(ports, subject, to="ada@example.com"):
    message = EmailMessage()
    message["From"], message["To"] = "no-reply@example.com", to
    message["Subject"] = subject
    message.set_content("See http://localhost/plain")
    message.add_alternative(HTML, subtype="html")
    with smtplib.SMTP(HOST, ports.smtp) as server:
        server.send_message(message)


def get(ports, path, host="localhost"):
    connection = http.client.HTTPConnection(HOST, ports.mail, timeout=5)
    connection.request("GET", path, headers={"Host": f"{host}:{ports.mail}"})
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response, body


def test_mails_are_files_that_sort_oldest_first(folder, ports):
    for number in range(5):
        send(ports, f"Mail {number}")

    subjects = [read_mail(path)["Subject"] for path in mails(folder)]

    assert subjects == [f"Mail {number}" for number in range(5)]


def test_a_recipient_cannot_choose_another_folder(folder, ports):
    send(ports, "Hello", to="a/../../b@example.com")

    assert len(mails(folder)) == 1


def test_links_are_found_in_html_and_text(folder, ports):
    send(ports, "Hello")

    found = links(read_mail(mails(folder)[0]))

    assert found == ["http://localhost/x?a=1&b=2", "http://localhost/plain"]


def test_the_page_lists_mails_and_links_to_them(folder, ports):
    send(ports, "<b>Hello</b>")
    name = mails(folder)[0].name

    listed = get(ports, "/")[1]
    shown = get(ports, f"/mail/{name}")[1]

    assert "&lt;b&gt;Hello&lt;/b&gt;" in listed
    assert '<a href="http://localhost/x?a=1&amp;b=2">' in shown


def test_html_of_a_mail_runs_no_scripts(folder, ports):
    send(ports, "Hello")
    name = mails(folder)[0].name

    response, body = get(ports, f"/html/{name}")

    policy = response.headers["Content-Security-Policy"]
    assert "<script>" in body
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("path", ["/mail/x.eml", "/mail/../secrets.json", "/html/"])
def test_only_mails_are_served(folder, ports, path):
    assert get(ports, path)[0].status == 404


def test_another_name_for_this_machine_is_refused(folder, ports):
    assert get(ports, "/", host="evil.example")[0].status == 403


def test_samples_are_listed_and_shown_in_four_frames(folder, ports):
    (folder / "samples").mkdir()
    for language in ("de", "ja"):
        message = EmailMessage()
        message["Subject"] = f"In {language}"
        message.set_content("Text")
        message.add_alternative(HTML, subtype="html")
        (folder / "samples" / f"new_device.{language}.eml").write_bytes(bytes(message))

    listed = get(ports, "/samples/")[1]
    shown = get(ports, "/mail/new_device.ja.eml")[1]

    for page in (listed, shown):
        assert 'href="/mail/new_device.de.eml"' in page
        assert 'href="/mail/new_device.ja.eml"' in page
    assert "In ja" in shown
    assert shown.count("<iframe") == 4


@pytest.mark.parametrize(("scheme", "shown"), [("dark", "all"), ("light", "not all")])
def test_a_mail_is_shown_dark_whatever_the_browser_prefers(
    folder, ports, scheme, shown
):
    message = EmailMessage()
    message.set_content("@media (prefers-color-scheme: dark) {}", subtype="html")
    (folder / "one.eml").write_bytes(bytes(message))

    body = get(ports, f"/html/one.eml?{scheme}")[1]

    assert f"@media {shown} {{}}" in body
