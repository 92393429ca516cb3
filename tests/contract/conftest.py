"""Each test here runs twice: against the fake, and against a real Directus."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .fake_world import FakeWorld
from .real_world import RealWorld


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all of these tests: each is about how Directus behaves."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("versions")


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.real)])
def world(request: pytest.FixtureRequest) -> Iterator[FakeWorld | RealWorld]:
    """A Directus, set up as `directus_setup` does it."""
    names = {"fake": ["directus"], "real": ["directus_server", "mailbox"]}
    fixtures = [request.getfixturevalue(name) for name in names[request.param]]
    world = {"fake": FakeWorld, "real": RealWorld}[request.param](*fixtures)
    yield world
    world.close()


@pytest.fixture
def has_rules(world: FakeWorld | RealWorld) -> bool:
    """Whether customers read and write rows with their own token."""
    return world.major < 12


@pytest.fixture
def person(world):
    return world.add_user()


@pytest.fixture
def other(world):
    return world.add_user()
