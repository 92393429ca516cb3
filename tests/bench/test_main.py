"""Which measurements `make bench` takes."""

import pytest

from bench import __main__ as bench
from local.problem import Problem


def test_an_unknown_name_is_refused_before_anything_starts(monkeypatch):
    monkeypatch.setattr(bench, "empty_state", lambda: pytest.fail("started"))

    with pytest.raises(Problem, match=r"no measurement pages, x\. There are page,"):
        bench.main(["page", "pages", "x"])
