"""Three hosts of the site act as one, whatever happens to what they share."""

import pytest

from bench.scale import over_hosts
from bench.scale.__main__ import CHECKS

pytestmark = pytest.mark.alone


def test_three_hosts_act_as_one():
    lines = over_hosts()

    assert len(lines) > 2 * len(CHECKS)
    assert not [line.cells() for line in lines if not line.met]
