"""A page that lists the caught mails and shows them, for a person at this machine."""

import html
import threading
from email.message import EmailMessage
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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
iframe { width: 100%; height: 32rem; border: 1px solid #8886; background: #fff }
pre { white-space: pre-wrap; overflow-wrap: anywhere }
li { overflow-wrap: anywhere }
"""
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>{head}<link rel="stylesheet" href="/style.css"></head>
<body><main><h1>{title}</h1>{body}</main></body></html>"""
PAGE_POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'"
# A mail may have looks, links to a new tab and Directus' pictures; no scripts.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: http://localhost:*;"
    " frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


class MailPage:
    """The web server of the page."""

    def __init__(self, folder: Path, port: int) -> None:
        self._handler = type("Handler", (_Handler,), {"folder": folder})
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

    def do_GET(self) -> None:
        host = self.headers.get("Host", "").rsplit(":", 1)[0]
        # Another site's name that points here could otherwise read the mails.
        if host not in {"localhost", HOST}:
            return self._send("This page is for localhost.", HTTPStatus.FORBIDDEN)
        path = unquote(self.path.split("?")[0])
        if path == "/":
            return self._send(_list(mails(self.folder)))
        if path == "/style.css":
            return self._send(STYLE, kind="text/css")
        kind, _, name = path.removeprefix("/").partition("/")
        mail = {each.name: each for each in mails(self.folder)}.get(name)
        if mail is None or kind not in {"mail", "html"}:
            return self._send("There is no such mail.", HTTPStatus.NOT_FOUND)
        if kind == "html":
            return self._send(_html(read_mail(mail)), policy=MAIL_POLICY)
        return self._send(_mail(mail.name, read_mail(mail)))

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
    refresh = '<meta http-equiv="refresh" content="5">'
    return PAGE.format(title="Mails", head=refresh, body=body)


def _row(path: Path) -> str:
    message = read_mail(path)
    subject = html.escape(str(message["Subject"] or "(no subject)"))
    link = f'<a href="/mail/{quote(path.name)}">{subject}</a>'
    cells = (link, _header(message, "To"), _header(message, "Date"))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _mail(name: str, message: EmailMessage) -> str:
    names = ("From", "To", "Date")
    heads = "".join(
        f"<tr><th>{n}</th><td>{_header(message, n)}</td></tr>" for n in names
    )
    body = f'<p><a href="/">All mails</a></p><table>{heads}</table>'
    addresses = [html.escape(link) for link in links(message)]
    if addresses:
        items = "".join(f'<li><a href="{link}">{link}</a></li>' for link in addresses)
        body += f"<h2>Links</h2><ul>{items}</ul>"
    if html_of(message):
        body += f'<h2>Mail</h2><iframe title="Mail" src="/html/{quote(name)}"></iframe>'
    if text_of(message):
        body += f"<h2>Text</h2><pre>{html.escape(text_of(message))}</pre>"
    title = html.escape(str(message["Subject"] or "(no subject)"))
    return PAGE.format(title=title, head="", body=body)


def _html(message: EmailMessage) -> str:
    return f'<base target="_blank">{html_of(message)}'


def _header(message: EmailMessage, name: str) -> str:
    return html.escape(str(message[name] or ""))
