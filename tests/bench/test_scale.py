"""Three hosts of the site act as one, whatever happens to what they share."""

import pytest

from bench.scale import over_hosts
from bench.scale.__main__ import CHECKS
from bench.scale.session_checks import TURNED_AWAY

pytestmark = pytest.mark.alone


def test_three_hosts_act_as_one():
    lines = over_hosts()

    assert len(lines) > 2 * len(CHECKS)
    # How fast a renewal is depends on what else the machine does.
    lines = [line for line in lines if TURNED_AWAY not in line.what]
    assert not [line.cells() for line in lines if not line.met]
