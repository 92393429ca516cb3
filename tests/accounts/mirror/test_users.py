"""The local row of a Directus user: finding it, and the columns that Directus owns."""

import uuid
from dataclasses import replace

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.directus import DirectusUser
from accounts.mirror.users import mirror_user
from accounts.models import User

from ..signed_in import in_threads

pytestmark = pytest.mark.django_db
ROLE = uuid.uuid4()
ADA = DirectusUser(
    id=uuid.uuid4(),
    email="ada@example.com",
    first_name="Ada",
    last_name="Lovelace",
    status="active",
    role_id=ROLE,
    role_name="Editors",
    language="en-GB",
)


def test_a_first_sign_in_makes_a_row():
    user = mirror_user(ADA)

    assert user.directus_id == ADA.id
    assert user.get_full_name() == "Ada Lovelace"
    assert (user.status, user.role_id, user.role_name) == ("active", ROLE, "Editors")
    assert user.is_active
    assert user.synced_at is not None


def test_the_next_one_brings_it_up_to_date():
    before = mirror_user(ADA)

    after = mirror_user(replace(ADA, first_name="Augusta", role_name="Authors"))

    assert after.pk == before.pk
    assert User.objects.get().first_name == "Augusta"
    assert User.objects.get().role_name == "Authors"


def test_what_django_owns_is_left_alone():
    user = mirror_user(ADA)
    User.objects.update(password="!kept", last_login=user.created_at)

    mirror_user(ADA)

    user.refresh_from_db()
    assert (user.password, user.last_login) == ("!kept", user.created_at)


def test_a_second_sign_in_keeps_other_sessions_alive():
    before = mirror_user(ADA).get_session_auth_hash()

    assert mirror_user(ADA).get_session_auth_hash() == before


def test_texts_that_are_too_long_are_cut():
    user = mirror_user(replace(ADA, first_name="a" * 300, language="b" * 100))

    user.refresh_from_db()
    assert len(user.first_name) == 255
    assert len(user.language) == 64


@pytest.mark.parametrize("status", ["suspended", "archived", "draft", "invited"])
def test_only_active_users_are_active(status):
    assert not mirror_user(replace(ADA, status=status)).is_active


# Identity


def test_an_address_that_passes_to_an_existing_user_moves_no_row():
    ada = mirror_user(ADA)
    bob = mirror_user(replace(ADA, id=uuid.uuid4(), email="bob@example.com"))

    # Bob was deleted in Directus; Ada took his address.
    again = mirror_user(replace(ADA, email="bob@example.com"))

    assert again.pk == ada.pk
    assert again.email == "bob@example.com"
    bob_now = User.objects.get(pk=bob.pk)
    assert (bob_now.email, bob_now.directus_id) == ("bob@example.com", bob.directus_id)


def test_a_known_address_with_a_new_id_is_a_new_user():
    before = mirror_user(ADA)

    after = mirror_user(replace(ADA, id=uuid.uuid4(), email="Ada@example.com"))

    assert after.pk != before.pk
    assert after.is_active
    before.refresh_from_db()
    assert before.directus_id == ADA.id
    # Directus alone knows whether the user of before is gone.
    assert before.is_active


def test_the_former_owner_of_an_address_is_out(sign_in, ada, directus):
    browser = sign_in(ada, Client())
    directus.delete(ada)
    directus.add_user(ada.email, "the new owner's secret")

    sign_in(directus.state.find(ada.email), Client())

    assert browser.get("/")["Location"] == "/login/?next=/"


def test_a_former_owner_who_is_still_there_stays_signed_in(sign_in, ada, directus):
    browser = sign_in(ada, Client())
    address = ada.email
    directus.state.users[ada.id].email = "ada@elsewhere.example.com"
    directus.add_user(address, "the new owner's secret")

    sign_in(directus.state.find(address), Client())

    assert browser.get("/").status_code == 200
    assert User.objects.get(directus_id=ada.id).email == "ada@elsewhere.example.com"


def test_local_users_are_never_matched():
    local = User.objects.create_superuser(ADA.email, "a long local password")

    user = mirror_user(ADA)

    assert user.pk != local.pk
    local.refresh_from_db()
    assert local.is_active
    assert local.is_superuser
    assert not user.is_superuser


def test_a_mirrored_user_cannot_have_a_password():
    user = mirror_user(ADA)
    user.set_password("a local password")

    with pytest.raises(IntegrityError), transaction.atomic():
        user.save()

    assert not User.objects.get().has_usable_password()


@pytest.mark.django_db(transaction=True)
def test_twenty_first_sign_ins_at_once_make_one_row():
    keys = in_threads(20, lambda _: mirror_user(ADA).pk)

    assert len(set(keys)) == 1
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_browsers_that_sign_in_at_once_make_one_row(ada, directus):
    form = {"email": ada.email, "password": ada.password}

    # Five attempts under way, and four that may wait for them.
    statuses = in_threads(9, lambda _: Client().post("/login/", form).status_code)

    assert statuses == [302] * 9
    assert User.objects.count() == 1
    assert len(directus.sessions_of(ada)) == 9


# Rights


def test_no_role_gives_rights_by_default():
    user = mirror_user(replace(ADA, role_name="Administrator"))

    assert not user.is_staff
    assert not user.is_superuser
    assert not user.groups.exists()


@pytest.mark.parametrize("name", ["Editors", str(ROLE)], ids=["name", "id"])
def test_a_role_is_named_by_its_name_or_id(settings, name):
    settings.DIRECTUS_STAFF_ROLES = [name]
    settings.DIRECTUS_SUPERUSER_ROLES = [name]
    settings.DIRECTUS_ROLE_GROUPS = {name: ["Writers"]}

    user = mirror_user(ADA)

    assert user.is_staff
    assert user.is_superuser
    assert list(user.groups.values_list("name", flat=True)) == ["Writers"]


@pytest.mark.parametrize(
    "change", [{"role_id": None, "role_name": ""}, {"role_name": "Customer"}]
)
def test_rights_go_with_the_role(settings, change):
    settings.DIRECTUS_STAFF_ROLES = ["Editors"]
    settings.DIRECTUS_SUPERUSER_ROLES = ["Editors"]
    settings.DIRECTUS_ROLE_GROUPS = {"Editors": ["Writers"]}
    mirror_user(ADA)

    user = mirror_user(replace(ADA, **change))

    assert not user.is_staff
    assert not user.is_superuser
    assert not user.groups.exists()


def test_rights_go_when_the_map_changes(settings):
    settings.DIRECTUS_STAFF_ROLES = ["Editors"]
    mirror_user(ADA)
    settings.DIRECTUS_STAFF_ROLES = []

    assert not mirror_user(ADA).is_staff


def test_an_inactive_user_has_no_rights(settings):
    settings.DIRECTUS_STAFF_ROLES = ["Editors"]
    settings.DIRECTUS_SUPERUSER_ROLES = ["Editors"]

    user = mirror_user(replace(ADA, status="suspended"))

    assert not user.is_staff
    assert not user.is_superuser


def test_groups_that_no_role_names_are_kept(settings):
    settings.DIRECTUS_ROLE_GROUPS = {"Editors": ["Writers"], "Authors": ["Readers"]}
    user = mirror_user(ADA)
    user.groups.add(Group.objects.create(name="Given by hand"))

    mirror_user(replace(ADA, role_name="Authors"))

    names = set(user.groups.values_list("name", flat=True))
    assert names == {"Given by hand", "Readers"}
