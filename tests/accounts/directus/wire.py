"""Helpers for tests of the client's methods: a simulated wire, and its requests."""

import json
from urllib.parse import parse_qs, urlsplit

URL = "http://directus.test:8055"
ID = "6a2f7f1e-5b6c-4c0e-9d53-0123456789ab"
ROLE = "c8cecd93-0574-40fb-8aa7-15882e4d718a"
TOKENS = {"access_token": "a.b.c", "refresh_token": "r", "expires": 900_000}
JWT = "head.pay_load-1.signature"
ADA = {
    "id": ID,
    "email": "ada@example.com",
    "first_name": "Ada",
    "last_name": None,
    "status": "active",
    "role": {"id": ROLE, "name": "Customer"},
    "language": None,
    "last_access": "2026-11-23T18:45:15",
    "provider": "default",
}


def refuse(wire, method, path, status, code, **facts):
    error = {"message": "upstream text", "extensions": {"code": code, **facts}}
    wire.add(method, URL + path, json={"errors": [error]}, status=status)


def sent(wire, index=0):
    return json.loads(wire.calls[index].request.body)


def query(wire, index=0):
    values = parse_qs(urlsplit(wire.calls[index].request.url).query)
    return {name: value[0] for name, value in values.items()}
