"""Values that one process remembers."""

import pytest

from accounts.core import memory


@pytest.fixture
def now(monkeypatch):
    """The monotonic time, in a list."""
    moment = [100.0]
    monkeypatch.setattr(memory.time, "monotonic", lambda: moment[0])
    return moment


def test_a_value_is_kept_for_its_seconds(now):
    kept = memory.Memory(5)
    kept.set("a", 1)
    now[0] += 4.9
    assert kept.get("a") == 1
    now[0] += 0.1
    assert kept.get("a") is None


def test_the_number_of_values_is_bounded():
    kept = memory.Memory(5, most=3)
    for number in range(10):
        kept.set(number, True)
        kept.set(number, True)
        assert len(kept) <= 3

    assert kept.get(9)


def test_clear_reaches_every_memory_and_kept_result():
    calls = []
    kept = memory.Memory(5)
    kept.set("a", 1)
    work = memory.kept(lambda: calls.append("called"))
    work()
    work()
    assert len(calls) == 1

    memory.clear()

    work()
    assert len(calls) == 2
    assert kept.get("a") is None
