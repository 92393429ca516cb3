"""createsuperuser and changepassword: one sentence where something is wrong."""

import uuid
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.management.commands import createsuperuser
from django.core.management import CommandError, call_command

from accounts.management.commands import changepassword
from accounts.models import User

pytestmark = pytest.mark.django_db
ADDRESS = "root@example.com"
PASSWORD = "A right long password 9"


def mirrored():
    """Make a user of Directus with the administrator's address."""
    row = User(email=ADDRESS, directus_id=uuid.uuid4())
    row.set_unusable_password()
    row.save()
    return row


@pytest.fixture
def root():
    """The local administrator."""
    return get_user_model().objects.create_superuser(ADDRESS, "old")


@pytest.fixture
def typed(monkeypatch):
    """Type a password wherever one is asked for."""

    class Terminal(StringIO):
        def isatty(self):
            return True

    def type_in(*passwords):
        left = list(passwords)

        def next_one(prompt=""):
            return left.pop(0)

        monkeypatch.setattr(createsuperuser.getpass, "getpass", next_one)
        monkeypatch.setattr(changepassword.changepassword.getpass, "getpass", next_one)

    monkeypatch.setattr("sys.stdin", Terminal())
    type_in.stdin = Terminal()
    return type_in


@pytest.mark.parametrize("address", [ADDRESS, "Root@Example.com"])
def test_a_second_local_user_of_one_address_is_one_sentence(root, monkeypatch, address):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)

    with pytest.raises(CommandError, match="already: changepassword"):
        call_command("createsuperuser", email=address, interactive=False)

    assert User.objects.count() == 1


def test_and_so_it_is_where_the_address_is_typed(root, typed, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda prompt="": ADDRESS)
    typed(PASSWORD, PASSWORD)

    with pytest.raises(CommandError, match="already: changepassword"):
        call_command("createsuperuser", stdin=typed.stdin)


def test_a_mirrored_user_may_have_the_same_address(monkeypatch):
    mirrored()
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)

    call_command("createsuperuser", email=ADDRESS, interactive=False, verbosity=0)

    assert User.objects.filter(email=ADDRESS).count() == 2
    assert User.objects.get_by_natural_key(ADDRESS).check_password(PASSWORD)


@pytest.mark.parametrize("address", [ADDRESS, "ROOT@example.com"])
def test_the_local_one_of_several_gets_the_password(root, typed, address):
    others = [mirrored() for _ in range(2)]
    typed(PASSWORD, PASSWORD)

    call_command("changepassword", address, stdout=StringIO())

    root.refresh_from_db()
    assert root.check_password(PASSWORD)
    for other in others:
        other.refresh_from_db()
        assert not other.has_usable_password()


def test_a_mirrored_user_has_no_password_to_change(typed):
    mirrored()

    with pytest.raises(CommandError, match="is in Directus"):
        call_command("changepassword", ADDRESS)


def test_an_unknown_address(typed):
    with pytest.raises(CommandError, match=r"no local user root@"):
        call_command("changepassword", ADDRESS)


def test_a_password_that_cannot_be_used_is_asked_for_again(root, typed):
    said = StringIO()
    typed("one", "two", "short", "short", PASSWORD, PASSWORD)

    call_command("changepassword", ADDRESS, stdout=said, stderr=said)

    root.refresh_from_db()
    assert root.check_password(PASSWORD)
    assert "do not match" in said.getvalue()


def test_the_command_stops_asking(root, typed):
    typed(*["short"] * 6)

    with pytest.raises(CommandError, match="after 3 attempts"):
        call_command("changepassword", ADDRESS, stdout=StringIO(), stderr=StringIO())

    root.refresh_from_db()
    assert root.check_password("old")
