"""One-time codes, against the test vectors of RFC 6238."""

import base64

import pytest

from local.admin import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("at", "code"),
    [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")],
)
def test_totp_follows_the_rfc(at, code):
    assert totp(SECRET, at) == code
