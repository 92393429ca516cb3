"""Files in the folder of profile pictures, and the rights that reach them."""

import uuid

import pytest

from accounts.directus import Forbidden, InvalidPayload, Upload
from accounts.directus.ids import PICTURE_FOLDER
from tests.accounts.samples import picture

# Without a licence version 12 has no rules: nothing is limited to one folder.
pytestmark = pytest.mark.directus(10, 11)


@pytest.fixture
def person(world):
    return world.add_user(first_name="Ada")


def upload_for(person, **facts):
    facts = {"folder": PICTURE_FOLDER, "title": person.id} | facts
    return Upload(picture("WEBP"), "picture.webp", "image/webp", facts)


def test_the_site_stores_a_picture_reads_it_and_deletes_it(world, person):
    site = world.service()

    file_id = site.upload_file(upload_for(person))
    file = site.get_file(file_id)
    shown = site.download_picture(file_id)
    site.delete_file(file_id)

    assert (file.folder, file.title) == (PICTURE_FOLDER, person.id)
    assert file.media_type == "image/webp"
    assert (shown.content, shown.media_type) == (picture("WEBP"), "image/webp")
    with pytest.raises(Forbidden):
        site.get_file(file_id)
    with pytest.raises(Forbidden):
        site.download_picture(file_id)
    with pytest.raises(Forbidden):
        site.delete_file(file_id)


def test_the_site_stores_nothing_in_another_folder(world, person):
    with pytest.raises((Forbidden, InvalidPayload)):
        world.service().upload_file(upload_for(person, folder=str(uuid.uuid4())))


def test_the_site_makes_a_picture_the_avatar_and_its_owner_sees_which(world, person):
    site = world.service()
    file_id = site.upload_file(upload_for(person))

    site.update_user(person.id, {"avatar": str(file_id)})
    tokens = world.sign_in(person)
    assert world.read(tokens).picture_id == file_id

    site.update_user(person.id, {"avatar": None})
    site.delete_file(file_id)
    assert world.read(tokens).picture_id is None


def test_a_customer_reaches_no_file_and_not_the_avatar(world, person):
    site = world.service()
    file_id = site.upload_file(upload_for(person))
    customer = world.as_owner_of(world.sign_in(person))

    for forbidden in (
        lambda: customer.upload_file(upload_for(person)),
        lambda: customer.get_file(file_id),
        lambda: customer.download_picture(file_id),
        lambda: customer.delete_file(file_id),
        lambda: customer.update_user(person.id, {"avatar": str(file_id)}),
    ):
        with pytest.raises(Forbidden):
            forbidden()
    site.delete_file(file_id)


def test_a_visitor_reaches_no_file(world, person):
    site = world.service()
    file_id = site.upload_file(upload_for(person))

    with pytest.raises(Forbidden):
        world.anonymous().download_picture(file_id)
    site.delete_file(file_id)
