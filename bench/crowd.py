"""A thousand sessions or users at once, against what Directus and the database take."""

import hashlib
import hmac
import itertools
import json
import socket
import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from typing import Any

import requests

from accounts.directus.users import ALL_FIELDS
from local.ports import HOST

from .browser import visitor
from .load import fetch, together
from .many_users import DIRECTUS, LIKE
from .servers import PASSWORD, Servers
from .sync import set_number
from .table import Line, exactly, ratio

NUMBER = 1000
CLIENTS = 8
ROUNDS = 3
# Of the time that the parts take alone.
REVALIDATIONS = 0.75
# A message locks and writes each user alone; a deletion reads each row for its tokens.
MESSAGE = 0.2
DELETION = 0.2


def at_once(servers: Servers) -> list[Line]:
    """Measure sessions that come due, a message about users, and ended sessions."""
    return [*_revalidations(servers), *_message(servers), _deletion(servers)]


# Sessions that come due


def _revalidations(servers: Servers) -> list[Line]:
    """Let all sessions come due in one second, and visit a page with each."""
    tokens = _tokens(servers)
    cookies = json.loads(servers.inside("sessions", json.dumps(tokens), str(NUMBER)))
    port = servers.ports.site
    pages = [_request(port, "/", Cookie=cookie) for cookie in cookies]
    names = itertools.islice(itertools.cycle(tokens.values()), NUMBER)
    path = f"/users/me?fields={ALL_FIELDS}"
    directus = servers.ports.directus
    calls = [
        _request(directus, path, Authorization=f"Bearer {pair[0]}") for pair in names
    ]
    due, alone = [], []
    renewed = NUMBER
    for _ in range(ROUNDS):
        parts = _seconds(port, pages) + _seconds(directus, calls)
        _make_due(servers)
        due.append(NUMBER / _seconds(port, pages))
        alone.append(NUMBER / parts)
        renewed = min(renewed, _renewed(servers))
    what = f"{NUMBER} sessions that come due at once"
    return [
        ratio(
            f"{what}, against the pages and the calls alone",
            due,
            alone,
            unit="/s",
            at_least=REVALIDATIONS,
        ),
        exactly(f"{what}: renewed, all answers 200", renewed, NUMBER),
    ]


def _tokens(servers: Servers) -> dict[str, tuple[str, str]]:
    """Sign all accounts in at Directus; return their tokens by their address."""
    url = f"http://{HOST}:{servers.ports.directus}/auth/login"
    found = {}
    for email in servers.accounts:
        body = {"email": email, "password": PASSWORD, "mode": "json"}
        headers = {"X-Forwarded-For": visitor()}
        answer = requests.post(url, json=body, headers=headers, timeout=30)
        data = answer.json()["data"]
        found[email] = (data["access_token"], data["refresh_token"])
    servers.manage("directus_sync")
    return found


def _make_due(servers: Servers) -> None:
    _execute(
        servers,
        "UPDATE accounts_session SET validated_at = datetime('now', '-65 seconds')",
    )


def _renewed(servers: Servers) -> int:
    recent = "SELECT COUNT(*) FROM accounts_session WHERE user_agent = 'bench' AND"
    recent += " validated_at > datetime('now', '-60 seconds')"
    return int(_execute(servers, recent)[0][0])


def _request(port: int, path: str, **headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"Host: localhost:{port}", "User-Agent: bench"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _seconds(port: int, messages: list[bytes]) -> float:
    """Send each request once, from several clients; return the seconds for all."""
    shares = iter([messages[client::CLIENTS] for client in range(CLIENTS)])

    def one_client() -> None:
        share = next(shares)
        for start in range(0, len(share), 20):
            with socket.create_connection((HOST, port), timeout=30) as connection:
                for message in share[start : start + 20]:
                    status = fetch(connection, message)
                    if status != 200:
                        raise ValueError(f"an answer {status}")

    began = time.perf_counter()
    together(one_client, CLIENTS)
    return time.perf_counter() - began


# A message about users


def _message(servers: Servers) -> list[Line]:
    """Let Directus' Flow report a change of a thousand users."""
    set_number(servers, NUMBER)
    try:
        servers.manage("directus_sync")
        ids = _ids(servers)
        site, alone, mirrored = [], [], NUMBER
        for turn in range(ROUNDS):
            name = f"Changed {turn}"
            _change(servers, name)
            site.append(NUMBER / _send(servers, ids))
            count = "SELECT COUNT(*) FROM accounts_user WHERE first_name = ?"
            mirrored = min(mirrored, _execute(servers, count, [name])[0][0])
            alone.append(NUMBER / (_read(servers) + _write_each(servers)))
    finally:
        set_number(servers, 0)
    what = f"a message about {NUMBER} changed users"
    return [
        ratio(
            f"{what}, against reading and writing them alone",
            site,
            alone,
            unit="/s",
            at_least=MESSAGE,
        ),
        exactly(f"{what}: read at once, not at their next request", mirrored, NUMBER),
    ]


def _ids(servers: Servers) -> list[str]:
    with closing(sqlite3.connect(servers.state.folder / DIRECTUS)) as database:
        query = "SELECT id FROM directus_users WHERE email LIKE ?"
        return [row[0] for row in database.execute(query, [LIKE])]


def _change(servers: Servers, name: str) -> None:
    path = servers.state.folder / DIRECTUS
    with closing(sqlite3.connect(path, timeout=30)) as database, database:
        change = "UPDATE directus_users SET first_name = ? WHERE email LIKE ?"
        database.execute(change, [name, LIKE])


def _send(servers: Servers, ids: list[str]) -> float:
    """Send a signed message; return the seconds until the answer."""
    body = json.dumps({"event": "users.update", "keys": ids, "fields": ["first_name"]})
    now = str(int(time.time()))
    secret = servers.state.secrets()["webhook_secret"]
    signed = hmac.new(secret.encode(), f"{now}.{body}".encode(), hashlib.sha256)
    began = time.perf_counter()
    answer = requests.post(
        f"http://{HOST}:{servers.ports.site}/webhooks/directus/",
        data=body,
        headers={
            "Host": f"localhost:{servers.ports.site}",
            "Content-Type": "application/json",
            "X-Webhook-Timestamp": now,
            "X-Webhook-Signature": signed.hexdigest(),
        },
        timeout=60,
    )
    seconds = time.perf_counter() - began
    answer.raise_for_status()
    return seconds


def _read(servers: Servers) -> float:
    """Return the seconds in which Directus lists the users."""
    return float(json.loads(servers.inside("fetch").splitlines()[-1])["seconds"])


def _write_each(servers: Servers) -> float:
    """Return the seconds for a transaction of each user alone."""
    users = _execute(servers, "SELECT id FROM accounts_user WHERE email LIKE 'many-%'")
    began = time.perf_counter()
    with closing(_database(servers)) as database:
        for (pk,) in users:
            with database:
                found = "SELECT * FROM accounts_user WHERE id = ?"
                database.execute(found, [pk]).fetchone()
                change = "UPDATE accounts_user SET first_name = 'x' WHERE id = ?"
                database.execute(change, [pk])
    return time.perf_counter() - began


# Ended sessions


def _deletion(servers: Servers) -> Line:
    """End a thousand sessions, against reading and deleting as many rows."""
    found = json.loads(servers.inside("deletion", str(NUMBER), str(ROUNDS)))
    return ratio(
        f"{NUMBER} sessions ended, against reading and deleting the rows in SQL",
        [NUMBER / seconds for seconds in found["site"]],
        [NUMBER / seconds for seconds in found["alone"]],
        unit="/s",
        at_least=DELETION,
    )


def _database(servers: Servers) -> sqlite3.Connection:
    return sqlite3.connect(servers.site_database, timeout=30)


def _execute(
    servers: Servers, statement: str, values: Iterable[Any] = ()
) -> list[tuple[Any, ...]]:
    with closing(_database(servers)) as database, database:
        return database.execute(statement, tuple(values)).fetchall()
