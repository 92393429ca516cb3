"""Passwords that are easy to guess are refused, in words, wherever one is chosen."""

import random
import time

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.passwords import common
from accounts.passwords.strength import StrengthValidator

from ..account_pages import change_password
from ..steps import ask_reset, choose_password, open_link, sign_up, wide

WEAK = [
    "123456789012",
    "098765432109",
    "aaaaaaaaaaaa",
    "🦊" * 12,
    "passwordpassword",
    "PASSWORDpassword1",
    "p4$$w0rdp4$$w0rd",
    "p a s s w o r d",
    wide("password1234"),
    "letmein12345",
    "let me in please",
    "qwertyuiop12",
    "1qaz2wsx3edc4rfv",
    "qwertzuiopasdf",
    "azertyuiop12",
    "iloveyou1234",
    "hallohallo12",
    "Summer2024!!",
    "01.01.1990 01.01.1990",
    "manchesterunited99!",
    "mychemicalromance" * 5,
    "tequieromucho",
    "gfhjkmgfhjkm",
]
GOOD = [
    "correct horse battery staple",
    "correct horse battery",
    "Ada's secret 1815",
    "zebra lamp cloud",
    "correcthorsebatterystaple",
    "mein hund frisst gern pizza",
    "Der frühe Vogel fängt den Wurm",
    "東京タワーへ行きました",
    "今日はとても良い天気ですね",
    "xK9#mQ2$vL7p",
    "J8f-kd2-Pq9-xx1",
    "qvnhs-zkwpt-ymbra",
    "  blanks around it  ",
    "🦊🐻🌲🏔🚂🎻🍋🧦🐙🎈🌵🛶",
]
# Of a user called Ada Lovelace with ada.byron@analytical-engine.example.
OWN = [
    "adalovelace1815",
    "Lovelace, Ada 12",
    "ecalevolada12",
    "4d4l0v3l4c3!!",
    "ada.byron@analytical-engine.example",
    "ada.byron1234",
    "analytical-engine",
    "AnalyticalEngine1",
    "Rosengarten12",
    "Rosengarten Ada 1",
    "testserver123",
]
NAMES = {"first_name": "Ada", "last_name": "Lovelace"}
EMAIL = "ada.byron@analytical-engine.example"


@pytest.fixture(autouse=True)
def _name_of_the_site(settings):
    settings.SITE_NAME = "Rosengarten"


def refusal(password, user=None):
    """Return why a password is refused, or nothing."""
    try:
        StrengthValidator().validate(password, user)
    except ValidationError as error:
        return error.messages[0]
    return None


@pytest.mark.parametrize("password", WEAK)
def test_what_is_easy_to_guess_is_refused(password):
    assert "Use several unrelated words" in refusal(password)


@pytest.mark.parametrize("password", GOOD)
def test_what_is_hard_to_guess_is_taken(password):
    assert refusal(password, User(email=EMAIL, **NAMES)) is None


@pytest.mark.parametrize("password", OWN)
def test_the_words_of_a_person_and_of_the_site_are_easy_to_guess(password):
    assert refusal(password, User(email=EMAIL, **NAMES))


def test_own_words_may_be_a_part_of_a_password():
    user = User(email=EMAIL, **NAMES)

    assert refusal("Ada saw nine green parrots", user) is None
    assert refusal("lovelace-Xq7!vbZ0#m", user) is None


def test_names_count_without_their_accents():
    user = User(email="x@example.com", first_name="Jürgen", last_name="Müller")

    assert refusal("jurgenmuller12", user)
    assert refusal("JürgenMüller12", user)


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("gxgxgxgxgxgxgxgx", "repeats itself"),
        ("klmnopqrstuvwxy", "a sequence"),
        ("zxcvbnm,./';lkj", "keyboard pattern"),
        ("31.12.1999 1", "mostly a date"),
        ("manchesterunited", "This is a common password"),
        ("Rosengarten123", "the name of this site"),
    ],
)
def test_the_refusal_says_why(password, words):
    assert words in refusal(password)


def test_a_hundred_thousand_common_passwords_are_known():
    digests = common.FILE.read_bytes()

    assert len(digests) >= 4 * 100_000
    for password in ("tequieromucho", "MotherFucker", "123qweasdzxc", "jonasbrothers"):
        assert common.contains(password)
    for password in (*GOOD, "", "short"):
        assert not common.contains(password)


def test_generated_passwords_are_next_to_never_refused():
    generator = random.Random(1815)
    letters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    made = ["".join(generator.choices(letters, k=14)) for _ in range(500)]

    assert sum(refusal(password) is not None for password in made) <= 2


def test_the_longest_password_is_checked_in_little_time():
    generator = random.Random(1815)
    characters = "4@8({[<3690!|1$57+%2aeiostlg"
    worst = ["".join(generator.choices(characters, k=128)) for _ in range(30)]
    began = time.process_time()

    for password in worst:
        refusal(password, User(email=EMAIL, **NAMES))

    # 10 ms for each on a quiet machine.
    assert time.process_time() - began < 30 * 0.05


@pytest.mark.parametrize("path", ["/register/", "/reset-password/", "/invite/"])
@pytest.mark.django_db
def test_the_rules_are_said_before(client, ada, directus, path):
    ask_reset(client)
    open_link(client, directus.last_link(ada.email))
    open_link(client, directus.invite("guest@example.com"))

    assert "Avoid common passwords" in client.get(path).text


@pytest.mark.parametrize("password", ["passwordpassword", "newperson1234"])
@pytest.mark.parametrize("email", ["ada@example.com", "new@example.com"])
@pytest.mark.django_db
def test_at_sign_up_directus_is_not_asked_about_it(
    client, ada, directus, email, password
):
    response = sign_up(client, email, password)

    assert "Use several unrelated words" in response.text
    assert password not in response.text
    directus.was_not_asked()


@pytest.mark.django_db
def test_at_a_reset_the_address_of_the_link_is_known(client, ada, directus):
    ada.email = "countess@analytical-engine.com"
    ask_reset(client, ada.email)
    open_link(client, directus.last_link(ada.email))
    directus.forget_calls()

    for password in ("passwordpassword", "countess1234", "analytical-engine"):
        assert "Use several unrelated words" in choose_password(client, password).text
    directus.was_not_asked()
    assert choose_password(client).status_code == 302


@pytest.mark.django_db
def test_names_that_only_this_site_knows_are_told_to_no_forged_link(
    client, signed_in_client, ada, directus
):
    User.objects.update(first_name="Quastenflosser")
    ask_reset(client)
    open_link(client, directus.last_link(ada.email))

    assert (
        "This is a common password"
        not in choose_password(client, "quastenflosser1815").text
    )
    assert "mostly your name" not in choose_password(client, "quastenflosser1").text


@pytest.mark.django_db
def test_in_an_invitation_the_address_is_known(client, directus):
    open_link(client, directus.invite("countess@analytical-engine.com"))
    data = {"new_password": "countess1234", "new_password_again": "countess1234"}

    assert "Use several unrelated words" in client.post("/invite/", data).text


@pytest.mark.django_db
def test_the_own_password_may_not_be_the_own_name(signed_in_client):
    response = change_password(signed_in_client, new="ada lovelace 12")

    assert "mostly your name" in response.text
    assert change_password(signed_in_client).status_code == 302


@pytest.mark.django_db
def test_a_name_that_is_wrong_itself_hinders_no_check(client, directus):
    data = {"first_name": "a\x07b", "email": "no address"}

    response = sign_up(client, password="passwordpassword", data=data)

    errors = response.context["form"].errors
    assert set(errors) == {"first_name", "email", "password"}
