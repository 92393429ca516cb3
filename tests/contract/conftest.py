"""Each test here runs twice: against the fake, and against a real Directus."""

from collections.abc import Iterator

import pytest

from .worlds import AnyWorld, FakeWorld, RealWorld


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.real)])
def world(request: pytest.FixtureRequest) -> Iterator[AnyWorld]:
    """A Directus, set up as `directus_setup` does it."""
    names = {"fake": ["directus"], "real": ["directus_server", "mailbox"]}
    fixtures = [request.getfixturevalue(name) for name in names[request.param]]
    world: AnyWorld = {"fake": FakeWorld, "real": RealWorld}[request.param](*fixtures)
    yield world
    world.close()
