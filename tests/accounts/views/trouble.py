"""What a visitor gets while there is trouble with Directus, for tests."""

from accounts.models import Session

TYPED = "ada@example.com"
TYPED_PASSWORD = "what was typed 7f3a9"


def assert_unavailable(response, kept=""):
    """Check for a 503 page that keeps the typed values, but no secrets."""
    assert response.status_code == 503
    assert 0 < int(response["Retry-After"]) <= 300
    assert response["X-Request-ID"] in response.text
    assert kept in response.text
    assert TYPED_PASSWORD not in response.text
    assert not Session.objects.exclude(user=None).exists()
