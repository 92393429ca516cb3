"""A page that lists the caught mails and shows them, for a person at this machine."""

import html
import threading
from collections.abc import Iterable
from email.message import EmailMessage
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby
from pathlib import Path
from urllib.parse import quote, unquote

from .mail import html_of, links, mails, read_mail, text_of
from .ports import HOST

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .4rem .8rem .4rem 0 }
tr { border-bottom: 1px solid #8886 }
.wide { max-width: 80rem }
.frames { display: flex; flex-wrap: wrap; gap: 1rem }
figure { margin: 0 }
iframe { max-width: 100%; height: 44rem; border: 1px solid #8886; background: #fff }
pre { white-space: pre-wrap; overflow-wrap: anywhere }
li { overflow-wrap: anywhere }
"""
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>{head}<link rel="stylesheet" href="/style.css"></head>
<body class="{look}"><main><h1>{title}</h1>{body}</main></body></html>"""
PAGE_POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'"
# A mail may have looks, links to a new tab and Directus' pictures; no scripts.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: http://localhost:*;"
    " frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
# The widths of a mail on a desk and on the smallest phone.
FRAMES = [(600, "light"), (600, "dark"), (320, "light"), (320, "dark")]
IS_DARK = "(prefers-color-scheme: dark)"
# What a frame has in place of that condition, whatever the browser prefers.
SCHEMES = {"light": "not all", "dark": "all"}


class MailPage:
    """The web server of the page."""

    def __init__(self, folder: Path, samples: Path, port: int) -> None:
        folders = {"folder": folder, "samples": samples}
        self._handler = type("Handler", (_Handler,), folders)
        self._port = port
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Serve, in a thread of its own."""
        self._server = ThreadingHTTPServer((HOST, self._port), self._handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    folder: Path
    samples: Path

    def do_GET(self) -> None:
        host = self.headers.get("Host", "").rsplit(":", 1)[0]
        # Another site's name that points here could otherwise read the mails.
        if host not in {"localhost", HOST}:
            self._send("This page is for localhost.", HTTPStatus.FORBIDDEN)
        else:
            self._send_page()

    def _send_page(self) -> None:
        path, _, scheme = self.path.partition("?")
        match unquote(path).removeprefix("/").partition("/"):
            case "", _, _:
                self._send(_list(mails(self.folder)))
            case "style.css", _, _:
                self._send(STYLE, kind="text/css")
            case "samples", _, _:
                self._send(_samples(mails(self.samples)))
            case kind, _, name:
                self._send_mail(kind, name, scheme)

    def _send_mail(self, kind: str, name: str, scheme: str) -> None:
        files = mails(self.folder) + mails(self.samples)
        mail = {each.name: each for each in files}.get(name)
        if mail is None or kind not in {"mail", "html"}:
            self._send("There is no such mail.", HTTPStatus.NOT_FOUND)
        elif kind == "html":
            self._send(_html(read_mail(mail), scheme), policy=MAIL_POLICY)
        else:
            same = [
                each for each in mails(self.samples) if _label(each) == _label(mail)
            ]
            self._send(_mail(mail.name, read_mail(mail), same))

    def _send(
        self,
        text: str,
        status: HTTPStatus = HTTPStatus.OK,
        *,
        kind: str = "text/html",
        policy: str = PAGE_POLICY,
    ) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the addresses hold nothing of interest."""


def _list(files: list[Path]) -> str:
    rows = [_row(path) for path in reversed(files)]
    heads = "<tr><th>Subject</th><th>To</th><th>Date</th></tr>"
    body = f"<table>{heads}{''.join(rows)}</table>" if rows else "<p>No mail yet.</p>"
    body = f'<p><a href="/samples/">Samples of all mails of the site</a></p>{body}'
    refresh = '<meta http-equiv="refresh" content="5">'
    return PAGE.format(title="Mails", look="", head=refresh, body=body)


def _samples(files: list[Path]) -> str:
    rows = [
        f"<tr><th>{html.escape(label)}</th><td>{_in_languages(each)}</td></tr>"
        for label, each in groupby(files, key=_label)
    ]
    body = f'<p><a href="/">Mails that were sent</a></p><table>{"".join(rows)}</table>'
    return PAGE.format(title="Samples of all mails", look="", head="", body=body)


def _label(sample: Path) -> str:
    """Return the mail of a file that is called MAIL.LANGUAGE.eml."""
    return sample.stem.partition(".")[0]


def _in_languages(samples: Iterable[Path]) -> str:
    languages = {path.name: path.stem.rpartition(".")[2] for path in samples}
    return " · ".join(
        f'<a href="/mail/{quote(name)}">{html.escape(language)}</a>'
        for name, language in languages.items()
    )


def _row(path: Path) -> str:
    message = read_mail(path)
    subject = html.escape(str(message["Subject"] or "(no subject)"))
    link = f'<a href="/mail/{quote(path.name)}">{subject}</a>'
    cells = (link, _header(message, "To"), _header(message, "Date"))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _mail(name: str, message: EmailMessage, in_languages: list[Path]) -> str:
    names = ("From", "To", "Date")
    heads = "".join(
        f"<tr><th>{n}</th><td>{_header(message, n)}</td></tr>" for n in names
    )
    body = '<p><a href="/">All mails</a> · <a href="/samples/">Samples</a></p>'
    body += f"<p>{_in_languages(in_languages)}</p>"
    body += f"<table>{heads}</table>{_links(links(message))}"
    if html_of(message):
        body += f"<h2>Mail</h2>{_frames(name)}"
    if text_of(message):
        body += f"<h2>Text</h2><pre>{html.escape(text_of(message))}</pre>"
    title = html.escape(str(message["Subject"] or "(no subject)"))
    return PAGE.format(title=title, look="wide", head="", body=body)


def _links(addresses: list[str]) -> str:
    safe = [html.escape(each) for each in addresses]
    items = "".join(f'<li><a href="{link}">{link}</a></li>' for link in safe)
    return f"<h2>Links</h2><ul>{items}</ul>" if items else ""


def _frames(name: str) -> str:
    frames = [
        f"<figure><figcaption>{width} px, {scheme}</figcaption>"
        f'<iframe title="Mail, {width} px, {scheme}" width="{width}"'
        f' src="/html/{quote(name)}?{scheme}"></iframe></figure>'
        for width, scheme in FRAMES
    ]
    return f'<div class="frames">{"".join(frames)}</div>'


def _html(message: EmailMessage, scheme: str) -> str:
    shown = html_of(message).replace(IS_DARK, SCHEMES.get(scheme, IS_DARK))
    return f'<base target="_blank">{shown}'


def _header(message: EmailMessage, name: str) -> str:
    return html.escape(str(message[name] or ""))
