"""directus_revoke: sessions here, tokens at Directus, and tokens that live on."""

import json
import uuid
from datetime import datetime
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.core import clients
from accounts.directus import AuthenticationFailed, RefreshingAuth, SessionExpired
from accounts.models import Session, User

from ..signed_in import make_stale, store_of

pytestmark = [pytest.mark.django_db, pytest.mark.versions]


def revoke(*users, **options):
    """Run the command; return the exit code and what it prints."""
    output = StringIO()
    code = 0
    try:
        call_command("directus_revoke", *users, stdout=output, no_color=True, **options)
    except SystemExit as error:
        code = error.code
    return code, output.getvalue()


def revoke_json(*users, **options):
    code, printed = revoke(*users, format="json", **options)
    return code, json.loads(printed)


@pytest.fixture
def shadow(signed_in_client, ada):
    """Ada's row here."""
    return User.objects.get(directus_id=ada.id)


def add_session(user):
    Session.objects.create(
        user=user,
        session_key=uuid.uuid4().hex,
        expire_date=timezone.now(),
        session_data="",
    )


def tells_version(directus, version):
    info = {"data": {"version": version}}
    directus.answers(200, info, path="/server/info", times=99)


# Which users


@pytest.mark.parametrize(
    "name",
    [
        lambda user: user.email.upper(),
        lambda user: str(user.directus_id),
        lambda user: user.directus_id.hex,
        lambda user: str(user.pk),
    ],
)
def test_an_address_or_either_id_names_a_user(shadow, service_token, name):
    code, report = revoke_json(name(shadow))

    assert code == 0
    assert report["people"] == report["sessions_ended"] == 1
    assert not Session.objects.exists()


def test_a_user_who_never_was_here_is_signed_out_of_directus(directus, service_token):
    bob = directus.add_user("bob@example.com")
    directus.sign_in(bob)

    code, report = revoke_json("bob@example.com")

    assert (code, report["people"], report["sessions_ended"]) == (0, 1, 0)
    assert directus.sessions_of(bob) == []


def test_an_address_that_passed_on_means_both(shadow, ada, directus, service_token):
    directus.change(ada, email="elsewhere@example.com")
    heir = directus.add_user(shadow.email)
    directus.sign_in(heir)

    _code, report = revoke_json(shadow.email)

    assert report["people"] == 2
    assert directus.sessions_of(heir) == directus.sessions_of(ada) == []


def test_a_user_who_is_named_twice_is_one(shadow, service_token):
    _code, report = revoke_json(shadow.email, str(shadow.pk))

    assert report["people"] == 1


@pytest.mark.parametrize("name", ["nobody@example.com", "9" * 40, "7", "x", ""])
def test_an_unknown_name_ends_no_session(shadow, service_token, name):
    with pytest.raises(CommandError, match="No user was signed out") as caught:
        revoke(shadow.email, name)

    assert caught.value.returncode == 2
    assert Session.objects.count() == 1


@pytest.mark.parametrize("users", [(), ("ada@example.com",)])
def test_either_names_or_all(shadow, users):
    with pytest.raises(CommandError) as caught:
        revoke(*users, all=bool(users))

    assert caught.value.returncode == 2


def test_an_address_of_directus_means_no_local_user(shadow, ada, service_token, capsys):
    root = User.objects.create_superuser(ada.email.upper())
    add_session(root)

    code, report = revoke_json(ada.email)

    assert (code, report["people"]) == (0, 1)
    assert Session.objects.get().user == root
    assert f"local user {root.pk}" in capsys.readouterr().err
    assert revoke_json(str(root.pk))[1]["sessions_ended"] == 1


def test_an_address_that_only_a_local_user_has_means_that_one(directus, db):
    root = User.objects.create_superuser("root@example.com")
    add_session(root)

    assert revoke_json("root@example.com")[1]["sessions_ended"] == 1


# Sessions and tokens that end


def test_sessions_end_here_and_there(shadow, ada, directus, sign_in, service_token):
    sign_in(ada, Client())
    directus.sign_in(ada)
    directus.forget_calls()

    code, printed = revoke(ada.email)

    assert code == 0
    assert "Ended 2 sessions of 1 users; revoked 2 of 2 refresh tokens" in printed
    assert directus.sessions_of(ada) == []
    assert len(directus.calls_to("/auth/logout")) == 2


def test_a_signed_out_user_is_sent_to_sign_in(signed_in_client, shadow):
    revoke(shadow.email)

    assert signed_in_client.get("/")["Location"] == "/login/?next=/"


def test_a_session_that_ended_here_long_ago_ends_there_too(shadow, ada, directus):
    Session.objects.update(expire_date=timezone.now())

    revoke(ada.email)

    assert directus.sessions_of(ada) == []


def test_tokens_that_are_being_renewed_meanwhile_are_revoked(
    signed_in_client, shadow, ada, directus
):
    make_stale(signed_in_client)
    session = store_of(signed_in_client)
    client = clients.anonymous_client()

    def renew(refresh_token):
        pair = client.refresh(refresh_token)
        revoke(ada.email)
        return pair

    auth = RefreshingAuth(session.tokens, renew, client.logout)
    with pytest.raises(SessionExpired, match="ended"):
        auth.renew_rejected(session.tokens.load().access_token)

    assert directus.sessions_of(ada) == []


def test_the_address_that_directus_has_is_the_one_that_is_written(
    shadow, ada, directus, service_token
):
    ada.email = "new@example.com"

    revoke(str(shadow.pk))

    assert ada.email == "new@example.com"


def test_no_user_is_suspended(shadow, ada, service_token, sign_in):
    revoke(ada.email)

    shadow.refresh_from_db()
    assert shadow.is_active
    assert ada.status == "active"
    sign_in(ada, Client())


def test_a_dry_run_ends_nothing(shadow, ada, directus, service_token):
    directus.forget_calls()

    code, printed = revoke(str(shadow.pk), dry_run=True)

    assert code == 0
    assert "Would end 1 sessions of 1 users, and revoke 1 refresh tokens" in printed
    assert Session.objects.count() == len(directus.sessions_of(ada)) == 1
    assert {call.method for call in directus.calls} <= {"GET"}


# Tokens that live on


def test_without_a_service_token_sessions_elsewhere_live_on(shadow, ada, directus):
    directus.sign_in(ada)

    code, report = revoke_json(ada.email)

    assert code == 3
    assert "DIRECTUS_SERVICE_TOKEN" in report["left"][0]["reason"]
    assert report["tokens_revoked"] == report["tokens_held"] == 1
    assert len(directus.sessions_of(ada)) == 1


def test_a_user_whom_the_service_token_may_not_change_is_reported(
    shadow, ada, directus, service_token
):
    directus.change(ada, role="Editor")
    directus.sign_in(ada)

    code, report = revoke_json(ada.email)

    assert code == 3
    assert "may not change this user" in report["left"][0]["reason"]
    assert report["left"][0]["user"] == shadow.pk


def test_directus_10_ends_nothing_elsewhere(shadow, ada, directus, service_token):
    tells_version(directus, "10.13.4")
    directus.forget_calls()

    code, report = revoke_json(ada.email)

    assert code == 3
    assert "Directus 10" in report["left"][0]["reason"]
    assert {call.method for call in directus.calls if "/users" in call.path} == {"GET"}


def test_directus_10_renews_nothing_for_a_suspended_user(
    shadow, ada, directus, service_token
):
    tells_version(directus, "10.13.4")
    directus.suspend(ada)

    assert revoke_json(str(shadow.pk))[0] == 0


def test_a_version_that_is_not_told_is_not_guessed(
    shadow, ada, directus, service_token
):
    directus.answers(200, {"data": {}}, path="/server/info")

    code, report = revoke_json(ada.email)

    assert code == 3
    assert "does not report its version" in report["left"][0]["reason"]


def test_nothing_of_a_deleted_user_lives_on(shadow, ada, directus, service_token):
    directus.delete(ada)

    assert revoke_json(str(shadow.pk))[0] == 0


def test_while_directus_is_away_sessions_here_end_all_the_same(
    shadow, directus, service_token
):
    directus.is_down()

    code, report = revoke_json(shadow.email)

    assert code == 1
    assert report["directus_failed"]
    assert (report["sessions_ended"], report["tokens_revoked"]) == (1, 0)
    assert "1 refresh token held here was not revoked" in report["left"][0]["reason"]
    assert not Session.objects.exists()


def test_what_fails_first_and_ends_then_has_ended(shadow, ada, directus, service_token):
    directus.answers(500, path="/auth/logout", times=9)

    code, report = revoke_json(ada.email)

    assert (code, report["left"], report["tokens_revoked"]) == (0, [], 0)
    assert directus.sessions_of(ada) == []


def test_tokens_whose_key_is_gone_are_told(shadow, settings):
    settings.TOKEN_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    code, report = revoke_json(shadow.email)

    assert code == 3
    assert (report["tokens_held"], report["tokens_revoked"]) == (1, 0)
    assert "was not revoked" in report["left"][0]["reason"]


def test_it_says_how_long_access_tokens_live(shadow, service_token):
    _code, report = revoke_json(shadow.email)

    until = datetime.fromisoformat(report["access_tokens_until"])
    assert 14 * 60 < (until - timezone.now()).total_seconds() <= 15 * 60


def test_local_users_have_nothing_at_directus(directus, db):
    root = User.objects.create_superuser("root@example.com")

    assert revoke_json(str(root.pk))[0] == 0
    directus.was_not_asked()


def test_output_and_log_hold_no_token_and_no_address(
    signed_in_client, shadow, service_token, caplog
):
    tokens = store_of(signed_in_client).tokens.load()

    _code, printed = revoke(str(shadow.pk))

    for secret in (tokens.access_token, tokens.refresh_token, shadow.email):
        assert secret not in printed + caplog.text
    (record,) = [r for r in caplog.records if r.msg % r.args == "session.revoked"]
    assert (record.user_id, record.sessions) == (shadow.pk, 1)


# A real Directus


@pytest.fixture
def real(directus_server, settings):
    """The real Directus, asked with the site's own token."""
    settings.DIRECTUS_URL = directus_server.directus.url
    settings.DIRECTUS_SERVICE_TOKEN = directus_server.service_token
    return directus_server


def major_version(real):
    version = real.admin.call("GET", "/server/info")["version"]
    return int(version.partition(".")[0])


def elsewhere(person):
    """Sign a user in twice, past this site; return the refresh tokens."""
    login = clients.anonymous_client().login
    pairs = [login(email=person.email, password=person.password) for _ in range(2)]
    return [pair.refresh_token for pair in pairs]


@pytest.mark.real
def test_a_real_directus_ends_what_others_hold(real, make_customer):
    person = make_customer()
    tokens = elsewhere(person)
    if major_version(real) == 10:
        code, report = revoke_json(person.id)
        assert (code, "Directus 10" in report["left"][0]["reason"]) == (3, True)
        real.admin.patch_user(person.id, status="suspended")

    code, report = revoke_json(person.id)

    assert (code, report["left"]) == (0, [])
    for token in tokens:
        with pytest.raises(AuthenticationFailed):
            clients.anonymous_client().refresh(token)
    assert real.admin.get_user(person.id)["email"] == person.email


@pytest.fixture
def chief(real):
    """An administrator, for one test: version 12 without a licence counts them."""
    email, password = f"chief-{uuid.uuid4().hex}@example.com", "A chief's secret 1"
    role = real.admin.role_id("Administrator")
    user = real.admin.create_user(email, password, role=role)
    yield user | {"password": password}
    real.admin.delete_user(user["id"])


@pytest.mark.real
def test_a_real_directus_says_whether_administrators_are_within_reach(real, chief):
    email, password = chief["email"], chief["password"]
    pair = clients.anonymous_client().login(email=email, password=password)

    code, report = revoke_json(chief["id"])

    if major_version(real) == 12:
        # Without a licence its service token may change all users.
        assert (code, report["left"]) == (0, [])
        with pytest.raises(AuthenticationFailed):
            clients.anonymous_client().refresh(pair.refresh_token)
    else:
        assert code == 3
        assert "Sessions elsewhere were not ended" in report["left"][0]["reason"]
        assert clients.anonymous_client().refresh(pair.refresh_token)
